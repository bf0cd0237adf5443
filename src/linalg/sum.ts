// Rounding errors, and sums that are compensated for them:
// A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen (1974).

/** The rounding error of `sum`, the float64 nearest to a + b: exactly a + b - sum. */
export function roundingError(a: number, b: number, sum: number): number {
  return Math.abs(a) >= Math.abs(b) ? a - sum + b : b - sum + a;
}

/** 2^27 + 1, which splits a float64 into two halves of 26 bits. */
const SPLITTER = 134217729;

/**
 * a b - c, exact up to its own rounding if c is close to a b, unless a number is above 1e300 or the result below 1e-300.
 * T. J. Dekker, A Floating-Point Technique for Extending the Available Precision (1971).
 */
export function residual(a: number, b: number, c: number): number {
  const [aHigh, bHigh] = [upperHalf(a), upperHalf(b)];
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return aHigh * bHigh - c + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

function upperHalf(x: number): number {
  const scaled = SPLITTER * x;
  return scaled - (scaled - x);
}

/** Adds each number of `terms` to that of `sum`, and the rounding error to that of `lost`. */
export function addCompensated(terms: Float64Array, sum: Float64Array, lost: Float64Array): void {
  for (let i = 0; i < sum.length; i++) {
    const next = sum[i] + terms[i];
    lost[i] += roundingError(sum[i], terms[i], next);
    sum[i] = next;
  }
}

/** Adds the rounding errors to the sums at last, except where a sum is not finite. */
export function compensate(sum: Float64Array, lost: Float64Array): void {
  for (let i = 0; i < sum.length; i++) if (Number.isFinite(sum[i])) sum[i] += lost[i];
}

export class Sum {
  #sum: number;
  /** The accumulated rounding error. */
  #lost: number;

  /** May go on from the state of another sum. */
  constructor(sum = 0, lost = 0) {
    this.#sum = sum;
    this.#lost = lost;
  }

  get state(): { readonly sum: number; readonly lost: number } {
    return { sum: this.#sum, lost: this.#lost };
  }

  add(x: number): void {
    const next = this.#sum + x;
    this.#lost += roundingError(this.#sum, x, next);
    this.#sum = next;
  }

  /** The sum; its error is at most one unit in the last place, unless terms cancel by more than 50 bits. */
  get value(): number {
    return Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum;
  }
}

/** How many products are added plainly. */
const BLOCK_PRODUCTS = 256;

/** Adds the scalar product of two vectors to a sum. Blocks of products are added plainly, and the sums of blocks with compensation. */
export function addDot(x: Float64Array, y: Float64Array, sum: Sum): void {
  for (let i = 0; i < x.length; ) {
    const end = Math.min(i + BLOCK_PRODUCTS, x.length);
    let [even, odd] = [0, 0];
    // Two chains of additions, which the processor overlaps.
    for (; i + 1 < end; i += 2) {
      even += x[i] * y[i];
      odd += x[i + 1] * y[i + 1];
    }
    if (i < end) even += x[i] * y[i++];
    sum.add(even + odd);
  }
}
