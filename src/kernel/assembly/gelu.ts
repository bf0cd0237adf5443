// gelu of many numbers and its backward pass, exact and by tanh, in AssemblyScript: D. Hendrycks, K. Gimpel, Gaussian Error Linear
// Units (2016).
import {
  difference,
  expm1Rest,
  fastSumError,
  horner,
  horner4,
  lostOf,
  lowProduct,
  multiple,
  one,
  residual,
  scaled,
  shiftedMultiple,
  sumError,
  upperHalf,
} from './exponential';
import { isNegative, slopeOf, timesSigmoid } from './gated';
import { INPUTS, NUMBERS } from './memory';

/** Replaces `n` numbers z by z Φ(z), Φ being the standard normal distribution. */
export function gelu(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) v128.store(at, inline.always(geluOf(v128.load(at))));
}

/** Replaces `n` numbers dA by dZ, given Z in INPUTS. */
export function geluPullback(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const slope = inline.always(geluSlope(v128.load(at, (INPUTS - NUMBERS) << 3)));
    v128.store(at, f64x2.mul(v128.load(at), slope));
  }
}

/** Replaces `n` numbers z by z (1 + tanh(√(2/π) (z + 0.044715 z³))) / 2. */
export function geluTanh(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) v128.store(at, inline.always(geluTanhOf(v128.load(at))));
}

/** Replaces `n` numbers dA by dZ, given Z in INPUTS. */
export function geluTanhPullback(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const slope = inline.always(geluTanhSlope(v128.load(at, (INPUTS - NUMBERS) << 3)));
    v128.store(at, f64x2.mul(v128.load(at), slope));
  }
}

const HALF = memory.data<f64>([0.5]);
const MINUS_HALF = memory.data<f64>([-0.5]);
/** exp(-z²/2) is 0 in float64. */
const BELL_END = memory.data<f64>([39]);

/** Up to these sizes of z, Taylor series are used: beyond, they cancel with the term of degree 0. */
const VALUE_IS_NEAR = memory.data<f64>([0.9]);
const SLOPE_IS_NEAR = memory.data<f64>([0.3]);
/** 1 / √(2π), in two parts. */
const PEAK = memory.data<f64>([0.3989422804014327, -2.49232720227773e-17]);
/** The series of (Φ(z) - ½) / z - 1/√(2π) in powers of z², from the highest down: 1/√(2π) (-1)^n / (2^n n! (2n + 1)). */
const VALUE_NEAR = memory.data<f64>([
  8.133418984498675e-15, -2.121761474217046e-13, 5.1124347902563106e-12, -1.1301171641619213e-10, 2.2735298243728065e-9,
  -4.122667414862689e-8, 6.659693516316651e-7, -9.444656259503615e-6, 0.00011543468761615529, -0.0011873282154804543,
  0.009973557010035817, -0.06649038006690544, 0,
]);
/** The series of (Φ(z) + z φ(z) - ½) / z: the same, times 2n + 2, with its constant. */
const SLOPE_NEAR = memory.data<f64>([
  2.1146889359696558e-13, -5.09222753812091e-12, 1.1247356538563884e-10, -2.2602343283238428e-9, 4.092353683871051e-8,
  -6.596267863780302e-7, 9.323570922843312e-6, -0.00011333587511404338, 0.001154346876161553, -0.009498625723843634,
  0.0598413420602149, -0.26596152026762176, 0.7978845608028654,
]);

/**
 * Two functions of z as polynomials of t = (z - 4) / (z + 4): the change of variable of M. M. Shepherd, J. G. Laframboise,
 * Chebyshev Approximation of (1 + 2x) exp(x²) erfc x in 0 <= x < ∞, Mathematics of Computation 36 (1981). They interpolate values by
 * mpmath at Chebyshev nodes; their relative errors are below 2^-55. The coefficients of even powers come first, then those of odd ones,
 * from the highest down; the constant is in two parts.
 */
const CENTRE = memory.data<f64>([4]);
/** exp(z²/2) z Φ(-z). */
const VALUE_FAR = memory.data<f64>([
  1.937655441074405e-8, -1.2788782260669378e-7, 6.541350935086649e-7, -3.2787895874213628e-6, 1.793186377440308e-5,
  -0.00011650182170810645, 0.0008820814107974222, -0.005509940668751099, -0.06306264153430449, -0.1103796206148395,
  -1.7483146852322445e-8, 4.277049870376558e-8, 2.036512730030744e-7, -2.6041592525148656e-6, 1.661869968652165e-5,
  -4.8875374618549684e-5, -0.0009244369498077324, 0.026428192961872623, 0.10030777139128362, 0.07369424422192966,
  -9.685741832256849e-18, 0.37764256520787576,
]);
/** exp(z²/2) (Φ(-z) - z φ(z)) / (z - zero), `zero` being where the numerator is 0. */
const SLOPE_FAR = memory.data<f64>([
  -3.4804940184243864e-10, 1.5237371833101818e-9, 8.93273078719729e-10, -5.2447959764348216e-8, 4.921785603433795e-7,
  -3.5389016021136614e-6, 1.747721432349398e-5, 0.00015461331285231958, -0.00950495037509947, -0.06046293676785099,
  -1.1857687949644799e-9, 1.063583103950461e-8, -6.26860640142654e-8, 3.490849220625669e-7, -2.216650437966227e-6,
  1.803492198583962e-5, -0.00018577577263317923, 0.0017882605411008242, 0.028083359953052375, 0.10336589852195689,
  4.9364258161318894e-18, -0.4622112440495753,
]);
/** The negative of that zero, in two parts. */
const MINUS_ZERO = memory.data<f64>([-0.7517915246935645, 1.4956759177009883e-17]);

