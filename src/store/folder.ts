// A store in a folder: an object is a file, whose path is its key. The folder is made when the first object is written.
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Refusal } from '../refusal.ts';
import { fill, ifPresent, openBelow } from './files.ts';
import { checkKey, checkPrefix, endsEarly, isKey } from './keys.ts';
import type { Listed, Store } from './store.ts';

/** The folder of files that are being written. No key has capitals. */
const PARTIAL = 'PARTIAL';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** System errors that say that there is no room. By number: libuv has no name for EDQUOT. */
const NO_ROOM: readonly unknown[] = [-constants.errno.ENOSPC, -constants.errno.EDQUOT];

export class FolderStore implements Store {
  readonly #folder: string;

  /** `folder` may be a link; in it, links are not followed. */
  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  async write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    checkKey(key);
    const path = join(this.#folder, key);
    const partial = join(this.#folder, PARTIAL, randomUUID());
    try {
      const made = await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
      await mkdir(dirname(partial), { recursive: true, mode: FOLDER_MODE });
      await this.#checkFolder(dirname(partial));
      await this.#checkFolder(dirname(path));
      await writeFile(partial, bytes);
      await rename(partial, path);
      await syncFolders(dirname(path), made);
    } catch (error) {
      await rm(partial, { force: true });
      throw NO_ROOM.includes((error as NodeJS.ErrnoException).errno)
        ? new Refusal('storage-full', { detail: 'the disk is full' })
        : error;
    }
  }

  async readInto(key: string, first: number, into: Uint8Array): Promise<boolean> {
    checkKey(key);
    const handle = await ifPresent(openBelow(this.#folder, key));
    if (!handle) return false;
    try {
      if (!(await fill(handle, first, into))) throw endsEarly(key, first + into.length);
      return true;
    } finally {
      await handle.close();
    }
  }

  async read(key: string): Promise<Buffer | undefined> {
    checkKey(key);
    const handle = await ifPresent(openBelow(this.#folder, key));
    try {
      return await handle?.readFile();
    } finally {
      await handle?.close();
    }
  }

  async remove(key: string): Promise<void> {
    checkKey(key);
    const path = join(this.#folder, key);
    await ifPresent(this.#checkFolder(dirname(path)).then(() => rm(path)));
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    checkPrefix(prefix);
    yield* this.#walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
  }

  /** The objects in a folder, whose path is empty or ends with `/`, and in its folders. */
  async *#walk(path: string, prefix: string): AsyncGenerator<Listed> {
    for (const entry of (await ifPresent(readdir(join(this.#folder, path), { withFileTypes: true }))) ?? []) {
      const key = path + entry.name;
      if (!isKey(key) || !key.startsWith(prefix)) continue;
      if (entry.isDirectory()) yield* this.#walk(`${key}/`, prefix);
      if (!entry.isFile()) continue;
      // It may have been removed since.
      const stats = await ifPresent(lstat(join(this.#folder, key)));
      if (stats) yield { key, bytes: stats.size, modified: stats.mtimeMs };
    }
  }

  async sweep(beforeMs: number): Promise<void> {
    const folder = join(this.#folder, PARTIAL);
    for (const name of (await ifPresent(readdir(folder))) ?? []) await ifPresent(removeIfOld(join(folder, name), beforeMs));
  }

  async close(): Promise<void> {}

  /** @throws Error if there is a link in a path below the store's folder, or no such folder. */
  async #checkFolder(path: string): Promise<void> {
    const expected = join(await realpath(this.#folder), path.slice(this.#folder.length));
    const actual = await realpath(path);
    if (actual !== expected) throw new Error(`a link in the store leads from ${expected} to ${actual}`);
  }
}

/** Writes a new file, to the disk. */
async function writeFile(path: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', FILE_MODE);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes the entries of a folder to the disk, and those of the folders above it up to the one in which `made` is new. */
async function syncFolders(folder: string, made = join(folder, 'none')): Promise<void> {
  await syncFolder(folder);
  if (folder !== dirname(made)) await syncFolders(dirname(folder), made);
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeIfOld(path: string, beforeMs: number): Promise<void> {
  if ((await lstat(path)).mtimeMs < beforeMs) await rm(path);
}
