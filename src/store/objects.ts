// Who uses the objects of datasets, and their removal when nobody does.
import { type Descriptions, objectsOf } from './descriptions.ts';
import { OBJECTS } from './outputs.ts';
import type { Store } from './store.ts';

/** Objects that nobody refers to are removed when they are so old: younger ones may be those of uploads to other replicas. */
const ORPHANED_MS = 3_600_000;

export class Objects {
  readonly #store: Store;
  readonly #descriptions: Descriptions;
  readonly #pins: () => Promise<ReadonlySet<string>>;
  /** How many readers objects have. */
  readonly #readers = new Map<string, number>();
  /** Objects to free when their last reader has ended, and the owners' folders. */
  readonly #leaving = new Map<string, string>();

  /** `pins` returns the objects that others than datasets refer to. */
  constructor(store: Store, descriptions: Descriptions, pins: () => Promise<ReadonlySet<string>>) {
    this.#store = store;
    this.#descriptions = descriptions;
    this.#pins = pins;
  }

  /** Calls `read`, and keeps the objects until it has ended. */
  async hold<Result>(objects: ReadonlySet<string>, read: () => Promise<Result>): Promise<Result> {
    for (const object of objects) this.#readers.set(object, (this.#readers.get(object) ?? 0) + 1);
    try {
      return await read();
    } finally {
      for (const object of objects) await this.#leave(object);
    }
  }

  async #leave(object: string): Promise<void> {
    const others = (this.#readers.get(object) as number) - 1;
    if (others > 0) {
      this.#readers.set(object, others);
      return;
    }
    this.#readers.delete(object);
    const folder = this.#leaving.get(object);
    if (folder === undefined) return;
    this.#leaving.delete(object);
    await this.free(folder, new Set([object]));
  }

  /** Removes those objects of an owner that nobody uses. Never fails: a sweep removes what cannot be removed now. */
  async free(folder: string, objects: ReadonlySet<string>): Promise<void> {
    await this.#free(folder, objects).catch(() => {});
  }

  async #free(folder: string, objects: ReadonlySet<string>): Promise<void> {
    if (objects.size === 0) return;
    const used = await this.#used(folder);
    for (const object of objects) {
      if (used.has(object)) continue;
      if (this.#readers.has(object)) this.#leaving.set(object, folder);
      else await this.#store.remove(object);
    }
  }

  /** Removes the objects that nobody uses, of all owners, if they are old. `now` is in milliseconds since 1970. */
  async sweep(now: number): Promise<void> {
    const old: string[] = [];
    for await (const { key, modified } of this.#store.list(OBJECTS)) if (modified < now - ORPHANED_MS) old.push(key);
    // Read afterwards: what gets a description meanwhile is used.
    const used = await this.#used();
    for (const object of old) if (!used.has(object) && !this.#readers.has(object)) await this.#store.remove(object);
    await this.#store.sweep(now - ORPHANED_MS);
  }

  /** The objects that datasets of an owner, or of all, or others refer to. */
  async #used(folder?: string): Promise<Set<string>> {
    const used = new Set(await this.#pins());
    for (const dataset of (await this.#descriptions.all(folder)).values())
      for (const object of objectsOf(dataset)) used.add(object);
    return used;
  }
}
