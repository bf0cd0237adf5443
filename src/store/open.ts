// Opens the store that STORE names.
import { FolderStore } from './folder.ts';
import { parseS3Url } from './s3-url.ts';
import type { Store } from './store.ts';

/** @throws Error with a one-line message, if STORE is a URL other than one of S3. */
export async function openStore(STORE: string): Promise<Store> {
  if (!/^[a-z0-9+.-]+:\/\//i.test(STORE)) return new FolderStore(STORE);
  const address = parseS3Url(STORE);
  if (!address) throw new Error(`STORE: expected a folder or s3://bucket/prefix, got ${STORE}`);
  // The AWS SDK is loaded only if it is needed: it takes time and memory.
  const { S3Store } = await import('./s3.ts');
  return new S3Store(address.bucket, address.key);
}
