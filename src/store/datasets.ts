// The datasets of all owners, in a store: arrays in objects with random names, and a description of each dataset, written last.
import { createHash, type Hash } from 'node:crypto';
import type { Config } from '../../schemas/config.ts';
import { Refusal } from '../refusal.ts';
import type { DocumentLimits } from '../wire/json-reader.ts';
import type { Catalog, Conditions, Upload } from './catalog.ts';
import { checkConditions } from './conditions.ts';
import type { Content, Dataset, Rows } from './dataset.ts';
import { Descriptions, folderOf, keyOf, objectsOf } from './descriptions.ts';
import type { Elsewhere } from './elsewhere.ts';
import { type Format, formatOf } from './formats.ts';
import { Objects } from './objects.ts';
import { OneByOne } from './one-by-one.ts';
import { Outputs } from './outputs.ts';
import { type ReadInto, readRows } from './read-rows.ts';
import type { Store } from './store.ts';

export interface Options {
  /** Opens the store, when it is first needed. */
  readonly store: () => Promise<Store>;
  /** Where datasets may lie that are referred to. */
  readonly places: Elsewhere;
  readonly limits: DocumentLimits & Pick<Config, 'BODY_LIMIT' | 'DATASET_LIMIT' | 'DATASET_TTL' | 'STORE_LIMIT'>;
  /** In milliseconds since 1970. */
  readonly now?: () => number;
  /** The bytes in the store that an owner has apart from datasets. They count for STORE_LIMIT. */
  readonly otherBytes?: (owner: string) => Promise<number>;
  /** The objects that others than datasets refer to. */
  readonly pins?: () => Promise<ReadonlySet<string>>;
}

interface Opened {
  readonly store: Store;
  readonly descriptions: Descriptions;
  readonly objects: Objects;
}

export class Datasets implements Catalog {
  readonly #options: Required<Options>;
  #opened: Promise<Opened> | undefined;
  /** The uploads in progress, by the owner's folder. */
  readonly #uploads = new Map<string, Set<Outputs>>();
  /** The changes of an owner's datasets, by the owner's folder. */
  readonly #changes = new OneByOne();

  constructor(options: Options) {
    this.#options = { now: Date.now, otherBytes: async () => 0, pins: async () => new Set<string>(), ...options };
  }

  async put(
    owner: string,
    name: string,
    upload: Upload,
    conditions: Conditions,
  ): Promise<{ readonly dataset: Dataset; readonly isNew: boolean }> {
    const { store, descriptions } = await this.#open();
    const read = formatOf(upload);
    checkConditions(conditions, this.#alive(await descriptions.read(keyOf(owner, name)))?.etag);
    const outputs = await this.#begin(store, owner);
    try {
      const content = await this.#receive(owner, upload, read, outputs);
      return await this.#changes.do(folderOf(owner), () => this.#commit(owner, name, content, outputs, conditions));
    } finally {
      await this.#end(owner, outputs);
    }
  }

  async get(owner: string, name: string): Promise<Dataset | undefined> {
    const { descriptions } = await this.#open();
    return this.#alive(await descriptions.cached(keyOf(owner, name)));
  }

  async list(owner: string): Promise<Dataset[]> {
    const { descriptions } = await this.#open();
    const all = [...(await descriptions.all(folderOf(owner))).values()];
    return all.filter((dataset) => this.#alive(dataset)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async remove(owner: string, name: string, conditions: Conditions): Promise<boolean> {
    const { descriptions, objects } = await this.#open();
    const key = keyOf(owner, name);
    return this.#changes.do(folderOf(owner), async () => {
      const before = await descriptions.read(key);
      const current = this.#alive(before);
      checkConditions(conditions, current?.etag);
      if (!before) return false;
      await descriptions.remove(key);
      await objects.free(folderOf(owner), objectsOf(before));
      return current !== undefined;
    });
  }

  async read(content: Content, first: number, end: number): Promise<Rows> {
    const { store, objects } = await this.#open();
    const { places } = this.#options;
    const readInto: ReadInto = async (source, from, into) => {
      if ('url' in source) await places.readInto(source, from, into);
      else if (!(await store.readInto(source.object, from, into)))
        throw new Refusal('unknown-dataset', { detail: 'the dataset has been removed: put it again' });
    };
    return objects.hold(objectsOf(content), () => readRows(content.columns, first, end, readInto));
  }

  /** Removes what has expired, and objects that nobody uses. `now` is in milliseconds since 1970. */
  async sweep(now: number): Promise<void> {
    const { descriptions, objects } = await this.#open();
    for (const [key, { expires }] of await descriptions.all()) if (expires <= now) await this.#expire(key, now);
    await objects.sweep(now);
  }

  /** Removes the objects of a content that nobody uses: to be called when an owner's use of it has ended. */
  async release(owner: string, content: Content): Promise<void> {
    const { objects } = await this.#open();
    await objects.free(folderOf(owner), objectsOf(content));
  }

  /**
   * Checks that an owner may store so many bytes more.
   * @throws Refusal `storage-full`.
   */
  async reserve(owner: string, bytes: number): Promise<void> {
    this.#checkTotal((await this.#usedBytes(owner)) + bytes);
  }

