// A store in a folder. An object is written beside its place, and moved there when it is whole and on the disk.
import { randomUUID } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Refusal } from '../refusal.ts';
import type { Listed, Store } from './store.ts';

/** The folder, within that of the store, of objects that are being written. */
const UNFINISHED = '.unfinished';

/** Keys: parts of lower-case letters, digits and `._-`, separated by slashes; no part begins with a dot. */
const KEY = /^[a-z0-9_-][a-z0-9._-]*(?:\/[a-z0-9_-][a-z0-9._-]*)*$/;

/** Other users of the machine read nothing: the modes of folders and files. */
const PRIVATE_FOLDER = { recursive: true, mode: 0o700 };
const PRIVATE_FILE = 0o600;

/** Links are refused: nothing of this store is one. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW;

export class FolderStore implements Store {
  readonly #folder: string;

  /** The folder is made when the first object is written. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const path = this.#pathOf(key);
    const unfinished = join(this.#folder, UNFINISHED, randomUUID());
    try {
      await mkdir(dirname(unfinished), PRIVATE_FOLDER);
      const file = await open(unfinished, 'wx', PRIVATE_FILE);
      try {
        if (bytes instanceof Uint8Array) await writeAll(file, bytes);
        else for await (const chunk of bytes) await writeAll(file, chunk);
        await file.sync();
      } finally {
        await file.close();
      }
      await mkdir(dirname(path), PRIVATE_FOLDER);
      await rename(unfinished, path);
      await syncFolder(dirname(path));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw isFull(error) ? new Refusal('storage-full', { detail: 'the disk of the store is full' }) : error;
    }
  }

  async readInto(key: string, first: number, into: Uint8Array): Promise<boolean> {
    const file = await openIfThere(this.#pathOf(key));
    if (!file) return false;
    try {
      await readAll(file, first, into);
      return true;
    } finally {
      await file.close();
    }
  }

  async read(key: string): Promise<Buffer | undefined> {
    const file = await openIfThere(this.#pathOf(key));
    try {
      return await file?.readFile();
    } finally {
      await file?.close();
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    // The folder of the prefix: what follows its last slash is the beginning of a name.
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    for await (const key of this.#keysIn(folder)) {
      if (!key.startsWith(prefix)) continue;
      const found = await ifThere(stat(join(this.#folder, key)));
      if (found) yield { key, bytes: found.size, modified: found.mtimeMs };
    }
  }

  async sweep(beforeMs: number): Promise<void> {
    const folder = join(this.#folder, UNFINISHED);
    for (const { name } of await entriesOf(folder)) {
      const path = join(folder, name);
      const found = await ifThere(stat(path));
      if (found && found.mtimeMs < beforeMs) await rm(path, { force: true });
    }
  }

  async close(): Promise<void> {}

  #pathOf(key: string): string {
    if (!KEY.test(key)) throw new Error(`not a key of the store: ${key}`);
    return join(this.#folder, key);
  }

  async *#keysIn(folder: string): AsyncGenerator<string> {
    for (const entry of await entriesOf(join(this.#folder, folder))) {
      const key = `${folder}${entry.name}`;
      if (!KEY.test(key)) continue;
      if (entry.isDirectory()) yield* this.#keysIn(`${key}/`);
      else if (entry.isFile()) yield key;
    }
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** @throws Error if the file ends before. */
async function readAll(file: FileHandle, first: number, into: Uint8Array): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, into.length - at, first + at);
    if (bytesRead === 0) throw new Error('an object of the store is shorter than when it was written');
    at += bytesRead;
  }
}

/** So that the name survives a failure of the machine. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The entries of a folder; none if it is not there. They are read at once: others may be added or removed meanwhile. */
async function entriesOf(path: string): Promise<Dirent[]> {
  const folder = await ifThere(opendir(path));
  return folder ? Array.fromAsync(folder) : [];
}

function openIfThere(path: string): Promise<FileHandle | undefined> {
  return ifThere(open(path, READ));
}

/** The result; undefined if there is no such file. */
async function ifThere<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(`${(error as NodeJS.ErrnoException).code}`);
}
