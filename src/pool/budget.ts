// The memory that all requests in flight may take together. It is counted where every thread sees it.
import { Refusal } from '../refusal.ts';

const KIB = 1024;

/** After how many seconds to try again: the next request that ends frees memory. */
const SOON = 1;

/** The place for what is held outside the threads: bodies and answers. */
const HELD = 0;

/** What a thread needs to count along. */
export interface SharedBudget {
  /** In KiB. */
  readonly limit: number;
  /** In KiB: what is held, and then what the request at each place has reserved. */
  readonly counts: Int32Array<SharedArrayBuffer>;
}

/** A budget of so many bytes, for so many requests in threads at a time. */
export function shareBudget(bytes: number, places: number): SharedBudget {
  const counts = new Int32Array(new SharedArrayBuffer((1 + places) * Int32Array.BYTES_PER_ELEMENT));
  return { limit: Math.floor(bytes / KIB), counts };
}

export class Budget {
  readonly #limit: number;
  readonly #counts: Int32Array;

  constructor({ limit, counts }: SharedBudget) {
    this.#limit = limit;
    this.#counts = counts;
  }

  /** In bytes. */
  get used(): number {
    return this.#total() * KIB;
  }

  get spent(): boolean {
    return this.#total() >= this.#limit;
  }

  /**
   * Reserves memory for the request at a place, from 1, of whose bytes `held` are counted already, until it is freed.
   * A request that is alone may have as much as it needs.
   * @throws Refusal `overloaded`, if it does not fit.
   */
  reserve(place: number, bytes: number, held: number): void {
    const wanted = inKiB(bytes);
    Atomics.store(this.#counts, place, wanted);
    const total = this.#total();
    if (total <= this.#limit || total <= wanted + inKiB(held)) return;
    this.free(place);
    throw memorySpent();
  }

  free(place: number): void {
    Atomics.store(this.#counts, place, 0);
  }

  /** Memory that is held outside the threads for one request: none at first. */
  hold(): Hold {
    let own = 0;
    const set = (bytes: number) => {
      const now = inKiB(bytes);
      Atomics.add(this.#counts, HELD, now - own);
      own = now;
    };
    return {
      grow: (bytes) => {
        const others = this.#total() - own;
        if (others > 0 && others + inKiB(bytes) > this.#limit) throw memorySpent();
        set(bytes);
      },
      set,
    };
  }

  #total(): number {
    let total = 0;
    for (let i = 0; i < this.#counts.length; i++) total += Atomics.load(this.#counts, i);
    return total;
  }
}

export interface Hold {
  /**
   * Holds so many bytes in all. A request that is alone may hold as many as it needs.
   * @throws Refusal `overloaded`, if they do not fit; nothing has changed then.
   */
  grow(bytes: number): void;
  /** Holds so many bytes from now on, whether they fit or not: they are there already. */
  set(bytes: number): void;
}

function memorySpent(): Refusal {
  return new Refusal('overloaded', { detail: 'the memory for requests in flight is used up (MEMORY_BUDGET)' }, SOON);
}

/** Of a request that is over. */
export const NO_HOLD: Hold = { grow() {}, set() {} };

function inKiB(bytes: number): number {
  return Math.ceil(bytes / KIB);
}
