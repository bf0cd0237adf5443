// URLs of places in S3: s3://bucket/prefix.

/** A bucket, and what the keys in it begin with: nothing, or a text that ends with a slash. */
export interface Bucket {
  readonly bucket: string;
  readonly prefix: string;
}

/** Names of buckets, as AWS allows them. */
const BUCKET = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s;

/** The bucket and the key in a URL; undefined if it is no URL of S3. */
export function parseS3(url: string): { readonly bucket: string; readonly key: string } | undefined {
  const [, bucket, key = ''] = BUCKET.exec(url) ?? [];
  return bucket === undefined ? undefined : { bucket, key };
}

/** The same with the key as a prefix. */
export function parseBucket(url: string): Bucket | undefined {
  const parsed = parseS3(url);
  if (!parsed) return undefined;
  const { bucket, key } = parsed;
  return { bucket, prefix: key === '' || key.endsWith('/') ? key : `${key}/` };
}
