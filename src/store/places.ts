// The files that datasets refer to, in the places that the operator allows (DATA_ALLOW).
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { ProblemType } from '../../schemas/problem.ts';
import { Refusal } from '../refusal.ts';
import type { Source } from './dataset.ts';
import { codeOf, fill, isAbsence, openBelow } from './files.ts';
import { inS3, type Location, locate } from './location.ts';
import type { FilesInS3 } from './s3-files.ts';

/** A file in a place, as it was when it was pinned. */
export type Pinned = Extract<Source, { readonly url: string }>;

/** A folder or a prefix whose files may be referred to. */
interface Place extends Location {
  /** As the operator wrote it. */
  readonly url: string;
  /** Who may; undefined for everybody. */
  readonly owner: string | undefined;
}

const OWNED = /^([a-z0-9][a-z0-9._-]{0,63})=(.*)$/;

/** Errors of a file that is none to be read: a name that is too long, a link, a folder, a socket. */
const NO_FILE: readonly unknown[] = ['ENAMETOOLONG', 'ELOOP', 'EISDIR', 'ENXIO'];

export class Places {
  /** The deepest first: of two that contain a file, links are allowed up to the deeper one. */
  readonly #places: readonly Place[];
  #s3: Promise<FilesInS3> | undefined;

  /** @throws Error with a one-line message, if `allow` (DATA_ALLOW) is not a list of places. */
  constructor(allow: string | undefined) {
    const items = allow?.split(',').map((item) => item.trim());
    this.#places = (items ?? []).map(placeOf).sort((a, b) => b.path.length - a.path.length);
  }

  /**
   * The file at a URL as it is now.
   * @throws Refusal `place-not-allowed`; `invalid-request`, if there is no such file. Both point at `pointer`, if it is given.
   */
  async pin(owner: string, url: string, pointer?: string): Promise<Pinned & { readonly bytes: number }> {
    const refuse = (type: ProblemType, detail: string) =>
      new Refusal(
        type,
        pointer === undefined ? { detail } : { detail: '1 problem in the request', errors: [{ pointer, detail }] },
      );
    const mine = this.#places.filter((place) => place.owner === undefined || place.owner === owner);
    const found = find(mine, url);
    if (!found) {
      const which = mine.length === 0 ? 'none are' : mine.map((place) => place.url).join(', ');
      throw refuse('place-not-allowed', `expected a URL below one of the places that are allowed: ${which} (DATA_ALLOW)`);
    }
    if (found.location.kind === 's3') {
      const state = await (await this.#inS3()).pin(inS3(found.location));
      if (state === 'denied')
        throw refuse('place-not-allowed', `the service has no access to ${url}, or there is no such object`);
      if (!state) throw refuse('invalid-request', `there is no file at ${url}`);
      return { url, ...state };
    }
    try {
      const stats = await withFile(found, (handle) => handle.stat({ bigint: true }));
      return { url, version: versionOf(stats), bytes: Number(stats.size) };
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ELOOP') throw refuse('place-not-allowed', `expected a path without symbolic links, got ${url}`);
      if (code === 'EACCES') throw refuse('place-not-allowed', `the service may not read ${url}`);
      if (code === 'EISDIR' || code === 'ENXIO') throw refuse('invalid-request', `expected a regular file at ${url}`);
      if (isAbsence(error) || code === 'ENAMETOOLONG') throw refuse('invalid-request', `there is no file at ${url}`);
      throw error;
    }
  }

  /**
   * Reads bytes of a pinned file into all of `into`, from the byte `first` on.
   * @throws Refusal `dataset-changed`, if the file has changed or has gone; `place-not-allowed`, if its place is no longer allowed.
   */
  async readInto({ url, version }: Pinned, first: number, into: Uint8Array): Promise<void> {
    const found = find(this.#places, url);
    if (!found) throw new Refusal('place-not-allowed', { detail: `${url} is no longer in a place that is allowed (DATA_ALLOW)` });
    const isRead =
      found.location.kind === 's3'
        ? (await this.#inS3()).readInto(inS3(found.location), version, first, into)
        : readFile(found, version, first, into);
    if (!(await isRead))
      throw new Refusal('dataset-changed', { detail: `the file at ${url} has changed since the dataset was put: put it again` });
  }

  /** Loads the AWS SDK only if it is needed. */
  #inS3(): Promise<FilesInS3> {
    this.#s3 ??= import('./s3-files.ts').then(({ FilesInS3 }) => new FilesInS3());
    return this.#s3;
  }
}

/** Where a URL is, and the place that allows it. */
interface Found {
  readonly place: Place;
  readonly location: Location;
}

function find(places: readonly Place[], url: string): Found | undefined {
  const location = locate(url);
  const place = location && places.find(({ kind, path }) => kind === location.kind && location.path.startsWith(`${path}/`));
  return place && { place, location };
}

/** @throws Error with a one-line message. */
function placeOf(text: string): Place {
  const [, owner, url = text] = OWNED.exec(text) ?? [];
  const location = locate(url.replace(/\/$/, ''));
  if (location) return { ...location, url, owner };
  throw new Error(`DATA_ALLOW: expected file:///folder/, s3://bucket/prefix/ or owner= before one, got ${JSON.stringify(text)}`);
}

/** @throws Error of the file system; its code is ELOOP if there is a link below the place. */
async function withFile<Result>({ place, location }: Found, use: (handle: FileHandle) => Promise<Result>): Promise<Result> {
  const handle = await openBelow(place.path, location.path.slice(place.path.length + 1));
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** Returns false if the file is not of this version. The version is asked after reading: it may change meanwhile. */
async function readFile(found: Found, version: string, first: number, into: Uint8Array): Promise<boolean> {
  try {
    return await withFile(
      found,
      async (handle) => (await fill(handle, first, into)) && versionOf(await handle.stat({ bigint: true })) === version,
    );
  } catch (error) {
    if (isAbsence(error) || NO_FILE.includes(codeOf(error))) return false;
    throw error;
  }
}

function versionOf({ size, mtimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ino}`;
}
