// Opens the store that STORE names.
import { FolderStore } from './folder.ts';
import { inS3, locate } from './location.ts';
import type { Store } from './store.ts';

/** An object that need not be there: to be read to find out whether a store answers. */
export const PROBE = 'probe';

/** Whether a store is on another machine, and may be away. */
export function isRemote(url: string): boolean {
  return /^[a-z][a-z\d+.-]*:/i.test(url);
}

/**
 * The store at a path of a folder, or at s3://bucket/prefix. Nothing is read or written yet. The AWS SDK is loaded only for S3.
 * @throws Error with a one-line message, if a URL is not that of a bucket.
 */
export async function openStore(url: string): Promise<Store> {
  if (!isRemote(url)) return new FolderStore(url);
  const location = locate(url.replace(/\/$/, ''));
  if (location?.kind !== 's3')
    throw new Error(`STORE: expected a folder such as ./data, or s3://bucket/prefix, got ${JSON.stringify(url)}`);
  const { bucket, key } = inS3(location);
  const { S3Store } = await import('./s3.ts');
  return new S3Store(bucket, key && `${key}/`);
}
