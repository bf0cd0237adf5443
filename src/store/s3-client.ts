// Requests to S3, by the AWS SDK. Credentials, region and endpoint are those of its default chain: environment, files, roles.
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Refusal, unavailable } from '../refusal.ts';

/** How long a connection may take to open, and how long it may then be silent. */
const CONNECT_MS = 5_000;
const SILENT_MS = 30_000;

/** What S3-compatible servers call a lack of room: AWS has none, and there is no standard. */
const NO_ROOM = /quota|storage.?full|insufficient.?storage/i;

/** An object in S3, perhaps of a version only. */
export interface Target {
  readonly Bucket: string;
  readonly Key: string;
  /** An ETag. */
  readonly IfMatch?: string;
}

export function connect(): S3Client {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  return new S3Client({
    // Buckets have host names in AWS, and hardly elsewhere.
    forcePathStyle: Boolean(AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL),
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENT_MS },
  });
}

/**
 * Reads bytes of an object into all of `into`, from the byte `first` on. Returns false if the object ends before.
 * @throws whatever the SDK throws.
 */
export async function readRange(client: S3Client, target: Target, first: number, into: Uint8Array): Promise<boolean> {
  // There are no empty ranges in HTTP.
  if (into.length === 0) {
    const { ContentLength = 0 } = await client.send(new HeadObjectCommand(target));
    return first <= ContentLength;
  }
  const Range = `bytes=${first}-${first + into.length - 1}`;
  const answer = await client.send(new GetObjectCommand({ ...target, Range })).catch((error) => {
    if (statusOf(error) === 416) return undefined;
    throw error;
  });
  if (!answer) return false;
  // In Node it is an IncomingMessage.
  const body = answer.Body as AsyncIterable<Uint8Array>;
  let at = 0;
  for await (const bytes of body) {
    into.set(bytes, at);
    at += bytes.length;
  }
  return at === into.length;
}

/** The HTTP status of an answer that the SDK has thrown. */
export function statusOf(error: unknown): number | undefined {
  return (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** Whether a server does not answer, or says that it cannot at the moment. */
function isAway(error: unknown): boolean {
  const status = statusOf(error);
  const { code, name } = error as NodeJS.ErrnoException;
  if (status !== undefined) return status >= 500 || status === TOO_MANY_REQUESTS;
  return name === 'TimeoutError' || NO_ANSWER.test(`${code}`);
}

const TOO_MANY_REQUESTS = 429;

/** System errors of a connection. */
const NO_ANSWER = /^(ECONN|EHOST|ENET|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT)/;

/** What to throw for an error of the SDK: Refusal `storage-full` or `unavailable`, or an Error that says what could not be done, for the log. */
export function explain(error: unknown, what: string): Error {
  const { name, message } = error as Error;
  if (statusOf(error) === 507 || NO_ROOM.test(name)) return new Refusal('storage-full', { detail: 'the bucket is full' });
  const explained = new Error(`cannot ${what}: ${name}: ${message}`, { cause: error });
  return isAway(error) ? unavailable('the store does not answer: the log has the cause', explained) : explained;
}
