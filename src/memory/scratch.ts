// Memory for matrices that live no longer than their request. Fresh memory costs a page fault every 4 KiB, which takes the system longer
// than most of what is computed in it; so a thread keeps what its last request used.

/** Shorter arrays come cheap, in numbers. */
const SHORT = 4096;

/** How much is kept between requests, at most, in numbers: 256 MiB. */
const MOST_KEPT = 2 ** 25;

/** Arrays that are free, by their lengths, which are rounded up: two requests of the same network in JSON differ by some bytes. */
let free = new Map<number, Float64Array[]>();
/** Those that the request in hand has taken; undefined between requests. */
let taken: Float64Array[] | undefined;

/** An array of `n` numbers, whatever they are: the caller writes them all. Within `recycling` it is used again after that. */
export function scratch(n: number): Float64Array {
  if (n < SHORT || !taken) return new Float64Array(n);
  const length = roundUp(n);
  const array = free.get(length)?.pop() ?? new Float64Array(length);
  taken.push(array);
  return array.subarray(0, n);
}

/** Calls `work`, and keeps the arrays that it takes by `scratch` for the next call; those kept until then, and not used, are given up. */
export function recycling<Result>(work: () => Result): Result {
  taken = [];
  try {
    return work();
  } finally {
    free = new Map();
    let kept = 0;
    for (const array of taken) {
      kept += array.length;
      if (kept > MOST_KEPT) break;
      const same = free.get(array.length);
      if (same) same.push(array);
      else free.set(array.length, [array]);
    }
    taken = undefined;
  }
}

/** The next of the sizes of which there are eight from one power of 2 to the next. */
export function roundUp(n: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(n)) - 3);
  return Math.ceil(n / step) * step;
}
