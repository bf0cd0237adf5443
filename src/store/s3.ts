// A store in S3, or in a service with the same interface. An object appears when its last part has been written.
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Bucket } from './bucket.ts';
import type { Listed, Store } from './store.ts';

/** An upload has at most 10,000 parts: these allow 312 GiB. */
const PART_BYTES = 2 ** 25;

/** How many parts of an upload are in memory at a time. */
const PARTS_AT_ONCE = 2;

export function openClient(): S3Client {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  // Services other than AWS rarely have a host name for each bucket.
  return new S3Client({ forcePathStyle: Boolean(AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL) });
}

export class S3Store implements Store {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  /** Credentials, region and endpoint are those of the AWS SDK's environment variables and files. */
  constructor({ bucket, prefix }: Bucket, client = openClient()) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  async write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const body = bytes instanceof Uint8Array ? bytes : ReadableStream.from(bytes);
    const upload = new Upload({
      client: this.#client,
      params: { ...this.#at(key), Body: body as Uint8Array },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    });
    try {
      await upload.done();
    } catch (error) {
      await upload.abort();
      throw error;
    }
  }

  async readInto(key: string, first: number, into: Uint8Array): Promise<boolean> {
    if (into.length === 0) return true;
    return (await readRange(this.#client, this.#at(key), first, into)) !== 'none';
  }

  async read(key: string): Promise<Buffer | undefined> {
    const found = await ifThere(this.#client.send(new GetObjectCommand(this.#at(key))));
    return found?.Body && Buffer.from(await found.Body.transformToByteArray());
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#at(key)));
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    let after: string | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: this.#prefix + prefix,
          ...(after !== undefined && { ContinuationToken: after }),
        }),
      );
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
        yield { key: Key.slice(this.#prefix.length), bytes: Size, modified: LastModified?.getTime() ?? 0 };
      after = page.NextContinuationToken;
    } while (after !== undefined);
  }

  async sweep(beforeMs: number): Promise<void> {
    const { Uploads = [] } = await this.#client.send(
      new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: this.#prefix }),
    );
    for (const { Key, UploadId, Initiated } of Uploads)
      if (Initiated && Initiated.getTime() < beforeMs)
        await this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId }));
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }
}

/** Where an object lies, and the version that it has to have. */
interface At {
  readonly Bucket: string;
  readonly Key: string;
  readonly IfMatch?: string;
}

/** Reads bytes of an object. `changed`, if it has another version, or is shorter. */
export async function readRange(client: S3Client, at: At, first: number, into: Uint8Array): Promise<'read' | 'none' | 'changed'> {
  try {
    const range = `bytes=${first}-${first + into.length - 1}`;
    const { Body } = await client.send(new GetObjectCommand({ ...at, Range: range }));
    let filled = 0;
    for await (const chunk of Body as AsyncIterable<Uint8Array>) {
      into.set(chunk, filled);
      filled += chunk.length;
    }
    return filled === into.length ? 'read' : 'changed';
  } catch (error) {
    if (error instanceof NoSuchKey) return 'none';
    if (CHANGED.includes((error as { name: string }).name)) return 'changed';
    throw error;
  }
}

/** The names of errors for another version, and for a range beyond the end. */
const CHANGED = ['PreconditionFailed', 'InvalidRange'];

/** The size and the ETag of an object; undefined if there is none. */
export async function headOf(client: S3Client, at: At): Promise<{ readonly bytes: number; readonly etag: string } | undefined> {
  const found = await ifThere(client.send(new HeadObjectCommand(at)));
  return found && { bytes: found.ContentLength ?? 0, etag: found.ETag ?? '' };
}

async function ifThere<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NoSuchKey || error instanceof NotFound) return undefined;
    throw error;
  }
}
