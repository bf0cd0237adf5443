// Products with exp(x) of single numbers, where exp(x) alone may be beyond the range of float64. The kernel has exp itself.
import { timesPowerOf2 } from './powers.ts';
import { residual } from './sum.ts';

/** ln 2 in two parts: the first has its lowest bits free, so that its product with a small integer is exact (as in fdlibm's e_exp.c). */
export const LN2_HIGH = 0.6931471803691238;
export const LN2_LOW = 1.9082149292705877e-10;

/** Adding and subtracting it rounds a number to an integer, and ties to even. */
export const ROUNDER = 6755399441055744;

/** factor · exp(x) for x <= 0, also where exp(x) alone would be beyond the range of float64. */
export function timesExp(factor: number, x: number): number {
  const bounded = x < -1500 ? -1500 : x;
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