  async close(): Promise<void> {
    if (this.#opened) await (await this.#opened).store.close();
  }

  async #receive(owner: string, upload: Upload, read: Format, outputs: Outputs): Promise<Content> {
    const { limits, places } = this.#options;
    const { mediaType, query } = upload;
    const hash = createHash('sha256').update(JSON.stringify([mediaType, query.targets ?? null, query.classes ?? null]));
    const bytes = bounded(upload.bytes, limits.DATASET_LIMIT, hash);
    const { columns, reference } = await read({ ...upload, bytes }, outputs, { owner, places, limits });
    await outputs.end();
    const etag = (reference ? createHash('sha256').update(reference.identity) : hash).digest('hex');
    return { etag, columns, bytes: reference?.bytes ?? outputs.bytes };
  }

  /** Commits an upload, unless the same content is there: then that is kept for longer, or shared. */
  async #commit(owner: string, name: string, content: Content, outputs: Outputs, conditions: Conditions) {
    const { store, descriptions, objects } = await this.#open();
    const { limits, now } = this.#options;
    const key = keyOf(owner, name);
    const all = await descriptions.all(folderOf(owner));
    const before = all.get(key);
    const current = this.#alive(before);
    checkConditions(conditions, current?.etag);
    const twin = await this.#twinOf(content, [...(before ? [before] : []), ...all.values()], store);
    // Uploads that have ended meanwhile were not counted before.
    if (!twin) this.#checkTotal((await this.#usedBytes(owner)) + content.bytes);
    const dataset: Dataset = { ...(twin ?? content), name, expires: now() + limits.DATASET_TTL * 1000 };
    await descriptions.write(key, dataset);
    if (!twin) outputs.keep();
    if (before) await objects.free(folderOf(owner), objectsOf(before));
    return { dataset, isNew: current === undefined };
  }

  /** The first of some datasets that has the same content, and whose objects are there. */
  async #twinOf({ etag }: Content, datasets: readonly Dataset[], store: Store): Promise<Dataset | undefined> {
    for (const dataset of datasets) {
      if (dataset.etag !== etag || !this.#alive(dataset)) continue;
      const isThere = [...objectsOf(dataset)].map((object) => store.readInto(object, 0, new Uint8Array(1)));
      if ((await Promise.all(isThere)).every(Boolean)) return dataset;
    }
    return undefined;
  }

  #alive(dataset: Dataset | undefined): Dataset | undefined {
    return dataset && dataset.expires > this.#options.now() ? dataset : undefined;
  }

  async #expire(key: string, now: number): Promise<void> {
    const { descriptions } = await this.#open();
    await this.#changes.do(key.slice(0, key.lastIndexOf('/') + 1), async () => {
      // It may have been put again meanwhile.
      const dataset = await descriptions.read(key);
      if (dataset && dataset.expires <= now) await descriptions.remove(key);
    });
  }

  /** Begins an upload. Its outputs refuse more bytes than a dataset, or the owner, may have. */
  async #begin(store: Store, owner: string): Promise<Outputs> {
    const { DATASET_LIMIT } = this.#options.limits;
    const used = await this.#usedBytes(owner);
    const uploads = this.#uploads.get(owner) ?? new Set();
    const outputs = new Outputs(store, (bytes) => {
      if (bytes > DATASET_LIMIT) throw tooLarge(DATASET_LIMIT);
      let others = 0;
      for (const upload of uploads) if (upload !== outputs) others += upload.bytes;
      this.#checkTotal(used + others + bytes);
    });
    this.#uploads.set(owner, uploads.add(outputs));
    return outputs;
  }

  /** Ends an upload, and removes its objects unless they are kept. */
  async #end(owner: string, outputs: Outputs): Promise<void> {
    await outputs.close();
    const uploads = this.#uploads.get(owner) as Set<Outputs>;
    uploads.delete(outputs);
    if (uploads.size === 0) this.#uploads.delete(owner);
  }

  /** @throws Refusal `storage-full`. */
  #checkTotal(bytes: number): void {
    const { STORE_LIMIT } = this.#options.limits;
    if (bytes > STORE_LIMIT)
      throw new Refusal('storage-full', {
        detail: `the datasets and jobs of this client would take more than ${STORE_LIMIT} bytes (STORE_LIMIT): delete some of them`,
      });
  }

  /** The bytes in the store that an owner has. */
  async #usedBytes(owner: string): Promise<number> {
    const { descriptions } = await this.#open();
    const sizes = new Map<string, number>();
    // Datasets of the same content share all their objects.
    for (const dataset of (await descriptions.all(folderOf(owner))).values()) {
      const [object] = objectsOf(dataset);
      if (object) sizes.set(object, dataset.bytes);
    }
    let bytes = await this.#options.otherBytes(owner);
    for (const size of sizes.values()) bytes += size;
    return bytes;
  }

  #open(): Promise<Opened> {
    const { store: open, now, pins } = this.#options;
    this.#opened ??= open().then(
      (store) => {
        const descriptions = new Descriptions(store, now);
        return { store, descriptions, objects: new Objects(store, descriptions, pins) };
      },
      (error) => {
        this.#opened = undefined;
        throw error;
      },
    );
    return this.#opened;
  }
}

/** Passes bytes on, and adds them to a hash. @throws Refusal `body-too-large`. */
async function* bounded(bytes: AsyncIterable<Uint8Array>, limit: number, hash: Hash): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of bytes) {
    count += chunk.length;
    if (count > limit) throw tooLarge(limit);
    hash.update(chunk);
    yield chunk;
  }
}

function tooLarge(limit: number): Refusal {
  return new Refusal('body-too-large', { detail: `expected at most ${limit} bytes (DATASET_LIMIT)` });
}
