// Files in S3 that datasets refer to. Loaded only if there are any.
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { Refusal } from '../refusal.ts';
import { connect, readRange, statusOf } from './s3-client.ts';

/** An object. */
export interface S3File {
  readonly bucket: string;
  readonly path: string;
}

/** What is wrong, by the status of an answer. */
const FAULTS: Readonly<Record<number, string>> = {
  403: 'the service may not read the object, or there is none',
  404: 'there is no such object',
};

const client = connect();

/** @throws Refusal `invalid-request`. */
export async function pinS3File({ bucket, path }: S3File): Promise<{ readonly version: string; readonly bytes: number }> {
  const { ETag, ContentLength } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: path })).catch(refuse);
  return { version: String(ETag), bytes: Number(ContentLength) };
}

/**
 * Reads as many bytes as `into` has. Returns false if the object is not of this version.
 * @throws Refusal `invalid-request`, if there is no longer an object.
 */
export async function readS3File({ bucket, path }: S3File, version: string, first: number, into: Uint8Array): Promise<boolean> {
  try {
    return await readRange(client, { Bucket: bucket, Key: path, IfMatch: version }, first, into);
  } catch (error) {
    return statusOf(error) === 412 ? false : refuse(error);
  }
}

function refuse(error: unknown): never {
  const fault = FAULTS[statusOf(error) ?? 0];
  throw fault === undefined ? error : new Refusal('invalid-request', { detail: fault });
}
