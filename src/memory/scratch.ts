// Memory for matrices that are needed only during one request. A thread keeps it for its next request: fresh memory costs a page
// fault per 4 KiB, which takes longer than most computations on it.
import { sharedCollector } from './garbage.ts';

/** Arrays up to this length are kept in shelves, one per length: a small request takes dozens of them. */
const SHELF_NUMBERS = 64;

/** The most numbers in all arrays of a shelf. */
const SHELF_TOTAL_NUMBERS = 2 ** 14;

/** Arrays of this length or more are kept too. Those in between are not: allocating them costs little compared to using them. */
const LARGE_NUMBERS = 4096;

/** The most numbers to keep in large arrays between requests: 256 MiB. */
const MOST_KEPT_NUMBERS = 2 ** 25;

/** Memory that has not been used for this long is freed. */
export const KEPT_MS = 10_000;

/** The arrays of one length. The current request has taken the first `taken` of them. */
interface Shelf {
  readonly arrays: Float64Array[];
  taken: number;
}

/** The scratch memory of a thread, which answers one request at a time. */
export class Scratch {
  readonly #isShared: boolean;
  readonly #shelves: readonly Shelf[] = Array.from({ length: SHELF_NUMBERS + 1 }, () => ({ arrays: [], taken: 0 }));
  /** The shelves that the current request uses. */
  readonly #used: Shelf[] = [];
  /** Free large arrays by length. Lengths are rounded up, since JSON requests with the same shapes differ by some bytes. */
  #free = new Map<number, Float64Array[]>();
  /** The large arrays of the current request. */
  #taken: Float64Array[] = [];
  #takenForRequest: Float64Array[] = [];
  /** Those of them that are free again, by length. */
  #released = new Map<number, Float64Array[]>();
  #expiry: NodeJS.Timeout | undefined;
  #isRecycling = false;

  /** If it `isShared`, large arrays are in shared memory, for threads that compute together; only a garbage collection frees them. */
  constructor(isShared = false) {
    this.#isShared = isShared;
  }

  /** An uninitialized array of `n` numbers. If taken within `recycle`, it is reused afterwards. */
  take(n: number): Float64Array {
    if (!this.#isRecycling) return new Float64Array(n);
    if (n <= SHELF_NUMBERS) return this.#fromShelf(this.#shelves[n], n);
    if (n < LARGE_NUMBERS) return new Float64Array(n);
    return this.#large(n, this.#taken);
  }

  /** The same as a large array, however short. */
  takeLarge(n: number): Float64Array {
    return this.#isRecycling ? this.#large(n, this.#taken) : this.#allocate(n);
  }

  /** The same, until the end of the request, also if it is taken within `reuse`. */
  takeLargeForRequest(n: number): Float64Array {
    return this.#isRecycling ? this.#large(n, this.#takenForRequest) : this.#allocate(n);
  }

  /** An array of `n` numbers, all of them `value`. */
  filled(n: number, value: number): Float64Array {
    const array = this.take(n);
    // A loop is faster for short arrays than `fill`.
    for (let i = 0; i < n; i++) array[i] = value;
    return array;
  }

  /** Calls `work`, and keeps the arrays that it takes for the next call. Drops large arrays that were kept but not used. */
  recycle<Result>(work: () => Result): Result {
    this.#isRecycling = true;
    try {
      return work();
    } finally {
      this.#isRecycling = false;
      for (const shelf of this.#used) shelf.taken = 0;
      this.#used.length = 0;
      if (this.#taken.length + this.#takenForRequest.length + this.#released.size + this.#free.size > 0)
        this.#givenUp(this.#keepLarge());
    }
  }

  /** Calls `work`, a part of a request; the arrays that it takes are free for the next part. */
  reuse<Result>(work: () => Result): Result {
    const before = this.#taken.length;
    const shelves = this.#used.map((shelf) => shelf.taken);
    try {
      return work();
    } finally {
      this.#used.forEach((shelf, i) => {
        shelf.taken = shelves[i] ?? 0;
      });
      this.#used.length = shelves.length;
      for (const array of this.#taken.splice(before)) keep(array, this.#released);
    }
  }

  #large(n: number, taken: Float64Array[]): Float64Array {
    const length = roundUp(Math.max(n, LARGE_NUMBERS));
    const array = this.#released.get(length)?.pop() ?? this.#free.get(length)?.pop() ?? this.#allocate(length);
    taken.push(array);
    return array.subarray(0, n);
  }

  #allocate(n: number): Float64Array {
    return this.#isShared ? new Float64Array(new SharedArrayBuffer(n * Float64Array.BYTES_PER_ELEMENT)) : new Float64Array(n);
  }

  #fromShelf(shelf: Shelf, n: number): Float64Array {
    const { arrays, taken } = shelf;
    if (taken === 0) this.#used.push(shelf);
    shelf.taken++;
    if (taken < arrays.length) return arrays[taken];
    const array = new Float64Array(n);
    if (taken * n < SHELF_TOTAL_NUMBERS) arrays.push(array);
    return array;
  }

  /** Keeps the arrays of the request that has ended for the next one. Returns how many numbers are given up. */
  #keepLarge(): number {
    let dropped = numbersIn(this.#free);
    this.#free = new Map();
    let kept = 0;
    for (const array of [...this.#taken, ...this.#takenForRequest, ...[...this.#released.values()].flat()]) {
      kept += array.length;
      if (kept > MOST_KEPT_NUMBERS) dropped += array.length;
      else keep(array, this.#free);
    }
    this.#taken = [];
    this.#takenForRequest = [];
    this.#released = new Map();
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#freeLarge(), KEPT_MS).unref();
    return dropped;
  }

  #freeLarge(): void {
    const numbers = numbersIn(this.#free);
    // Frees the memory now: an idle thread collects no garbage.
    if (!this.#isShared)
      for (const arrays of this.#free.values()) for (const { buffer } of arrays) (buffer as ArrayBuffer).transfer(0);
    this.#free = new Map();
    this.#givenUp(numbers);
  }

  #givenUp(numbers: number): void {
    if (this.#isShared) sharedCollector.add(numbers * Float64Array.BYTES_PER_ELEMENT);
  }
}

/** How many numbers arrays have in all. */
function numbersIn(byLength: ReadonlyMap<number, readonly Float64Array[]>): number {
  let numbers = 0;
  for (const [length, arrays] of byLength) numbers += length * arrays.length;
  return numbers;
}

/** Adds an array to those of its length. */
function keep(array: Float64Array, byLength: Map<number, Float64Array[]>): void {
  const same = byLength.get(array.length);
  if (same) same.push(array);
  else byLength.set(array.length, [array]);
}

/** Rounds n up; there are eight sizes per power of 2. */
export function roundUp(n: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(n)) - 3);
  return Math.ceil(n / step) * step;
}
