// Products with the sigmoid function, and their derivatives, of vectors of two numbers: for sigmoid, silu and gelu.
import {
  difference,
  evenPowers,
  expm1Rest,
  fastSumError,
  firstFactor,
  lostOf,
  lowProduct,
  multiple,
  oddPowers,
  one,
  scaled,
  secondFactor,
  shiftedInteger,
  shiftedMultiple,
  signOf,
  sumError,
} from './exponential';

export function isNegative(z: v128): v128 {
  return f64x2.lt(z, f64x2.splat(0));
}

/**
 * factor · sigmoid(-x - xLow) = factor / (1 + exp(x + xLow)). With exp(x + xLow) = 2^n exp(r), the denominator is 1 + 2^n exp(r), or
 * for x > 0 2^n (2^-n + exp(r)), so that it cannot overflow, and is rounded once.
 */
export function timesSigmoid(factor: v128, isPositive: v128, x: v128, xLow: v128): v128 {
  const n = multiple(shiftedMultiple(x));
  const high = difference(x, n);
  const low = lowProduct(n);
  const r = f64x2.sub(high, low);
  const lost = f64x2.add(lostOf(high, r, low), xLow);
  const rest = inline.always(expm1Rest(r));
  // exp(r + lost) = m + mLow.
  const m = f64x2.add(one(), r);
  const mLow = f64x2.add(fastSumError(one(), r, m), f64x2.add(rest, f64x2.mul(lost, f64x2.add(m, rest))));
  const shifted = shiftedInteger(f64x2.neg(f64x2.abs(n)));
  const power = f64x2.mul(firstFactor(shifted), secondFactor(shifted));
  const larger = v128.bitselect(m, one(), isPositive);
  const smaller = v128.bitselect(power, f64x2.mul(power, m), isPositive);
  const sum = f64x2.add(larger, smaller);
  const sumLow = f64x2.add(fastSumError(larger, smaller, sum), v128.bitselect(mLow, f64x2.mul(power, mLow), isPositive));
  return inline.always(scaledIf(isPositive, f64x2.div(factor, f64x2.add(sum, sumLow)), shifted));
}

/** x 2^n where the condition holds, otherwise x. */
function scaledIf(condition: v128, x: v128, shifted: v128): v128 {
  const first = v128.bitselect(firstFactor(shifted), one(), condition);
  return f64x2.mul(f64x2.mul(x, first), v128.bitselect(secondFactor(shifted), one(), condition));
}

/**
 * The derivative of sigmoid, or with `isGated` that of z sigmoid(u) for an odd function u of z, sigmoid(u) (1 + z u′ sigmoid(-u)): given
 * x = |u| and t = |z u′|, each with its rounding error. With exp(x) = 2^n exp(r) and d = exp(r) + 2^-n (2 + 2^-n exp(-r)), they are
 *
 *     sigmoid:               2^-n / d
 *     z sigmoid(u), z >= 0:  (exp(r) + 2^-n (1 + t)) / d
 *     z sigmoid(u), z < 0:   2^-n (1 - t + 2^-n exp(-r)) / d
 *
 * The last sum has a zero.
 *
 * Rounding errors, with u = 2^-53: as |r| < 0.35, growth and decay with their low parts are off by at most 0.3 u: their rests are below
 * 0.07, and computed with a few roundings. d is at least exp(r) > 0.7, and at least 4 if n = 0. For sigmoid, the low parts (0.6 u),
 * the rounding of d (1 u) and that of the quotient (1 u) make less than 3 u, relatively: at most 2 units in the last place in all
 * measured numbers. Otherwise the rounding error of d is subtracted again, so that the quotient has the errors of the low parts and its
 * own rounding, except near the zero of the last sum, where the errors of its two terms, 0.6 u, stay while the sum vanishes.
 */
export function slopeOf(isGated: bool, z: v128, x: v128, xLow: v128, t: v128, tLow: v128): v128 {
  const n = multiple(shiftedMultiple(x));
  const high = difference(x, n);
  const low = lowProduct(n);
  const r = f64x2.sub(high, low);
  const lost = f64x2.add(lostOf(high, r, low), xLow);
  const square = f64x2.mul(r, r);
  const odd = f64x2.mul(oddPowers(square), r);
  const even = evenPowers(square);
  // exp(r + lost) = growth + growthLow, exp(-r - lost) = decay + decayLow.
  const growth = f64x2.add(one(), r);
  const rest = f64x2.mul(square, f64x2.add(even, odd));
  const growthLow = f64x2.add(fastSumError(one(), r, growth), f64x2.add(rest, f64x2.mul(lost, f64x2.add(growth, rest))));
  const decay = f64x2.sub(one(), r);
  const decayRest = f64x2.mul(square, f64x2.sub(even, odd));
  const decayLow = f64x2.add(
    fastSumError(one(), f64x2.neg(r), decay),
    f64x2.sub(decayRest, f64x2.mul(lost, f64x2.add(decay, decayRest))),
  );
  const shifted = shiftedInteger(f64x2.neg(n));
  const power = f64x2.mul(firstFactor(shifted), secondFactor(shifted));
  const e = f64x2.mul(power, decay);
  const eLow = f64x2.mul(power, decayLow);
  // The two that are near 1 if n = 0 come first: the rounding errors of r cancel.
  const middle = f64x2.add(growth, f64x2.mul(power, e));
  const middleLow = f64x2.add(fastSumError(growth, f64x2.mul(power, e), middle), f64x2.add(growthLow, f64x2.mul(power, eLow)));
  const ends = f64x2.add(f64x2.add(power, power), middleLow);
  const d = f64x2.add(middle, ends);
  if (!isGated) return scaled(f64x2.div(one(), d), shifted);
  const negative = isNegative(z);
  const sign = signOf(negative);
  const signedT = v128.xor(t, sign);
  const factor = f64x2.add(one(), signedT);
  const factorLow = f64x2.add(fastSumError(one(), signedT, factor), v128.xor(tLow, sign));
  const first = v128.bitselect(factor, f64x2.mul(power, factor), negative);
  const second = v128.bitselect(e, growth, negative);
  const sumLow = v128.bitselect(f64x2.add(factorLow, eLow), f64x2.add(f64x2.mul(power, factorLow), growthLow), negative);
  const sum = f64x2.add(first, second);
  // The rounding error of d would be twice that of the quotient.
  const correction = f64x2.mul(f64x2.div(sum, d), fastSumError(middle, ends, d));
  const numerator = f64x2.add(sum, f64x2.add(sumError(first, second, sum), f64x2.sub(sumLow, correction)));
  return inline.always(scaledIf(negative, f64x2.div(numerator, d), shifted));
}
