// A store that waits while the one behind it is away, instead of failing: for workers, whose work can wait.
import { setTimeout } from 'node:timers/promises';
import { Refusal } from '../refusal.ts';
import type { Listed, Store } from './store.ts';

/** How long to wait before the next attempt, at first and at most, in milliseconds. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

export interface PatientOptions {
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** Called before each wait. */
  readonly onWait: (error: Error) => void;
  /** Called with the bytes that have been read or written. */
  readonly onBytes: (direction: 'read' | 'written', bytes: number) => void;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Whether a store that failed so may work later: it is away, or the system says why it cannot do it now. */
export function mayPass(error: unknown): boolean {
  if (error instanceof Refusal) return error.type === 'unavailable';
  return typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/** Streams are written as they are: what has been read of them cannot be read again. */
export class PatientStore implements Store {
  readonly #store: Store;
  readonly #options: Required<PatientOptions>;

  constructor(store: Store, options: PatientOptions) {
    this.#store = store;
    this.#options = { wait: (ms, signal) => setTimeout(ms, undefined, { signal, ref: false }), ...options };
  }

  async write(key: string, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    if (!(bytes instanceof Uint8Array)) return this.#store.write(key, bytes);
    await this.#do(() => this.#store.write(key, bytes));
    this.#options.onBytes('written', bytes.length);
  }

  async readInto(key: string, first: number, into: Uint8Array): Promise<boolean> {
    const isThere = await this.#do(() => this.#store.readInto(key, first, into));
    if (isThere) this.#options.onBytes('read', into.length);
    return isThere;
  }

  async read(key: string): Promise<Buffer | undefined> {
    const bytes = await this.#do(() => this.#store.read(key));
    if (bytes) this.#options.onBytes('read', bytes.length);
    return bytes;
  }

  remove(key: string): Promise<void> {
    return this.#do(() => this.#store.remove(key));
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    yield* await this.#do(() => Array.fromAsync(this.#store.list(prefix)));
  }

  sweep(beforeMs: number): Promise<void> {
    return this.#store.sweep(beforeMs);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #do<Result>(work: () => Promise<Result>): Promise<Result> {
    const { signal, onWait, wait } = this.#options;
    for (let ms = FIRST_WAIT_MS; ; ms = Math.min(2 * ms, LONGEST_WAIT_MS)) {
      signal.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        if (!mayPass(error)) throw error;
        onWait(error as Error);
      }
      // Rejects with an error of its own when the signal is aborted.
      await wait(ms, signal).catch(() => {});
    }
  }
}
