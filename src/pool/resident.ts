// The datasets that stay in memory, so that a request which names one transfers only its network.
import { sharedCollector } from '../memory/garbage.ts';
import type { Data, Wanted } from '../operations/data.ts';
import { Refusal } from '../refusal.ts';
import type { Catalog } from '../store/catalog.ts';
import type { Column, Content, Dataset, Rows } from '../store/dataset.ts';
import type { Budget } from './budget.ts';

/** What requests need of the catalog. */
export type Source = Pick<Catalog, 'get' | 'read'>;

/** The part of MEMORY_BUDGET that datasets may take. */
const PART = 1 / 4;

interface Entry {
  readonly rows: Promise<Rows>;
  readonly bytes: number;
}

interface Last {
  readonly name: string;
  /** Whether the last request that named it was answered in a thread. */
  inThread: boolean;
}

export class Resident {
  readonly #source: Source;
  readonly #budget: Budget;
  readonly #mostBytes: number;
  /** By owner and content; the one used last is the last one. */
  readonly #entries = new Map<string, Entry>();
  /** The dataset that each owner used last. */
  readonly #last = new Map<string, Last>();
  #bytes = 0;

  constructor(source: Source, budget: Budget) {
    this.#source = source;
    this.#budget = budget;
    this.#mostBytes = budget.limit * PART;
  }

  /** In bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a body may name the dataset that an owner used last. */
  mayName(owner: string, { buffer, byteOffset, length }: Uint8Array<ArrayBuffer>): boolean {
    return this.#last.has(owner) && Buffer.from(buffer, byteOffset, length).includes('dataset');
  }

  /** Whether a body may name the dataset that an owner used last, and such a request probably has to go to a thread. */
  mayNeedThread(owner: string, bytes: Uint8Array<ArrayBuffer>): boolean {
    return this.#last.get(owner)?.inThread === true && this.mayName(owner, bytes);
  }

  /** Notes whether an owner's request that named a dataset had to be answered in a thread. */
  learn(owner: string, inThread: boolean): void {
    const last = this.#last.get(owner);
    if (last) last.inThread = inThread;
  }

  /**
   * The rows of the dataset that an owner used last, if they are in memory: a request that names a dataset probably names this one. Never
   * fails, since it only saves time, and the request may name another one.
   */
  async likely(owner: string): Promise<Data | undefined> {
    const last = this.#last.get(owner);
    if (!last) return undefined;
    try {
      const dataset = await this.#source.get(owner, last.name);
      const entry = dataset && this.#entries.get(keyOf(owner, dataset));
      return entry && dataOf(dataset, await entry.rows);
    } catch {
      return undefined;
    }
  }

  /**
   * The rows that a request wants: of the whole dataset, which stays in memory, or, if that is too large, these only. Before those are
   * read, `hold` is called with their size in bytes.
   * @throws Refusal `unknown-dataset`, `out-of-domain` or `dataset-changed`; whatever `hold` throws.
   */
  async rowsFor(owner: string, wanted: Wanted, hold: (bytes: number) => void): Promise<Data> {
    const dataset = await datasetOf(this.#source, owner, wanted.dataset);
    const samples = samplesOf(dataset);
    const bytes = samples * bytesPerRow(dataset);
    if (bytes <= this.#mostBytes) {
      const last = this.#last.get(owner);
      this.#last.delete(owner);
      this.#last.set(owner, last?.name === wanted.dataset ? last : { name: wanted.dataset, inThread: false });
      if (this.#last.size > MOST_OWNERS) this.#last.delete(this.#last.keys().next().value as string);
      return dataOf(dataset, await this.#whole(keyOf(owner, dataset), dataset, samples, bytes));
    }
    // A selection outside of the dataset is refused later, when the request is prepared. Until then it reads no rows.
    const end = Math.max(wanted.first, Math.min(wanted.end ?? samples, samples));
    const first = Math.max(0, Math.min(wanted.first, end));
    hold((end - first) * bytesPerRow(dataset));
    return { ...dataOf(dataset, await this.#source.read(dataset, first, end)), first };
  }

  /** Removes the datasets used longest ago, until `bytes` have been freed. */
  release(bytes: number): void {
    let freed = 0;
    for (const [key, entry] of this.#entries) {
      if (freed >= bytes) return;
      freed += entry.bytes;
      this.#remove(key, entry);
    }
  }

  /** A dataset in memory. Requests that come while it is read wait for the same reading. */
  #whole(key: string, content: Content, samples: number, bytes: number): Promise<Rows> {
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.rows;
    }
    this.release(this.#bytes + bytes - this.#mostBytes);
    const entry: Entry = { rows: this.#source.read(content, 0, samples), bytes };
    this.#entries.set(key, entry);
    this.#account(bytes);
    entry.rows.catch(() => {
      if (this.#entries.get(key) === entry) this.#remove(key, entry);
    });
    return entry.rows;
  }

  #remove(key: string, { bytes }: Entry): void {
    this.#entries.delete(key);
    this.#account(-bytes);
    sharedCollector.add(bytes);
  }

  #account(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.keep(this.#bytes);
  }
}

/** The most owners whose last dataset is remembered. */
const MOST_OWNERS = 10_000;

/**
 * A dataset of an owner.
 * @throws Refusal `unknown-dataset`, at the place in a request that names it.
 */
export async function datasetOf(source: Source, owner: string, name: string): Promise<Dataset> {
  const dataset = await source.get(owner, name);
  if (dataset) return dataset;
  const isLong = name.length > SHOWN_CHARACTERS;
  const shown = JSON.stringify(isLong ? `${name.slice(0, SHOWN_CHARACTERS)}…` : name);
  const detail = `there is no dataset ${shown}: PUT it at /datasets/{name}; GET /datasets lists those that there are`;
  throw new Refusal('unknown-dataset', { detail: '1 problem in the request', errors: [{ pointer: '/batch/dataset', detail }] });
}

const SHOWN_CHARACTERS = 64;

/** How many rows a dataset has. */
export function samplesOf({ columns }: Content): number {
  return columns.inputs.shape[0];
}

/** The bytes of a row in float64. */
export function bytesPerRow({ columns }: Content): number {
  const numbers = Object.values(columns).reduce((sum, { shape }: Column) => sum + (shape[1] ?? 1), 0);
  return numbers * Float64Array.BYTES_PER_ELEMENT;
}

function keyOf(owner: string, { etag }: Content): string {
  return `${owner}/${etag}`;
}

function dataOf(dataset: Dataset, rows: Rows): Data {
  return { name: dataset.name, samples: samplesOf(dataset), first: 0, rows };
}
