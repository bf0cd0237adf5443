// URLs of S3: s3://bucket/key. Keys are taken as they are, without percent-decoding, as the tools of AWS do.

const PATTERN = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/su;

/** Some servers resolve such names as file systems do. */
const ODD_NAMES: readonly string[] = ['', '.', '..'];

/** A key ends in a slash if that of the URL does; it may be empty. Undefined if the URL is malformed, or has `..` or the like. */
export function parseS3Url(url: string): { readonly bucket: string; readonly key: string } | undefined {
  const [, bucket, key = ''] = PATTERN.exec(url) ?? [];
  if (bucket === undefined || url.includes('\0')) return undefined;
  const names = key.split('/');
  if (names.at(-1) === '') names.pop();
  return names.some((name) => ODD_NAMES.includes(name)) ? undefined : { bucket, key };
}
