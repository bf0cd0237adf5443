// Opens the store that STORE names.
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Listed, Store } from './store.ts';

class Folder implements Store {
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
  }
  async write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const path = join(this.#path, key);
    await mkdir(dirname(path), { recursive: true });
    const part = `${path}.part`;
    try {
      await pipeline(bytes instanceof Uint8Array ? [bytes] : bytes, createWriteStream(part));
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }
  async readInto(key: string, first: number, into: Uint8Array): Promise<boolean> {
    const file = await open(join(this.#path, key)).catch(() => undefined);
    if (!file) return false;
    await file.read(into, 0, into.length, first);
    await file.close();
    return true;
  }
  async read(key: string): Promise<Buffer | undefined> {
    return readFile(join(this.#path, key)).catch(() => undefined);
  }
  async remove(key: string): Promise<void> {
    await rm(join(this.#path, key), { force: true });
  }
  async *list(prefix: string): AsyncGenerator<Listed> {
    const entries = await readdir(this.#path, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const key = path.slice(join(this.#path, '/').length);
      const { size, mtimeMs } = await stat(path);
      if (key.startsWith(prefix)) yield { key, bytes: size, modified: mtimeMs };
    }
  }
  async sweep(): Promise<void> {}
  async close(): Promise<void> {}
}

export async function openStore(place: string): Promise<Store> {
  return new Folder(place);
}
