// The memory budget of all large requests in flight, in counters shared by all threads.
import { Refusal } from '../refusal.ts';

const KIB = 1024;

/** Retry-After: short, since every request that ends frees memory. */
const RETRY_SECONDS = 1;

/** Index of the counter for memory outside the threads: bodies and answers. */
const HELD = 0;

/** Index of the counter for datasets in memory, which are freed when requests need their room. */
const KEPT = 1;

/** The data of a budget, as it is passed to threads. */
export interface SharedBudget {
  /** In KiB. */
  readonly limit: number;
  /** In KiB: memory held outside the threads; of datasets that stay; then, for each place, the memory reserved by its thread. */
  readonly counts: Int32Array<SharedArrayBuffer>;
}

/** Makes the data of a budget. */
export function shareBudget(bytes: number, places: number): SharedBudget {
  const counts = new Int32Array(new SharedArrayBuffer((2 + places) * Int32Array.BYTES_PER_ELEMENT));
  return { limit: Math.floor(bytes / KIB), counts };
}

export class Budget {
  readonly #limit: number;
  readonly #counts: Int32Array;
  /** In the main thread: frees memory of datasets, in bytes. */
  release: (bytes: number) => void = () => {};

  constructor({ limit, counts }: SharedBudget) {
    this.#limit = limit;
    this.#counts = counts;
  }

  /** In bytes. */
  get limit(): number {
    return this.#limit * KIB;
  }

  /** In bytes. */
  get used(): number {
    return this.#total() * KIB;
  }

  /** Whether requests take all of it; datasets give way to them. */
  get spent(): boolean {
    return this.#total() - Atomics.load(this.#counts, KEPT) >= this.#limit;
  }

  /**
   * Checks whether one request may have `bytes` in all; `held` of them are counted already. If no other request is in flight,
   * there is no limit.
   * @throws Refusal `overloaded`, if they do not fit.
   */
  check(bytes: number, held: number): void {
    const excess = () => this.#total() - inKiB(held) + inKiB(bytes) - this.#limit;
    if (excess() <= 0) return;
    this.release(excess() * KIB);
    const ofRequests = this.#total() - Atomics.load(this.#counts, KEPT) - inKiB(held);
    if (ofRequests > 0 && excess() > 0) throw memorySpent();
  }

  /** Datasets take so many bytes in all. */
  keep(bytes: number): void {
    Atomics.store(this.#counts, KEPT, inKiB(bytes));
  }

  /** The memory of a request outside the threads changes from `before` to `now` bytes. */
  change(before: number, now: number): void {
    if (now !== before) Atomics.add(this.#counts, HELD, inKiB(now) - inKiB(before));
  }

  /**
   * Reserves `bytes` for the request at a place (from 1), until `free`; `held` bytes of the request are counted outside the
   * threads. If no other request is in flight, there is no limit.
   * @throws Refusal `overloaded`, if it does not fit.
   */
  reserve(place: number, bytes: number, held: number): void {
    Atomics.store(this.#counts, KEPT + place, inKiB(bytes));
    const others = this.#total() - inKiB(bytes) - inKiB(held);
    if (others <= Atomics.load(this.#counts, KEPT) || this.#total() <= this.#limit) return;
    this.free(place);
    throw memorySpent();
  }

  /** Reserves `bytes` more at a place, if they fit. */
  extend(place: number, bytes: number): boolean {
    Atomics.add(this.#counts, KEPT + place, inKiB(bytes));
    if (this.#total() <= this.#limit) return true;
    Atomics.sub(this.#counts, KEPT + place, inKiB(bytes));
    return false;
  }

  free(place: number): void {
    Atomics.store(this.#counts, KEPT + place, 0);
  }

  #total(): number {
    let total = 0;
    for (let i = 0; i < this.#counts.length; i++) total += Atomics.load(this.#counts, i);
    return total;
  }
}

function memorySpent(): Refusal {
  return new Refusal('overloaded', { detail: 'the memory for requests in flight is used up (MEMORY_BUDGET)' }, RETRY_SECONDS);
}

function inKiB(bytes: number): number {
  return Math.ceil(bytes / KIB);
}
