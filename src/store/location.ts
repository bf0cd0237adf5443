// Where data lies outside of the process, as a URL says it: file:///folder/file or s3://bucket/key.

export interface Location {
  readonly kind: 'file' | 's3';
  /** Decoded and unambiguous. Of a file, absolute; in S3 the bucket, `/` and the key. */
  readonly path: string;
}

/** The name of a bucket. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** A part of a path, decoded. */
const PART = /^(?!\.\.?$)[^/\\\p{Cc}]+$/u;

/** The longest key in S3; paths of files may hardly be longer. */
const MOST_BYTES = 1024;

/**
 * The location that a URL names; undefined if it names none: another scheme, a host, a part that is empty, `.` or `..` (encoded, too), a
 * query or a fragment. What URL does to such texts, to make sense of them, would let two readers understand different places.
 */
export function locate(url: string): Location | undefined {
  const [, kind, rest = ''] = /^(file:\/\/(?=\/)|s3:\/\/)([^?#]+)$/.exec(url) ?? [];
  const parts = (kind === 's3://' ? rest : rest.slice(1)).split('/').map(decode);
  if (!parts.every((part) => PART.test(part))) return undefined;
  const path = parts.join('/');
  if (Buffer.byteLength(path) > MOST_BYTES) return undefined;
  if (kind !== 's3://') return { kind: 'file', path: `/${path}` };
  return BUCKET.test(parts[0]) ? { kind: 's3', path } : undefined;
}

/** A location in S3 as its bucket and its key, which may be empty. */
export function inS3({ path }: Location): { readonly bucket: string; readonly key: string } {
  const [bucket, ...parts] = path.split('/');
  return { bucket, key: parts.join('/') };
}

/** A part of a URL, percent-decoded; empty, which is no part, if it is malformed. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