/** z Φ(z): of |z| Φ(-|z|), the negative, or z minus it for z > 0. */
function geluOf(z: v128): v128 {
  const size = f64x2.pmin(f64x2.abs(z), v128.load64_splat(BELL_END));
  const square = f64x2.mul(size, size);
  const constant = v128.load64_splat(VALUE_FAR, CONSTANT);
  const rest = inline.always(far(size, VALUE_FAR));
  const sum = f64x2.add(constant, rest);
  const tail = inline.always(timesBell(sum, fastSumError(constant, rest, sum), size, square));
  const outer = f64x2.sub(f64x2.pmax(z, f64x2.splat(0)), tail);
  // ½ + z (1/√(2π) + …): for z < 0, the rounding errors of both products would grow.
  const peak = v128.load64_splat(PEAK);
  const product = f64x2.mul(z, peak);
  const productLow = f64x2.add(
    residual(z, upperHalf(z), peak, upperHalf(peak), product),
    f64x2.mul(z, v128.load64_splat(PEAK, 8)),
  );
  const small = f64x2.add(f64x2.mul(z, inline.always(near(square, VALUE_NEAR))), productLow);
  const half = v128.load64_splat(HALF);
  const below = f64x2.add(half, product);
  const inner = f64x2.mul(z, f64x2.add(below, f64x2.add(fastSumError(half, product, below), small)));
  return v128.bitselect(inner, outer, f64x2.le(size, v128.load64_splat(VALUE_IS_NEAR)));
}

/** Φ(z) + z φ(z): Φ(-|z|) - |z| φ(z), or 1 minus it for z > 0. */
function geluSlope(z: v128): v128 {
  const size = f64x2.pmin(f64x2.abs(z), v128.load64_splat(BELL_END));
  const square = f64x2.mul(size, size);
  const minusZero = v128.load64_splat(MINUS_ZERO);
  const distance = f64x2.add(size, minusZero);
  const distanceLow = f64x2.add(fastSumError(size, minusZero, distance), v128.load64_splat(MINUS_ZERO, 8));
  const constant = v128.load64_splat(SLOPE_FAR, CONSTANT);
  const rest = inline.always(far(size, SLOPE_FAR));
  const sum = f64x2.add(constant, rest);
  const small = f64x2.add(f64x2.mul(distance, fastSumError(constant, rest, sum)), f64x2.mul(distanceLow, sum));
  const tail = inline.always(timesBell(f64x2.mul(distance, sum), small, size, square));
  const outer = v128.bitselect(tail, f64x2.sub(one(), tail), isNegative(z));
  const inner = f64x2.add(v128.load64_splat(HALF), f64x2.mul(z, inline.always(near(square, SLOPE_NEAR))));
  return v128.bitselect(inner, outer, f64x2.le(size, v128.load64_splat(SLOPE_IS_NEAR)));
}

function near(square: v128, coefficients: usize): v128 {
  const p = horner4(horner4(v128.load64_splat(coefficients), square, coefficients + 8), square, coefficients + 40);
  return horner4(p, square, coefficients + 72);
}

/** Where the constant is in the tables, in bytes. */
const CONSTANT: usize = 168;

/** All but the constant. The even and the odd powers are summed side by side, since each step has to wait for the one before. */
function far(z: v128, coefficients: usize): v128 {
  const centre = v128.load64_splat(CENTRE);
  const t = f64x2.div(f64x2.sub(z, centre), f64x2.add(z, centre));
  const square = f64x2.mul(t, t);
  let even = v128.load64_splat(coefficients);
  even = horner4(even, square, coefficients + 8);
  even = horner4(even, square, coefficients + 40);
  even = horner(even, square, coefficients + 72);
  let odd = v128.load64_splat(coefficients, 80);
  odd = horner4(odd, square, coefficients + 88);
  odd = horner4(odd, square, coefficients + 120);
  odd = horner(odd, square, coefficients + 152);
  return f64x2.add(f64x2.mul(t, f64x2.add(odd, f64x2.mul(even, t))), v128.load64_splat(coefficients, CONSTANT - 8));
}

