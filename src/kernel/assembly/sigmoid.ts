// exp, sigmoid, silu, softplus of many numbers and their backward passes, in AssemblyScript. All are functions of exp(-|z|), which
// never overflows.
import {
  boundedAbove,
  boundedBelow,
  difference,
  evenPowers,
  expm1Rest,
  expOf,
  fastSumError,
  firstFactor,
  horner,
  lostOf,
  lowProduct,
  mantissa,
  multiple,
  oddPowers,
  one,
  scaled,
  secondFactor,
  shiftedInteger,
  shiftedMultiple,
  sumError,
} from './exponential';
import { INPUTS, NUMBERS } from './memory';

/** Replaces `n` numbers z by exp(z). */
export function exp(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) v128.store(at, inline.always(expOf(v128.load(at))));
}

/** Replaces `n` numbers z by 1 / (1 + exp(-z)). */
export function sigmoid(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) v128.store(at, inline.always(sigmoidOf(v128.load(at))));
}

/** Replaces `n` numbers dA by dZ, given Z in INPUTS. */
export function sigmoidPullback(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const slope = inline.always(sigmoidSlope(v128.load(at, (INPUTS - NUMBERS) << 3)));
    v128.store(at, f64x2.mul(v128.load(at), slope));
  }
}

/** Replaces `n` numbers z by z sigmoid(z). */
export function silu(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) v128.store(at, inline.always(siluOf(v128.load(at))));
}

/** Replaces `n` numbers dA by dZ, given Z in INPUTS. */
export function siluPullback(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const slope = inline.always(siluSlope(v128.load(at, (INPUTS - NUMBERS) << 3)));
    v128.store(at, f64x2.mul(v128.load(at), slope));
  }
}

/** Replaces `n` numbers z by log(1 + exp(βz)) / β, or by z itself where βz is above the threshold. */
export function softplus(n: i32, beta: f64, threshold: f64): void {
  const end: usize = (NUMBERS + n) << 3;
  const factor = f64x2.splat(beta);
  const most = f64x2.splat(threshold);
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const z = v128.load(at);
    const x = f64x2.mul(z, factor);
    const result = f64x2.div(inline.always(softplusOf(x)), factor);
    v128.store(at, v128.bitselect(z, result, f64x2.gt(x, most)));
  }
}

/** Replaces `n` numbers dA by dZ, given Z in INPUTS. */
export function softplusPullback(n: i32, beta: f64, threshold: f64): void {
  const end: usize = (NUMBERS + n) << 3;
  const factor = f64x2.splat(beta);
  const most = f64x2.splat(threshold);
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const x = f64x2.mul(v128.load(at, (INPUTS - NUMBERS) << 3), factor);
    const slope = v128.bitselect(one(), inline.always(sigmoidOf(x)), f64x2.gt(x, most));
    v128.store(at, f64x2.mul(v128.load(at), slope));
  }
}

/** exp(-|z|). */
function decay(size: v128): v128 {
  const x = f64x2.neg(size);
  const shifted = shiftedMultiple(x);
  return scaled(inline.always(mantissa(x, shifted)), shifted);
}

function isNegative(z: v128): v128 {
  return f64x2.lt(z, f64x2.splat(0));
}

/** sigmoid(z). */
function sigmoidOf(z: v128): v128 {
  return inline.always(timesSigmoid(one(), isNegative(z), opposite(z), f64x2.splat(0)));
}

/** z sigmoid(z). */
function siluOf(z: v128): v128 {
  return inline.always(timesSigmoid(boundedBelow(z), isNegative(z), opposite(z), f64x2.splat(0)));
}

/** -z within the bounds. */
function opposite(z: v128): v128 {
  return f64x2.neg(boundedBelow(boundedAbove(z)));
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

/** sigmoid(z) sigmoid(-z). */
function sigmoidSlope(z: v128): v128 {
  const size = boundedAbove(f64x2.abs(z));
  return inline.always(slopeOf(false, z, size, f64x2.splat(0), size, f64x2.splat(0)));
}

/** sigmoid(z) (1 + z sigmoid(-z)). */
function siluSlope(z: v128): v128 {
  const size = boundedAbove(f64x2.abs(z));
  return inline.always(slopeOf(true, z, size, f64x2.splat(0), size, f64x2.splat(0)));
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
  const sign = v128.and(negative, f64x2.splat(-0.0));
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

/** max(z, 0) + log(1 + e). */
function softplusOf(z: v128): v128 {
  const e = inline.always(decay(boundedAbove(f64x2.abs(z))));
  return f64x2.add(f64x2.pmax(z, f64x2.splat(0)), inline.always(log1p(e)));
}

const SQRT2_MINUS_1 = memory.data<f64>([Math.SQRT2 - 1]);
const HALF = memory.data<f64>([0.5]);
const LN2 = memory.data<f64>([Math.LN2]);

/** The coefficients of fdlibm's e_log.c: of s¹², s⁸, s⁴; of s¹⁴, s¹⁰, s⁶, s². */
const LOGARITHM = memory.data<f64>([
  1.531383769920937332e-1, 2.222219843214978396e-1, 3.999999999940941908e-1, 1.479819860511658591e-1, 1.818357216161805012e-1,
  2.857142874366239149e-1, 6.66666666666673513e-1,
]);

/**
 * log(1 + e) with 0 <= e <= 1, as in fdlibm's e_log.c: by f = e, or for e > √2 - 1 by f = (e - 1) / 2, so that 1 + e = 2 (1 + f). With
 * s = f / (2 + f), log(1 + f) = f - f²/2 + s (f²/2 + R(s²)).
 */
function log1p(e: v128): v128 {
  const half = v128.load64_splat(HALF);
  const isLarge = f64x2.gt(e, v128.load64_splat(SQRT2_MINUS_1));
  const f = v128.bitselect(f64x2.mul(f64x2.sub(e, one()), half), e, isLarge);
  const s = f64x2.div(f, f64x2.add(f, f64x2.add(one(), one())));
  const s2 = f64x2.mul(s, s);
  const s4 = f64x2.mul(s2, s2);
  const even = horner(horner(v128.load64_splat(LOGARITHM), s4, LOGARITHM + 8), s4, LOGARITHM + 16);
  const odd = horner(
    horner(horner(v128.load64_splat(LOGARITHM, 24), s4, LOGARITHM + 32), s4, LOGARITHM + 40),
    s4,
    LOGARITHM + 48,
  );
  const rest = f64x2.add(f64x2.mul(odd, s2), f64x2.mul(even, s4));
  const halfSquare = f64x2.mul(half, f64x2.mul(f, f));
  const result = f64x2.sub(f, f64x2.sub(halfSquare, f64x2.mul(s, f64x2.add(halfSquare, rest))));
  return f64x2.add(v128.and(v128.load64_splat(LN2), isLarge), result);
}
