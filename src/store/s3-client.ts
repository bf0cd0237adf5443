// What the store and places share about S3.
import { GetObjectCommand, type GetObjectCommandInput, S3Client, S3ServiceException } from '@aws-sdk/client-s3';

/** Credentials, region and endpoint are those of the environment, as for all tools of AWS. */
export function connect(): S3Client {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  return new S3Client({
    // Other servers have no host name for each bucket.
    forcePathStyle: Boolean(AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL),
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
  });
}

/** The status of an answer that is an error; undefined for other errors. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

/** Reads as many bytes of an object as `into` has, from `first` on. Returns false if there are fewer. */
export async function readRange(
  client: S3Client,
  object: Pick<GetObjectCommandInput, 'Bucket' | 'Key' | 'IfMatch'>,
  first: number,
  into: Uint8Array,
): Promise<boolean> {
  const get = new GetObjectCommand({ ...object, Range: `bytes=${first}-${first + into.length - 1}` });
  try {
    const { Body } = await client.send(get);
    let at = 0;
    for await (const bytes of Body as AsyncIterable<Uint8Array>) {
      into.set(bytes, at);
      at += bytes.length;
    }
    return at === into.length;
  } catch (error) {
    if (statusOf(error) === 416) return false;
    throw error;
  }
}
