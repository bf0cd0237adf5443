// A store in S3, or in a server that has its interface. Loaded only if it is used.
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Refusal } from '../refusal.ts';
import { connect, readRange, statusOf } from './s3-client.ts';
import type { Listed, Store } from './store.ts';

/** A multipart upload has at most 10,000 parts, all of the same size but the last. */
const PART_BYTES = 8 * 2 ** 20;
const MOST_BYTES = 10_000 * PART_BYTES;

/** How many parts of an object are sent at once: they are in memory. */
const PARTS_AT_ONCE = 2;

export class S3Store implements Store {
  readonly #client = connect();
  readonly #bucket: string;
  /** '' or with a slash at its end. */
  readonly #prefix: string;
  readonly #mostBytes: number;

  /** `prefix` is that of all keys, with or without a slash at its end; `mostBytes` is what an object may have. */
  constructor(bucket: string, prefix: string, mostBytes = MOST_BYTES) {
    this.#bucket = bucket;
    this.#prefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    this.#mostBytes = mostBytes;
  }

  async write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const Body = bytes instanceof Uint8Array ? bytes : Readable.from(bounded(bytes, this.#mostBytes), { highWaterMark: 1 });
    const upload = new Upload({
      client: this.#client,
      params: { ...this.#at(key), Body },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    });
    try {
      await upload.done();
    } catch (error) {
      if (statusOf(error) === 507) throw new Refusal('storage-full', { detail: 'the disk is full' });
      throw error;
    }
  }

  async readInto(key: string, first: number, into: Uint8Array): Promise<boolean> {
    const isWhole = await readRange(this.#client, this.#at(key), first, into).catch(ifMissing);
    if (isWhole === false) throw new Error(`the object ${key} has no ${into.length} bytes from ${first} on`);
    return isWhole !== undefined;
  }

  async read(key: string): Promise<Buffer | undefined> {
    const answer = await this.#client.send(new GetObjectCommand(this.#at(key))).catch(ifMissing);
    const bytes = await answer?.Body?.transformToByteArray();
    return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#at(key)));
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix: this.#prefix + prefix });
    for await (const { Contents = [] } of pages)
      for (const { Key, Size, LastModified } of Contents)
        yield { key: String(Key).slice(this.#prefix.length), bytes: Number(Size), modified: Number(LastModified) };
  }

  async sweep(beforeMs: number): Promise<void> {
    const begun = { Bucket: this.#bucket, Prefix: this.#prefix };
    for (let markers = {}, isLast = false; !isLast; ) {
      const page = await this.#client.send(new ListMultipartUploadsCommand({ ...begun, ...markers }));
      for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
        if (Number(Initiated) < beforeMs)
          await this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId })).catch(ifMissing);
      markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      isLast = !page.IsTruncated;
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }
}

/** Undefined in place of an error which says that there is no such object or upload; a bucket must be there. */
function ifMissing(error: unknown): undefined {
  if (!(error instanceof S3ServiceException) || !['NoSuchKey', 'NoSuchUpload'].includes(error.name)) throw error;
}

/** Passes bytes on. @throws Refusal `storage-full`. */
async function* bounded(bytes: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of bytes) {
    count += chunk.length;
    if (count > most) throw new Refusal('storage-full', { detail: `expected at most ${most} bytes in an object of S3` });
    yield chunk;
  }
}
