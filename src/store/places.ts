// The files that datasets may refer to: those in the places that the operator allows by DATA_ALLOW.
import { normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Refusal } from '../refusal.ts';
import type { Elsewhere } from './elsewhere.ts';
import { pinLocalFile, readLocalFile } from './local-files.ts';
import { parseS3Url } from './s3-url.ts';

/** An owner's name before a place: that of API_KEYS. */
const OWNED = /^([a-z0-9][a-z0-9._-]{0,63})=(.*)$/su;

/** The most characters of a URL that an error text has. */
const SHOWN_CHARACTERS = 200;

/** Where a URL points to. */
interface Address {
  /** Undefined for files on this machine. */
  readonly bucket: string | undefined;
  /** The path, which begins with a slash, or the key. */
  readonly path: string;
}

/** A folder, or all keys that begin with a path. Its path is '' or ends in a slash. */
interface Place extends Address {
  /** Whom it is allowed to; undefined for everybody. */
  readonly owner: string | undefined;
}

export class Places implements Elsewhere {
  readonly #places: readonly Place[];

  /** @throws Error with a one-line message, if DATA_ALLOW has a place that is none. */
  constructor(DATA_ALLOW = '') {
    const texts = DATA_ALLOW.split(',').map((text) => text.trim());
    this.#places = texts.filter((text) => text !== '').map(parsePlace);
  }

  async pin(owner: string, url: string): Promise<{ readonly version: string; readonly bytes: number }> {
    const address = addressOf(url);
    const folder = this.#folderOf(address, url, owner);
    if (address.bucket === undefined) return pinLocalFile(below(folder, address));
    const { pinS3File } = await import('./s3-files.ts');
    return pinS3File({ ...address, bucket: address.bucket });
  }

  async readInto({ url, version }: { url: string; version: string }, first: number, into: Uint8Array): Promise<void> {
    const address = addressOf(url);
    // The operator may have withdrawn the place.
    const folder = this.#folderOf(address, url);
    const isPinned = await this.#read(address, folder, version, first, into).catch((error) => {
      if (!(error instanceof Refusal)) throw error;
      throw changed(`${shown(url)}: ${error.refused.detail}`);
    });
    if (!isPinned) throw changed(`${shown(url)} is another file than when the dataset was put`);
  }

  async #read(address: Address, folder: string, version: string, first: number, into: Uint8Array): Promise<boolean> {
    if (address.bucket === undefined) return readLocalFile(below(folder, address), version, first, into);
    const { readS3File } = await import('./s3-files.ts');
    return readS3File({ ...address, bucket: address.bucket }, version, first, into);
  }

  /** The path of the place that has a file, of those that an owner, or anybody, may use. @throws Refusal `place-not-allowed`. */
  #folderOf({ bucket, path }: Address, url: string, owner?: string): string {
    const place = this.#places.find(
      (one) =>
        one.bucket === bucket &&
        path.startsWith(one.path) &&
        (owner === undefined || one.owner === undefined || one.owner === owner),
    );
    if (place) return place.path;
    throw new Refusal('place-not-allowed', {
      detail: `expected a file in a place that the operator allows to this client (DATA_ALLOW), got ${shown(url)}`,
    });
  }
}

function parsePlace(text: string, i: number): Place {
  const [, owner, url = text] = OWNED.exec(text) ?? [];
  const address = parse(url);
  if (!address)
    throw new Error(
      `DATA_ALLOW: place ${i + 1}: expected file:///folder/ or s3://bucket/prefix/, perhaps after an owner's name and =, got ${text}`,
    );
  const { bucket, path } = address;
  return { owner, bucket, path: path === '' || path.endsWith('/') ? path : `${path}/` };
}

/** @throws Refusal `invalid-request`. */
function addressOf(url: string): Address {
  const address = parse(url);
  if (address && address.path !== '' && !address.path.endsWith('/')) return address;
  throw new Refusal('invalid-request', {
    detail: `expected a file as file:///path or s3://bucket/key, got ${shown(url)}`,
  });
}

/** Undefined if a URL is malformed, or another one than of a file or of S3. */
function parse(url: string): Address | undefined {
  const object = parseS3Url(url);
  if (object) return { bucket: object.bucket, path: object.key };
  try {
    const { search, hash, href } = new URL(url);
    // The URL has no `..` any more. This throws if it has a host, an encoded slash, or another scheme.
    const path = normalize(fileURLToPath(href));
    return search === '' && hash === '' && !path.includes('\0') ? { bucket: undefined, path } : undefined;
  } catch {
    return undefined;
  }
}

function below(folder: string, { path }: Address) {
  return { folder, path: path.slice(folder.length) };
}

function changed(detail: string): Refusal {
  return new Refusal('dataset-changed', { detail });
}

function shown(url: string): string {
  return url.length > SHOWN_CHARACTERS ? `${url.slice(0, SHOWN_CHARACTERS)}…` : url;
}
