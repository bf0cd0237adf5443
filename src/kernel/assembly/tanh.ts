// tanh of many numbers and its backward pass, in AssemblyScript.
import {
  difference,
  expm1Rest,
  fastSumError,
  lostOf,
  lowProduct,
  multiple,
  one,
  powerOf2,
  residual,
  shiftedMultiple,
  signOf,
  upperHalf,
} from './exponential';
import { INPUTS, NUMBERS, OTHERS } from './memory';

/** tanh(22) is 1 in float64. */
const SATURATED = memory.data<f64>([44]);
const TWO = memory.data<f64>([2]);

/**
 * Replaces `n` numbers by their tanh, e / (e + 2) with e = exp(2 |x|) - 1. Up to three more numbers are processed.
 */
export function tanh(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  // Two vectors at a time, as each step has to wait for the one before.
  for (let at: usize = NUMBERS << 3; at < end; at += 32) {
    const first = inline.always(tanhOf(v128.load(at)));
    const second = inline.always(tanhOf(v128.load(at, 16)));
    v128.store(at, first);
    v128.store(at, second, 16);
  }
}

/** tanh of a single number; the same operations, and so the same bits. */
export function tanhOfOne(x: f64): f64 {
  return f64x2.extract_lane(inline.always(tanhOf(f64x2.splat(x))), 0);
}

function tanhOf(x: v128): v128 {
  const size = f64x2.abs(x);
  const y = f64x2.pmin(f64x2.add(size, size), v128.load64_splat(SATURATED));
  // y = n ln 2 + r + lost.
  const shifted = shiftedMultiple(y);
  const n = multiple(shifted);
  const high = difference(y, n);
  const low = lowProduct(n);
  const r = f64x2.sub(high, low);
  const lost = lostOf(high, r, low);
  const rest = inline.always(expm1Rest(r));
  // e = (2^n - 1) + 2^n (r + rest + exp(r) lost), as an unevaluated sum of e and eLow.
  const scale = powerOf2(shifted);
  const first = f64x2.sub(scale, one());
  const second = f64x2.mul(scale, r);
  const sum = f64x2.add(first, second);
  const small = f64x2.add(rest, f64x2.mul(lost, f64x2.add(f64x2.add(r, rest), one())));
  // If n = 0, the first term is 0.
  const sumLow = f64x2.add(fastSumError(first, second, sum), f64x2.mul(scale, small));
  const e = f64x2.add(sum, sumLow);
  const eLow = fastSumError(sum, sumLow, e);
  const two = v128.load64_splat(TWO);
  const d = f64x2.add(e, two);
  const dLow = f64x2.add(fastSumError(two, e, d), eLow);
  const inverse = f64x2.div(one(), d);
  const quotient = f64x2.mul(e, inverse);
  const product = inline.always(residual(quotient, upperHalf(quotient), d, upperHalf(d), e));
  const remainder = f64x2.sub(f64x2.sub(eLow, f64x2.mul(quotient, dLow)), product);
  const exact = f64x2.add(quotient, f64x2.mul(remainder, inverse));
  // 1 - 2 / (e + 2) is accurate for |x| >= 1.
  const isLarge = f64x2.ge(size, one());
  const result = v128.bitselect(f64x2.sub(one(), f64x2.add(inverse, inverse)), exact, isLarge);
  return v128.or(result, signOf(x));
}

/** From this output on, the derivative is computed from z: in 1 - a², the rounding error of a would be multiplied by ten or more. */
const STEEP = memory.data<f64>([0.9]);

/** Replaces `n` numbers dA by dZ, given A = tanh(Z) in OTHERS and Z in INPUTS. */
export function tanhPullback(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const a = v128.load(at, (OTHERS - NUMBERS) << 3);
    const isSteep = f64x2.ge(f64x2.abs(a), v128.load64_splat(STEEP));
    let slope = f64x2.sub(one(), f64x2.mul(a, a));
    if (v128.any_true(isSteep)) slope = v128.bitselect(squaredSech(v128.load(at, (INPUTS - NUMBERS) << 3)), slope, isSteep);
    v128.store(at, f64x2.mul(v128.load(at), slope));
  }
}

/** exp(-708) is a normal number. */
const LEAST_NORMAL = memory.data<f64>([708]);
const FOUR = memory.data<f64>([4]);

/**
 * 1 - tanh(x)² = 4 e / (1 + e)² with e = exp(-2 |x|); 0 below the smallest normal number, since products with subnormal numbers take
 * a hundred times as long.
 */
function squaredSech(x: v128): v128 {
  const size = f64x2.abs(x);
  const double = f64x2.add(size, size);
  const y = f64x2.neg(f64x2.pmin(double, v128.load64_splat(LEAST_NORMAL)));
  const shifted = shiftedMultiple(y);
  const n = multiple(shifted);
  const r = f64x2.sub(difference(y, n), lowProduct(n));
  const e = f64x2.mul(f64x2.add(f64x2.add(r, inline.always(expm1Rest(r))), one()), powerOf2(shifted));
  const d = f64x2.add(e, one());
  const slope = f64x2.div(f64x2.mul(v128.load64_splat(FOUR), e), f64x2.mul(d, d));
  // NaN is not larger, and remains NaN.
  return v128.andnot(slope, f64x2.gt(double, v128.load64_splat(LEAST_NORMAL)));
}
