// A store in S3: an object's key follows a prefix.
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type ListPartsCommandOutput,
  type MultipartUpload,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { checkKey, checkPrefix, endsEarly, isKey } from './keys.ts';
import { connect, explain, readRange, statusOf, type Target } from './s3-client.ts';
import type { Listed, Store } from './store.ts';

/** S3 takes 10,000 parts: objects have up to 156 GiB. A write takes about this memory times one more than the parts in flight. */
const PART_BYTES = 16 * 2 ** 20;
const PARTS_IN_FLIGHT = 2;

export class S3Store implements Store {
  readonly #client: S3Client;
  readonly #bucket: string;
  /** Empty, or it ends with `/`. */
  readonly #prefix: string;

  constructor(bucket: string, prefix: string) {
    this.#client = connect();
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  async write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const target = this.#target(key);
    if (bytes instanceof Uint8Array)
      await this.#do(`write ${key}`, this.#client.send(new PutObjectCommand({ ...target, Body: bytes })));
    else await this.#upload(target, key, bytes);
  }

  /** Writes an object of one part at once, and others part by part. On failure, the parts are removed. */
  async #upload(target: Target, key: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    async function* watched() {
      try {
        yield* bytes;
      } catch (error) {
        failure = { error };
        throw error;
      }
    }
    const Body = Readable.from(watched(), { highWaterMark: 1 });
    const params = { ...target, Body };
    const upload = new Upload({ client: this.#client, params, partSize: PART_BYTES, queueSize: PARTS_IN_FLIGHT });
    await this.#do(`write ${key}`, upload.done()).catch((error) => {
      throw failure ? failure.error : error;
    });
  }

  async readInto(key: string, first: number, into: Uint8Array): Promise<boolean> {
    const isWhole = await this.#do(`read ${key}`, unlessAbsent(readRange(this.#client, this.#target(key), first, into)));
    if (isWhole === false) throw endsEarly(key, first + into.length);
    return isWhole !== undefined;
  }

  async read(key: string): Promise<Buffer | undefined> {
    const command = new GetObjectCommand(this.#target(key));
    const bytes = this.#client.send(command).then(({ Body }) => Body?.transformToByteArray());
    const found = await this.#do(`read ${key}`, unlessAbsent(bytes));
    return found && Buffer.from(found.buffer, found.byteOffset, found.length);
  }

  async remove(key: string): Promise<void> {
    await this.#do(`remove ${key}`, this.#client.send(new DeleteObjectCommand(this.#target(key))));
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    checkPrefix(prefix);
    const query = { Bucket: this.#bucket, Prefix: this.#prefix + prefix };
    const pages = paginateListObjectsV2({ client: this.#client }, query);
    for (;;) {
      const { value } = await this.#do('list objects', pages.next());
      if (!value) return;
      for (const { Key = '', Size = 0, LastModified } of value.Contents ?? []) {
        const key = Key.slice(this.#prefix.length);
        if (isKey(key)) yield { key, bytes: Size, modified: Number(LastModified) };
      }
    }
  }

  async sweep(beforeMs: number): Promise<void> {
    await this.#do('sweep uploads', this.#sweep(beforeMs));
  }

  // The SDK has no paginator for uploads, and that for parts never ends.
  async #sweep(beforeMs: number): Promise<void> {
    const query = { Bucket: this.#bucket, Prefix: this.#prefix };
    let page: Partial<ListMultipartUploadsCommandOutput> = {};
    do {
      const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      page = await this.#client.send(new ListMultipartUploadsCommand({ ...query, KeyMarker, UploadIdMarker }));
      for (const upload of page.Uploads ?? []) await unlessAbsent(this.#abortIfOld(upload, beforeMs));
    } while (page.IsTruncated);
  }

  /** Aborts an upload to which nothing has been added of late: a large one may have begun long ago. */
  async #abortIfOld({ Key, UploadId, Initiated }: MultipartUpload, beforeMs: number): Promise<void> {
    const upload = { Bucket: this.#bucket, Key, UploadId };
    const dates = [Initiated];
    let page: Partial<ListPartsCommandOutput> = {};
    do {
      page = await this.#client.send(new ListPartsCommand({ ...upload, PartNumberMarker: page.NextPartNumberMarker }));
      for (const { LastModified } of page.Parts ?? []) dates.push(LastModified);
    } while (page.IsTruncated);
    if (Math.max(...dates.map(Number)) < beforeMs) await this.#client.send(new AbortMultipartUploadCommand(upload));
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #target(key: string): Target {
    checkKey(key);
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  async #do<Result>(what: string, request: Promise<Result>): Promise<Result> {
    try {
      return await request;
    } catch (error) {
      throw explain(error, `${what} in s3://${this.#bucket}/${this.#prefix}`);
    }
  }
}

/** What a request gives; undefined if there is no such object or upload. A missing bucket is an error. */
async function unlessAbsent<Result>(request: Promise<Result>): Promise<Result | undefined> {
  try {
    return await request;
  } catch (error) {
    if (statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket') return undefined;
    throw error;
  }
}