/** (x + xLow) exp(-z²/2), given |z| and z²: the rounding error of z² would be the relative error of the result. */
function timesBell(x: v128, xLow: v128, size: v128, square: v128): v128 {
  const half = upperHalf(size);
  const exponent = f64x2.mul(square, v128.load64_splat(MINUS_HALF));
  const exponentLow = f64x2.mul(residual(size, half, size, half, square), v128.load64_splat(MINUS_HALF));
  const shifted = shiftedMultiple(exponent);
  const n = multiple(shifted);
  const high = difference(exponent, n);
  const low = lowProduct(n);
  const r = f64x2.sub(high, low);
  const lost = f64x2.add(lostOf(high, r, low), exponentLow);
  const rest = inline.always(expm1Rest(r));
  // exp(r + lost) = m + mLow.
  const m = f64x2.add(one(), r);
  const mLow = f64x2.add(fastSumError(one(), r, m), f64x2.add(rest, f64x2.mul(lost, f64x2.add(m, rest))));
  const small = f64x2.add(f64x2.mul(x, mLow), f64x2.mul(xLow, f64x2.add(m, mLow)));
  return scaled(f64x2.add(f64x2.mul(x, m), small), shifted);
}

/** 2 √(2/π), and its product with 0.044715 and with 3 · 0.044715, each with its own rounding error. */
const FACTOR = memory.data<f64>([1.5957691216057308, -9.96930880911092e-17]);
const CUBIC = memory.data<f64>([0.07135481627260025, -6.175149918155315e-19]);
const CUBIC_SLOPE = memory.data<f64>([0.21406444881780073, 1.2025242832367862e-17]);
/** From here on, sigmoid(2u) is 0 or 1 in float64. */
const SATURATED = memory.data<f64>([26]);
const MINUS_SATURATED = memory.data<f64>([-26]);

/** z (1 + tanh(u)) / 2 = z sigmoid(2u) with u = √(2/π) (z + 0.044715 z³). */
function geluTanhOf(z: v128): v128 {
  const within = f64x2.pmax(z, v128.load64_splat(MINUS_SATURATED));
  const bounded = f64x2.pmin(within, v128.load64_splat(SATURATED));
  const square = f64x2.mul(bounded, bounded);
  const half = upperHalf(bounded);
  const squareLow = residual(bounded, half, bounded, half, square);
  const factor = factorOf(square, CUBIC);
  const x = f64x2.mul(bounded, factor);
  const xLow = productLow(bounded, half, factor, factorLow(square, squareLow, CUBIC, factor), x);
  return inline.always(timesSigmoid(within, isNegative(z), f64x2.neg(x), f64x2.neg(xLow)));
}

/** sigmoid(2u) (1 + 2 z u′ sigmoid(-2u)). */
function geluTanhSlope(z: v128): v128 {
  const size = f64x2.pmin(f64x2.abs(z), v128.load64_splat(SATURATED));
  const square = f64x2.mul(size, size);
  const half = upperHalf(size);
  const squareLow = residual(size, half, size, half, square);
  const factor = factorOf(square, CUBIC);
  const x = f64x2.mul(size, factor);
  const xLow = productLow(size, half, factor, factorLow(square, squareLow, CUBIC, factor), x);
  const slopeFactor = factorOf(square, CUBIC_SLOPE);
  const t = f64x2.mul(size, slopeFactor);
  const tLow = productLow(size, half, slopeFactor, factorLow(square, squareLow, CUBIC_SLOPE, slopeFactor), t);
  return inline.always(slopeOf(true, z, x, xLow, t, tLow));
}

/** FACTOR + the coefficient times z². */
function factorOf(square: v128, coefficient: usize): v128 {
  return f64x2.add(v128.load64_splat(FACTOR), f64x2.mul(v128.load64_splat(coefficient), square));
}

/** The rest of that sum, given that of z². */
function factorLow(square: v128, squareLow: v128, coefficient: usize, sum: v128): v128 {
  const high = v128.load64_splat(coefficient);
  const product = f64x2.mul(high, square);
  const error = residual(high, upperHalf(high), square, upperHalf(square), product);
  const small = f64x2.add(f64x2.mul(high, squareLow), f64x2.mul(v128.load64_splat(coefficient, 8), square));
  const constants = f64x2.add(sumError(v128.load64_splat(FACTOR), product, sum), v128.load64_splat(FACTOR, 8));
  return f64x2.add(constants, f64x2.add(error, small));
}

/** a (b + bLow) - product, given the upper half of a. */
function productLow(a: v128, aHigh: v128, b: v128, bLow: v128, product: v128): v128 {
  return f64x2.add(residual(a, aHigh, b, upperHalf(b), product), f64x2.mul(a, bLow));
}
