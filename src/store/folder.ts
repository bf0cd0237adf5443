// A store in a folder: each object is a file, whose path is its key.
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, opendir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Refusal } from '../refusal.ts';
import { codeOf, ifMissing, readFully } from './files.ts';
import type { Listed, Store } from './store.ts';

/** Where files are written before they get their names. `~` is in no key. */
const UNFINISHED = 'unfinished~';

const NAME = /^(?!\.{1,2}$)[a-z0-9._-]+$/;

export class FolderStore implements Store {
  readonly #folder: string;

  /** The folder is made at the first write. */
  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  async write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const path = this.#pathOf(key);
    const unfinished = join(this.#folder, UNFINISHED, randomUUID());
    try {
      await makeFolder(dirname(unfinished));
      await writeFile(unfinished, bytes);
      await makeFolder(dirname(path));
      await rename(unfinished, path);
      await syncFolder(dirname(path));
    } catch (error) {
      await rm(unfinished, { force: true });
      if (['ENOSPC', 'EDQUOT'].includes(codeOf(error))) throw new Refusal('storage-full', { detail: 'the disk is full' });
      throw error;
    }
  }

  async readInto(key: string, first: number, into: Uint8Array): Promise<boolean> {
    const read = await this.#open(key, (handle) => readFully(handle, first, into));
    if (read === false) throw new Error(`the object ${key} has no ${into.length} bytes from ${first} on`);
    return read !== undefined;
  }

  read(key: string): Promise<Buffer | undefined> {
    return this.#open(key, (handle) => handle.readFile());
  }

  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder) this.#pathOf(folder.slice(0, -1));
    for await (const listed of this.#list(folder)) if (listed.key.startsWith(prefix)) yield listed;
  }

  async sweep(beforeMs: number): Promise<void> {
    for await (const { path, modified } of filesIn(join(this.#folder, UNFINISHED)))
      if (modified < beforeMs) await rm(path, { force: true });
  }

  async close(): Promise<void> {}

  /** The files below a folder, which is '' or ends in a slash. */
  async *#list(folder: string): AsyncGenerator<Listed> {
    for await (const { name, isFolder, bytes, modified } of filesIn(join(this.#folder, folder))) {
      // Volumes have folders of their own, such as lost+found.
      if (!NAME.test(name)) continue;
      if (isFolder) yield* this.#list(`${folder}${name}/`);
      else yield { key: `${folder}${name}`, bytes, modified };
    }
  }

  /** Calls `use` with a file. Returns undefined if there is none. */
  async #open<Result>(key: string, use: (handle: FileHandle) => Promise<Result>): Promise<Result | undefined> {
    await using handle = await open(this.#pathOf(key), constants.O_RDONLY | constants.O_NOFOLLOW).catch(ifMissing);
    return handle && (await use(handle));
  }

  #pathOf(key: string): string {
    if (!key.split('/').every((name) => NAME.test(name))) throw new Error(`not a key: ${JSON.stringify(key)}`);
    return join(this.#folder, key);
  }
}

interface Found {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
  readonly bytes: number;
  /** In milliseconds since 1970. */
  readonly modified: number;
}

/** The files and folders in a folder, without links. None if there is no such folder. */
async function* filesIn(folder: string): AsyncGenerator<Found> {
  const entries = await opendir(folder).catch(ifMissing);
  if (!entries) return;
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    // It may have been removed meanwhile.
    const found = await lstat(path).catch(ifMissing);
    if (!found?.isFile() && !found?.isDirectory()) continue;
    yield { name: entry.name, path, isFolder: found.isDirectory(), bytes: found.size, modified: found.mtimeMs };
  }
}

/** Only the service's user can read what it writes. */
async function writeFile(path: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
  await using handle = await open(path, 'wx', 0o600);
  await handle.writeFile(bytes);
  await handle.sync();
}

/** Makes a folder and those above it, and has the disk keep them. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder);
  await handle.sync();
}
