// exp and tanh of single numbers, more accurate than those of Math: the error is little more than half a unit in the last place, for
// tanh if |x| < 1. tanh has the same operations as the kernel's (src/kernel/assembly/tanh.ts), so that a result does not depend on
// the length of an array.
import { powerOf2, timesPowerOf2 } from './powers.ts';
import { residual, roundingError } from './sum.ts';

/** ln 2 in two parts: the first has its lowest bits free, so that its product with a small integer is exact (as in fdlibm's e_exp.c). */
export const LN2_HIGH = 0.6931471803691238;
export const LN2_LOW = 1.9082149292705877e-10;

/** Adding and subtracting it rounds a number to an integer, and ties to even. */
export const ROUNDER = 6755399441055744;

/** exp(x). */
export function exp(x: number): number {
  // At the ends, 2^n is no normal number.
  if (!(Math.abs(x) < 708)) return timesExp(1, x);
  const n = x * Math.LOG2E + ROUNDER - ROUNDER;
  const high = x - n * LN2_HIGH;
  const low = n * LN2_LOW;
  const r = high - low;
  const lost = high - r - low;
  return (1 + (r + (expm1Rest(r) + lost))) * powerOf2(n);
}

/** factor · exp(x), also where exp(x) alone would be beyond the range of float64. */
export function timesExp(factor: number, x: number): number {
  const bounded = x > 1500 ? 1500 : x < -1500 ? -1500 : x;
  const n = bounded * Math.LOG2E + ROUNDER - ROUNDER;
  const high = bounded - n * LN2_HIGH;
  const low = n * LN2_LOW;
  const r = high - low;
  const lost = high - r - low;
  // exp(r + lost) = 1 + t, as an unevaluated sum.
  const t = r + (expm1Rest(r) + lost);
  const e = 1 + t;
  const product = factor * e;
  const exact = product + (residual(factor, e, product) + factor * (t - (e - 1)));
  // The correction is NaN for huge factors.
  return timesPowerOf2(Number.isFinite(exact) ? exact : product, n);
}

/** tanh(x) = e / (e + 2) for x >= 0, with e = exp(2x) - 1. */
export function tanh(x: number): number {
  const size = Math.abs(x);
  // tanh(22) is 1 in float64.
  const y = size + size > 44 ? 44 : size + size;
  // y = n ln 2 + r + lost.
  const n = y * Math.LOG2E + ROUNDER - ROUNDER;
  const high = y - n * LN2_HIGH;
  const low = n * LN2_LOW;
  const r = high - low;
  const lost = high - r - low;
  const rest = expm1Rest(r);
  // e = (2^n - 1) + 2^n (r + rest + exp(r) lost), as an unevaluated sum of e and eLow.
  const scale = powerOf2(n);
  const first = scale - 1;
  const second = scale * r;
  const sum = first + second;
  const sumLow = roundingError(first, second, sum) + scale * (rest + lost * (r + rest + 1));
  const e = sum + sumLow;
  const eLow = sumLow - (e - sum);
  const d = e + 2;
  const inverse = 1 / d;
  // 1 - 2 / (e + 2) is accurate for |x| >= 1.
  if (size >= 1) return x < 0 ? inverse + inverse - 1 : 1 - (inverse + inverse);
  const dLow = roundingError(e, 2, d) + eLow;
  const quotient = e * inverse;
  const remainder = eLow - quotient * dLow - residual(quotient, d, e);
  const exact = quotient + remainder * inverse;
  return x < 0 || Object.is(x, -0) ? -exact : exact;
}

/** 1 - tanh(x)² = 4 e / (1 + e)² with e = exp(-2 |x|); 0 below the smallest normal number. */
export function squaredSech(x: number): number {
  const y = -2 * Math.abs(x);
  // exp(-708) is a normal number.
  if (y < -708) return 0;
  const n = y * Math.LOG2E + ROUNDER - ROUNDER;
  const r = y - n * LN2_HIGH - n * LN2_LOW;
  const e = (r + expm1Rest(r) + 1) * powerOf2(n);
  const d = e + 1;
  return (4 * e) / (d * d);
}

/** exp(r) - 1 - r for |r| <= ln(2) / 2: its Taylor series up to r^13. */
export function expm1Rest(r: number): number {
  const square = r * r;
  let odd = 1 / 6227020800;
  let even = 1 / 479001600;
  odd = odd * square + 1 / 39916800;
  even = even * square + 1 / 3628800;
  odd = odd * square + 1 / 362880;
  even = even * square + 1 / 40320;
  odd = odd * square + 1 / 5040;
  even = even * square + 1 / 720;
  odd = odd * square + 1 / 120;
  even = even * square + 1 / 24;
  odd = odd * square + 1 / 6;
  even = even * square + 0.5;
  return square * (odd * r + even);
}
