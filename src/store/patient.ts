// A store that waits while the one behind it is away, instead of failing: for workers, whose work can wait.
import { Refusal } from '../refusal.ts';
import { retry, type Wait } from './retry.ts';
import type { Listed, Store } from './store.ts';

export interface PatientOptions {
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** Called before each wait. */
  readonly onWait: (error: Error) => void;
  /** Called with the bytes that have been read or written. */
  readonly onBytes: (direction: 'read' | 'written', bytes: number) => void;
  readonly wait?: Wait;
}

/** Whether a store that failed so may work later: it is away, or the system says why it cannot do it now. */
export function mayPass(error: unknown): boolean {
  if (error instanceof Refusal) return error.type === 'unavailable';
  return typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/** Streams are written as they are: what has been read of them cannot be read again. */
export class PatientStore implements Store {
  readonly #store: Store;
  readonly #options: PatientOptions;

  constructor(store: Store, options: PatientOptions) {
    this.#store = store;
    this.#options = options;
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

  #do<Result>(work: () => Promise<Result>): Promise<Result> {
    const { signal, onWait, wait } = this.#options;
    return retry(work, {
      signal,
      wait,
      mayPass: (error) => {
        const passes = mayPass(error);
        if (passes) onWait(error as Error);
        return passes;
      },
    });
  }
}
