// Opens the store that STORE names.
import { parseBucket } from './bucket.ts';
import { FolderStore } from './folder.ts';
import type { Store } from './store.ts';

/**
 * Opens a folder, which is made when it is first needed, or s3://bucket/prefix.
 * @throws Error with a one-line message.
 */
export async function openStore(place: string): Promise<Store> {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(place)) return new FolderStore(place);
  const bucket = parseBucket(place);
  if (!bucket) throw new Error(`STORE: expected a folder or s3://bucket/prefix, got ${place.slice(0, 100)}`);
  // Imported only if needed: the AWS SDK takes longer to load than the service.
  const { S3Store } = await import('./s3.ts');
  return new S3Store(bucket);
}
