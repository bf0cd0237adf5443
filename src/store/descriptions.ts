// The descriptions of datasets: JSON objects in the store, under hashes of owner and name. What has a description is there.
import type { Content, Dataset } from './dataset.ts';
import { hashOf, ownerPart } from './keys.ts';
import { readAll } from './read-all.ts';
import type { Store } from './store.ts';

/** Where descriptions lie. */
const DESCRIPTIONS = 'datasets/';

/** How long a description may be cached: other replicas write to the same store. */
const CACHED_MS = 1000;

/** The folder of an owner's descriptions. */
export function folderOf(owner: string): string {
  return `${DESCRIPTIONS}${ownerPart(owner)}/`;
}

/** The key of the description of an owner's dataset. */
export function keyOf(owner: string, name: string): string {
  return `${folderOf(owner)}${hashOf(name)}.json`;
}

/** The objects of the store that a dataset has, each once. */
export function objectsOf({ columns }: Pick<Content, 'columns'>): Set<string> {
  return new Set(Object.values(columns).flatMap(({ source }) => ('object' in source ? [source.object] : [])));
}

export class Descriptions {
  readonly #store: Store;
  readonly #now: () => number;
  /** By key, the oldest first. */
  readonly #cached = new Map<string, { readonly at: number; readonly dataset: Dataset | undefined }>();

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** A description as it is or was at most `CACHED_MS` ago, even if it has expired. */
  async cached(key: string): Promise<Dataset | undefined> {
    const known = this.#cached.get(key);
    if (known && this.#now() - known.at < CACHED_MS) return known.dataset;
    return this.read(key);
  }

  /** A description as it is, even if it has expired. */
  async read(key: string): Promise<Dataset | undefined> {
    const at = this.#now();
    const before = this.#cached.get(key);
    const bytes = await this.#store.read(key);
    const dataset = bytes && (JSON.parse(bytes.toString()) as Dataset);
    // What has been written meanwhile is newer.
    if (this.#cached.get(key) === before) this.#cache(key, at, dataset);
    return dataset;
  }

  async write(key: string, dataset: Dataset): Promise<void> {
    await this.#store.write(key, Buffer.from(JSON.stringify(dataset)));
    this.#cache(key, this.#now(), dataset);
  }

  async remove(key: string): Promise<void> {
    await this.#store.remove(key);
    this.#cache(key, this.#now(), undefined);
  }

  /** All descriptions of a folder, or of all owners, by their keys, as they are, even if they have expired. */
  async all(folder = DESCRIPTIONS): Promise<Map<string, Dataset>> {
    const keys: string[] = [];
    for await (const { key } of this.#store.list(folder)) keys.push(key);
    return readAll(keys, (key) => this.read(key));
  }

  #cache(key: string, at: number, dataset: Dataset | undefined): void {
    for (const [old, known] of this.#cached) {
      if (at - known.at < CACHED_MS) break;
      this.#cached.delete(old);
    }
    this.#cached.delete(key);
    this.#cached.set(key, { at, dataset });
  }
}
