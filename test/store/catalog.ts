// A catalog in a store of its own, and uploads to it.
import type { Test } from 'tap';
import { Refusal } from '../../src/refusal.ts';
import type { Upload } from '../../src/store/catalog.ts';
import type { Rows } from '../../src/store/dataset.ts';
import { Datasets, type Options } from '../../src/store/datasets.ts';
import type { Elsewhere } from '../../src/store/elsewhere.ts';
import type { Store } from '../../src/store/store.ts';
import { type Entry, file, SAFETENSORS } from '../support/safetensors-file.ts';
import { MemoryStore } from './memory.ts';

export const limits = {
  MAX_KEYS: 1000,
  MAX_DEPTH: 10,
  MAX_LAYERS: 10,
  BODY_LIMIT: 2 ** 20,
  DATASET_LIMIT: 2 ** 20,
  STORE_LIMIT: 2 ** 22,
  DATASET_TTL: 60,
};

export type Limits = typeof limits;

/** When the clock of the tests begins. */
export const START = Date.UTC(2026, 0, 1);

/** Files by their URLs, in memory. */
export class FilesInMemory implements Elsewhere {
  readonly files = new Map<string, { version: string; bytes: Buffer }>();

  async pin(owner: string, url: string) {
    const file = this.files.get(url);
    if (!file) throw new Refusal('place-not-allowed', { detail: `${url} is not allowed to ${owner}` });
    return { version: file.version, bytes: file.bytes.length };
  }

  async readInto({ url, version }: { url: string; version: string }, first: number, into: Uint8Array) {
    const file = this.files.get(url);
    if (file?.version !== version) throw new Refusal('dataset-changed', { detail: `${url} has changed` });
    into.set(file.bytes.subarray(first, first + into.length));
  }
}

export interface Fixture {
  readonly store: Store;
  readonly datasets: Datasets;
  /** Sets the clock, in milliseconds since `START`. */
  at(ms: number): void;
}

export function startCatalog(t: Test, changes: Partial<Limits> = {}, options: Partial<Options> = {}): Fixture {
  const store = new MemoryStore();
  let now = START;
  const datasets = new Datasets({
    store: async () => store,
    places: new FilesInMemory(),
    limits: { ...limits, ...changes },
    now: () => now,
    ...options,
  });
  t.teardown(() => datasets.close());
  return {
    store,
    datasets,
    at(ms) {
      now = START + ms;
    },
  };
}

/** An upload in pieces of `size` bytes. `taken` counts those that have been asked for. */
export function upload(body: Uint8Array, size = body.length, mediaType = SAFETENSORS, query: Upload['query'] = {}) {
  const counter = { taken: 0 };
  async function* bytes() {
    for (let at = 0; at < body.length; at += size) {
      counter.taken++;
      yield body.subarray(at, at + size);
    }
  }
  return { mediaType, query, bytes: bytes(), counter };
}

/** A safetensors file of arrays. */
export function safetensors(tensors: Record<string, [dtype: string, shape: number[], data: ArrayBufferView]>): Buffer {
  const header: Record<string, Entry> = {};
  const parts: Buffer[] = [];
  let end = 0;
  for (const [name, [dtype, shape, { buffer, byteOffset, byteLength }]] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + byteLength] };
    parts.push(Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength));
    end += byteLength;
  }
  return file(header, Buffer.concat(parts));
}

/** Rows as lists. */
export function plain(rows: Rows): object {
  return Object.fromEntries(
    Object.entries(rows).map(([name, value]) => [
      name,
      value instanceof Float64Array ? [...value] : { shape: value.shape, data: [...value.data] },
    ]),
  );
}

/** The refusal of an upload, without what `put` has it in common with others. */
export async function refusalOf(work: Promise<unknown>): Promise<object> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { type: error.type, ...error.refused };
  }
  throw new Error('expected a refusal');
}
