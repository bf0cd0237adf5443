// The places whose files datasets may refer to (DATA_ALLOW): folders, and prefixes of buckets in S3.
import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Refusal } from '../refusal.ts';
import { parseBucket, parseS3 } from './bucket.ts';
import type { Elsewhere } from './elsewhere.ts';

/** A place, for one owner or for all. */
interface Place {
  readonly owner: string | undefined;
  /** Whether an URL is that of a file below it; URLs are normalized: see `normalized`. */
  readonly url: string;
}

/** An owner before a URL, as in owner=file:///folder/. */
const OWNER = /^([a-z0-9][a-z0-9._-]{0,63})=(.*)$/s;

type S3 = typeof import('./s3.ts');

/** The code for S3, and its connection. */
interface OpenS3 {
  readonly module: S3;
  readonly client: ReturnType<S3['openClient']>;
}

export class Places implements Elsewhere {
  readonly #places: readonly Place[];
  #s3: Promise<OpenS3> | undefined;

  /**
   * `allowed` is the text of DATA_ALLOW.
   * @throws Error with a one-line message.
   */
  constructor(allowed: string) {
    const entries = allowed.split(',').map((entry) => entry.trim());
    this.#places = entries.filter(Boolean).map(placeOf);
  }

  async pin(owner: string, given: string): Promise<{ readonly version: string; readonly bytes: number }> {
    const url = normalized(given);
    const own = this.#places.filter((place) => place.owner === undefined || place.owner === owner);
    const place = url === undefined ? undefined : own.find((one) => url.startsWith(one.url));
    if (url === undefined || place === undefined) throw notAllowed(own);
    return url.startsWith('s3:') ? this.#pinObject(url) : pinFile(url, place, own);
  }

  async readInto(
    { url: given, version }: { readonly url: string; readonly version: string },
    first: number,
    into: Uint8Array,
  ): Promise<void> {
    const url = normalized(given) as string;
    if (into.length === 0) return;
    if (!url.startsWith('s3:')) {
      await readFile(url, version, first, into);
      return;
    }
    const { module, client } = await this.#openS3();
    const result = await module.readRange(client, { ...objectAt(url), IfMatch: version }, first, into);
    if (result !== 'read') throw changed();
  }

  async #pinObject(url: string): Promise<{ version: string; bytes: number }> {
    const { module, client } = await this.#openS3();
    const head = await module.headOf(client, objectAt(url));
    if (!head) throw noFile();
    return { version: head.etag, bytes: head.bytes };
  }

  /** The AWS SDK is loaded only if it is needed. */
  #openS3(): Promise<OpenS3> {
    this.#s3 ??= import('./s3.ts').then((module) => ({ module, client: module.openClient() }));
    return this.#s3;
  }
}

/** @throws Error with a one-line message, if an entry of DATA_ALLOW is wrong. */
function placeOf(entry: string): Place {
  const [, owner, after] = OWNER.exec(entry) ?? [];
  const given = after ?? entry;
  const bucket = parseBucket(given);
  const url = bucket ? `s3://${bucket.bucket}/${bucket.prefix}` : normalized(given);
  if (url === undefined)
    throw new Error(`DATA_ALLOW: expected file:///folder/ or s3://bucket/prefix/, got ${JSON.stringify(entry.slice(0, 100))}`);
  return { owner, url: url.endsWith('/') ? url : `${url}/` };
}

/** A URL without percent-encoding, `.` and `..`: s3://bucket/key, or file:// and an absolute path; undefined for any other text. */
function normalized(given: string): string | undefined {
  if (given.startsWith('s3://')) return parseS3(given) && given;
  const url = URL.parse(given);
  if (url?.protocol !== 'file:' || url.host !== '' || url.search !== '' || url.hash !== '') return undefined;
  try {
    const path = fileURLToPath(url);
    // An encoded slash is refused above; an encoded dot is decoded by URL; a zero byte ends no path.
    return path.includes('\0') ? undefined : `file://${path}`;
  } catch {
    return undefined;
  }
}

function objectAt(url: string): { Bucket: string; Key: string } {
  const { bucket, key } = parseS3(url) as { bucket: string; key: string };
  return { Bucket: bucket, Key: key };
}

const pathOf = (url: string) => url.slice('file://'.length);

/** The version of a file: another file, and one that was written to, has another. */
async function stateOf(file: FileHandle): Promise<{ version: string; bytes: number; isFile: boolean }> {
  const found = await file.stat({ bigint: true });
  return { version: `${found.size}-${found.mtimeNs}-${found.ino}`, bytes: Number(found.size), isFile: found.isFile() };
}

async function pinFile(url: string, place: Place, own: readonly Place[]): Promise<{ version: string; bytes: number }> {
  const path = pathOf(url);
  const folder = pathOf(place.url);
  const [real, realFolder] = await Promise.all([realpath(path), realpath(folder)]).catch(() => {
    throw noFile();
  });
  // The operator's folder may be a link; below it, links could lead anywhere.
  if (real !== realFolder + path.slice(folder.length - 1)) throw notAllowed(own);
  const file = await openFile(path);
  try {
    const { version, bytes, isFile } = await stateOf(file);
    if (!isFile) throw noFile();
    return { version, bytes };
  } finally {
    await file.close();
  }
}

async function readFile(url: string, version: string, first: number, into: Uint8Array): Promise<void> {
  const file = await openFile(pathOf(url)).catch(() => {
    throw changed();
  });
  try {
    // A link put in the place of a folder leads to another file, which has another inode.
    if ((await stateOf(file)).version !== version) throw changed();
    for (let at = 0; at < into.length; ) {
      const { bytesRead } = await file.read(into, at, into.length - at, first + at);
      if (bytesRead === 0) throw changed();
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Does not wait for a named pipe. */
function openFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => {
    throw noFile();
  });
}

function notAllowed(own: readonly Place[]): Refusal {
  const allowed = own.length === 0 ? 'none are' : own.map(({ url }) => url).join(', ');
  return new Refusal('place-not-allowed', {
    detail: `expected a URL of a file below one of the places that are allowed, without links: ${allowed} (DATA_ALLOW)`,
  });
}

function noFile(): Refusal {
  return new Refusal('invalid-request', { detail: 'expected the URL of a file, but there is none that can be read' });
}

function changed(): Refusal {
  return new Refusal('dataset-changed', {
    detail: 'a file of the dataset has changed, or is not there any longer: put the dataset again',
  });
}
