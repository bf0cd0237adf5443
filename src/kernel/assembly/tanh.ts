// tanh of many numbers and its backward pass, in AssemblyScript. src/linalg/exponential.ts has the same operations for single numbers.
import { INPUTS, NUMBERS, OTHERS } from './memory';

/** ln 2 in two parts: the first has its lowest bits free, so that its product with a small integer is exact (as in fdlibm's e_exp.c). */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** 2^27 + 1, which splits a float64 into two halves. */
const SPLITTER = 134217729.0;

/** Loading and splatting constants from memory is faster than v128 constants. */
const CONSTANTS = memory.data<f64>([44, Math.LOG2E, LN2_HIGH, LN2_LOW, 1, 2, SPLITTER]);

/**
 * Replaces `n` numbers by their tanh, e / (e + 2) with e = exp(2 |x|) - 1. If n is odd, one more number is processed, here and
 * below.
 */
export function tanh(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  // Two vectors at a time, as each step has to wait for the one before.
  for (let at: usize = NUMBERS << 3; at < end; at += 32) {
    const first = tanhOf(v128.load(at));
    const second = tanhOf(v128.load(at, 16));
    v128.store(at, first);
    v128.store(at, second, 16);
  }
}

// @ts-expect-error: decorator
function tanhOf(x: v128): v128 {
  const size = f64x2.abs(x);
  // tanh(22) is 1 in float64.
  const y = f64x2.pmin(f64x2.add(size, size), v128.load64_splat(CONSTANTS, 0));
  const n = f64x2.nearest(f64x2.mul(y, v128.load64_splat(CONSTANTS, 8)));
  // y = n ln 2 + r + lost.
  const high = f64x2.sub(y, f64x2.mul(n, v128.load64_splat(CONSTANTS, 16)));
  const low = f64x2.mul(n, v128.load64_splat(CONSTANTS, 24));
  const r = f64x2.sub(high, low);
  const lost = f64x2.sub(f64x2.sub(high, r), low);
  const rest = expm1Rest(r);
  // e = (2^n - 1) + 2^n (r + rest + exp(r) lost), as an unevaluated sum of e and eLow.
  const scale = powerOf2(n);
  const first = f64x2.sub(scale, v128.load64_splat(CONSTANTS, 32));
  const second = f64x2.mul(scale, r);
  const sum = f64x2.add(first, second);
  const small = f64x2.add(rest, f64x2.mul(lost, f64x2.add(f64x2.add(r, rest), v128.load64_splat(CONSTANTS, 32))));
  const sumLow = f64x2.add(sumError(first, second, sum), f64x2.mul(scale, small));
  const e = f64x2.add(sum, sumLow);
  const eLow = f64x2.sub(sumLow, f64x2.sub(e, sum));
  const d = f64x2.add(e, v128.load64_splat(CONSTANTS, 40));
  const dLow = f64x2.add(sumError(e, v128.load64_splat(CONSTANTS, 40), d), eLow);
  const inverse = f64x2.div(v128.load64_splat(CONSTANTS, 32), d);
  const quotient = f64x2.mul(e, inverse);
  const remainder = f64x2.sub(f64x2.sub(eLow, f64x2.mul(quotient, dLow)), residual(quotient, d, e));
  const exact = f64x2.add(quotient, f64x2.mul(remainder, inverse));
  // 1 - 2 / (e + 2) is accurate for |x| >= 1.
  const isLarge = f64x2.ge(size, v128.load64_splat(CONSTANTS, 32));
  const result = v128.bitselect(f64x2.sub(v128.load64_splat(CONSTANTS, 32), f64x2.add(inverse, inverse)), exact, isLarge);
  return v128.bitselect(x, result, f64x2.splat(-0.0));
}

/** The rounding error of sum = a + b: D. E. Knuth, The Art of Computer Programming, volume 2, 4.2.2. */
// @ts-expect-error: decorator
function sumError(a: v128, b: v128, sum: v128): v128 {
  const part = f64x2.sub(sum, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, part)), f64x2.sub(b, part));
}

/** a b - c, where c is close to a b: T. J. Dekker, A Floating-Point Technique for Extending the Available Precision (1971). */
// @ts-expect-error: decorator
function residual(a: v128, b: v128, c: v128): v128 {
  const aHigh = upperHalf(a);
  const bHigh = upperHalf(b);
  const aLow = f64x2.sub(a, aHigh);
  const bLow = f64x2.sub(b, bHigh);
  let rest = f64x2.sub(f64x2.mul(aHigh, bHigh), c);
  rest = f64x2.add(rest, f64x2.mul(aHigh, bLow));
  rest = f64x2.add(rest, f64x2.mul(aLow, bHigh));
  return f64x2.add(rest, f64x2.mul(aLow, bLow));
}

