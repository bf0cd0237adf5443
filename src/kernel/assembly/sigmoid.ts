// exp, sigmoid, silu, softplus of many numbers and their backward passes, in AssemblyScript.
import { boundedAbove, boundedBelow, expOf, horner, one } from './exponential';
import { isNegative, slopeOf, timesSigmoid } from './gated';
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

/** exp(z) of a single number; the same operations, and so the same bits. */
export function expOfOne(z: f64): f64 {
  return f64x2.extract_lane(inline.always(expOf(f64x2.splat(z))), 0);
}

export function sigmoidOfOne(z: f64): f64 {
  return f64x2.extract_lane(inline.always(sigmoidOf(f64x2.splat(z))), 0);
}

/** log(1 + exp(z)). */
export function softplusOfOne(z: f64): f64 {
  return f64x2.extract_lane(inline.always(softplusOf(f64x2.splat(z))), 0);
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

/** max(z, 0) + log(1 + e) with e = exp(-|z|). */
function softplusOf(z: v128): v128 {
  const e = inline.always(expOf(f64x2.neg(f64x2.abs(z))));
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
