// The objects of an upload, which are written while it arrives: all of them stay, or none.
import { randomBytes } from 'node:crypto';
import type { Store } from './store.ts';

/** Where the objects of datasets lie. */
export const OBJECTS = 'objects/';

/** An object being written: bytes are pushed, and the store pulls them. */
export class Output {
  readonly key: string;
  /** Settles when the object has been written. */
  readonly written: Promise<void>;
  readonly #grow: (bytes: number) => void;
  #failure: { readonly error: unknown } | undefined;
  #wanted = Promise.withResolvers<void>();
  #given = Promise.withResolvers<Uint8Array | undefined>();

  constructor(store: Store, key: string, grow: (bytes: number) => void) {
    this.key = key;
    this.#grow = grow;
    this.written = store.write(key, this.#bytes());
    this.written.catch((error) => {
      this.#failure = { error };
      // Nobody may be waiting.
      this.#wanted.promise.catch(() => {});
      this.#wanted.reject(error);
    });
  }

  /** Resolves when the store has asked for these bytes, which must not change afterwards. @throws whatever the store throws. */
  async push(bytes: Uint8Array): Promise<void> {
    this.#grow(bytes.length);
    await this.#give(bytes);
  }

  /** @throws whatever the store throws. */
  async end(): Promise<void> {
    await this.#give(undefined);
    await this.written;
  }

  /** Has the store give up the object. Resolves when it has. */
  async fail(error: unknown): Promise<void> {
    this.#given.promise.catch(() => {});
    this.#given.reject(error);
    await this.written.catch(() => {});
  }

  async #give(bytes: Uint8Array | undefined): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    await this.#wanted.promise;
    this.#wanted = Promise.withResolvers();
    this.#given.resolve(bytes);
  }

  async *#bytes(): AsyncGenerator<Uint8Array> {
    for (;;) {
      this.#wanted.resolve();
      const bytes = await this.#given.promise;
      this.#given = Promise.withResolvers();
      if (!bytes) return;
      yield bytes;
    }
  }
}

export class Outputs {
  readonly #store: Store;
  readonly #mayGrow: (bytes: number) => void;
  readonly #outputs: Output[] = [];
  /** The bytes pushed so far, of all objects. */
  bytes = 0;

  /** `mayGrow` is called with the bytes of all objects before more are written, and throws if they are too many. */
  constructor(store: Store, mayGrow: (bytes: number) => void) {
    this.#store = store;
    this.#mayGrow = mayGrow;
  }

  /** Begins another object. */
  open(): Output {
    const grow = (bytes: number) => {
      this.#mayGrow(this.bytes + bytes);
      this.bytes += bytes;
    };
    const output = new Output(this.#store, `${OBJECTS}${randomBytes(16).toString('hex')}`, grow);
    this.#outputs.push(output);
    return output;
  }

  /** Completes the objects. @throws whatever the store throws. */
  async end(): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.end()));
  }

  /** Gives up all objects: those being written, and those that have been. A sweep removes what cannot be removed now. */
  async discard(error?: unknown): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.fail(error)));
    await Promise.allSettled(this.#outputs.map(({ key }) => this.#store.remove(key)));
  }
}