// @ts-expect-error: decorator
function upperHalf(x: v128): v128 {
  const scaled = f64x2.mul(x, v128.load64_splat(CONSTANTS, 48));
  return f64x2.sub(scaled, f64x2.sub(scaled, x));
}

/** From this output on, the derivative is computed from z: in 1 - a², the rounding error of a would be multiplied by ten or more. */
const STEEP = 0.9;

/** Replaces `n` numbers dA by dZ, given A = tanh(Z) in OTHERS and Z in INPUTS. */
export function tanhPullback(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const a = v128.load(at, (OTHERS - NUMBERS) << 3);
    const isSteep = f64x2.ge(f64x2.abs(a), f64x2.splat(STEEP));
    let slope = f64x2.sub(f64x2.splat(1), f64x2.mul(a, a));
    if (v128.any_true(isSteep)) slope = v128.bitselect(squaredSech(v128.load(at, (INPUTS - NUMBERS) << 3)), slope, isSteep);
    v128.store(at, f64x2.mul(v128.load(at), slope));
  }
}

/**
 * 1 - tanh(x)² = 4 e / (1 + e)² with e = exp(-2 |x|); 0 below the smallest normal number, since products with subnormal numbers take
 * a hundred times as long.
 */
function squaredSech(x: v128): v128 {
  const size = f64x2.abs(x);
  const double = f64x2.add(size, size);
  const y = f64x2.neg(f64x2.pmin(double, f64x2.splat(LEAST_NORMAL)));
  const n = f64x2.nearest(f64x2.mul(y, f64x2.splat(Math.LOG2E)));
  const r = f64x2.sub(f64x2.sub(y, f64x2.mul(n, f64x2.splat(LN2_HIGH))), f64x2.mul(n, f64x2.splat(LN2_LOW)));
  const e = f64x2.mul(f64x2.add(f64x2.add(r, expm1Rest(r)), f64x2.splat(1)), powerOf2(n));
  const d = f64x2.add(e, f64x2.splat(1));
  const slope = f64x2.div(f64x2.mul(f64x2.splat(4), e), f64x2.mul(d, d));
  // NaN is not larger, and remains NaN.
  return v128.andnot(slope, f64x2.gt(double, f64x2.splat(LEAST_NORMAL)));
}

/** exp(-708) is a normal number. */
const LEAST_NORMAL = 708.0;

/** 2^n for integers n from -1022 to 1023. */
// @ts-expect-error: decorator
function powerOf2(n: v128): v128 {
  const integers = i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(n));
  return i64x2.shl(i64x2.add(integers, i64x2.splat(1023)), 52);
}

/** 1 / 13!, 1 / 12! and so on to 1 / 2!. Loading and splatting them from memory is faster than v128 constants. */
const COEFFICIENTS = memory.data<f64>([
  1.0 / 6227020800,
  1.0 / 479001600,
  1.0 / 39916800,
  1.0 / 3628800,
  1.0 / 362880,
  1.0 / 40320,
  1.0 / 5040,
  1.0 / 720,
  1.0 / 120,
  1.0 / 24,
  1.0 / 6,
  0.5,
]);

/**
 * exp(r) - 1 - r for |r| <= ln(2) / 2: its Taylor series up to r^13, whose next term is below half a unit of the last place. Its odd and
 * its even powers are summed side by side, since each step has to wait for the one before.
 */
// @ts-expect-error: decorator
function expm1Rest(r: v128): v128 {
  const square = f64x2.mul(r, r);
  let odd = v128.load64_splat(COEFFICIENTS);
  let even = v128.load64_splat(COEFFICIENTS, 8);
  odd = f64x2.add(f64x2.mul(odd, square), v128.load64_splat(COEFFICIENTS, 16));
  even = f64x2.add(f64x2.mul(even, square), v128.load64_splat(COEFFICIENTS, 24));
  odd = f64x2.add(f64x2.mul(odd, square), v128.load64_splat(COEFFICIENTS, 32));
  even = f64x2.add(f64x2.mul(even, square), v128.load64_splat(COEFFICIENTS, 40));
  odd = f64x2.add(f64x2.mul(odd, square), v128.load64_splat(COEFFICIENTS, 48));
  even = f64x2.add(f64x2.mul(even, square), v128.load64_splat(COEFFICIENTS, 56));
  odd = f64x2.add(f64x2.mul(odd, square), v128.load64_splat(COEFFICIENTS, 64));
  even = f64x2.add(f64x2.mul(even, square), v128.load64_splat(COEFFICIENTS, 72));
  odd = f64x2.add(f64x2.mul(odd, square), v128.load64_splat(COEFFICIENTS, 80));
  even = f64x2.add(f64x2.mul(even, square), v128.load64_splat(COEFFICIENTS, 88));
  return f64x2.mul(square, f64x2.add(f64x2.mul(odd, r), even));
}
