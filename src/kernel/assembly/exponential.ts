// The exponential function of vectors of two numbers, and the arithmetic that the functions based on it share.

/** Numbers that are spread over a vector: loading them is faster than v128 constants. */
const ONE = memory.data<f64>([1]);
const LOG2E = memory.data<f64>([Math.LOG2E]);
/** ln 2 in two parts: the first has its lowest bits free, so that its product with a small integer is exact (as in fdlibm's e_exp.c). */
const LN2_HIGH = memory.data<f64>([0.6931471803691238]);
const LN2_LOW = memory.data<f64>([1.9082149292705877e-10]);
/** Adding it rounds a number to an integer, ties to even, which is then in the lowest bits. */
const ROUNDER = memory.data<f64>([6755399441055744.0]);
/** exp(BOUND) is infinite in float64 and exp(-BOUND) is 0, even times BOUND. */
const BOUND = memory.data<f64>([1400]);
const MINUS_BOUND = memory.data<f64>([-1400]);
const BIAS = memory.data<i64>([1023]);
const TWICE_BIAS = memory.data<i64>([2046]);
const TWICE_BIAS_AND_ONE = memory.data<i64>([2047]);
const EXPONENT_BITS = memory.data<i64>([0x7ff0000000000000]);
/** The sign, the exponent and the first 25 bits of the fraction. */
const UPPER_BITS = memory.data<i64>([-134217728]);

const SIGN = memory.data<f64>([-0.0]);

/** The sign bit of x alone. */
export function signOf(x: v128): v128 {
  return v128.and(x, v128.load64_splat(SIGN));
}

export function one(): v128 {
  return v128.load64_splat(ONE);
}

/** x, but not above BOUND. NaN remains NaN, here and below. */
export function boundedAbove(x: v128): v128 {
  return f64x2.pmin(x, v128.load64_splat(BOUND));
}

/** x, but not below -BOUND. */
export function boundedBelow(x: v128): v128 {
  return f64x2.pmax(x, v128.load64_splat(MINUS_BOUND));
}

/** ROUNDER + n for integers n. */
export function shiftedInteger(n: v128): v128 {
  return f64x2.add(n, v128.load64_splat(ROUNDER));
}

/** n, the integer nearest to x / ln 2, plus ROUNDER. */
export function shiftedMultiple(x: v128): v128 {
  return shiftedInteger(f64x2.mul(x, v128.load64_splat(LOG2E)));
}

export function multiple(shifted: v128): v128 {
  return f64x2.sub(shifted, v128.load64_splat(ROUNDER));
}

/** x - n ln 2 = difference - low = r + lost: see `remainder` and `lostOf`. */
export function difference(x: v128, n: v128): v128 {
  return f64x2.sub(x, f64x2.mul(n, v128.load64_splat(LN2_HIGH)));
}

export function lowProduct(n: v128): v128 {
  return f64x2.mul(n, v128.load64_splat(LN2_LOW));
}

/** The rounding error of r = high - low. */
export function lostOf(high: v128, r: v128, low: v128): v128 {
  return f64x2.sub(f64x2.sub(high, r), low);
}

/** 2^n for integers n from -1022 to 1023. */
export function powerOf2(shifted: v128): v128 {
  return i64x2.shl(i64x2.add(shifted, v128.load64_splat(BIAS)), 52);
}

/**
 * The two factors of 2^n, 2^floor(n / 2) and 2^ceil(n / 2), for products beyond the normal numbers: half of an integer, shifted by one
 * bit less.
 */
export function firstFactor(shifted: v128): v128 {
  return v128.and(i64x2.shl(i64x2.add(shifted, v128.load64_splat(TWICE_BIAS)), 51), v128.load64_splat(EXPONENT_BITS));
}

export function secondFactor(shifted: v128): v128 {
  return v128.and(i64x2.shl(i64x2.add(shifted, v128.load64_splat(TWICE_BIAS_AND_ONE)), 51), v128.load64_splat(EXPONENT_BITS));
}

/** exp(x - n ln 2), from √½ to √2. */
export function mantissa(x: v128, shifted: v128): v128 {
  const n = multiple(shifted);
  const high = difference(x, n);
  const low = lowProduct(n);
  const r = f64x2.sub(high, low);
  const small = f64x2.add(inline.always(expm1Rest(r)), lostOf(high, r, low));
  const sum = f64x2.add(one(), r);
  return f64x2.add(sum, f64x2.add(fastSumError(one(), r, sum), small));
}

/** exp(x). Error: little more than half a unit in the last place. */
export function expOf(x: v128): v128 {
  const within = boundedBelow(boundedAbove(x));
  const shifted = shiftedMultiple(within);
  return scaled(inline.always(mantissa(within, shifted)), shifted);
}

/** x 2^n. */
export function scaled(x: v128, shifted: v128): v128 {
  return f64x2.mul(f64x2.mul(x, firstFactor(shifted)), secondFactor(shifted));
}

/** 1 / 13!, 1 / 12! and so on to 1 / 2!. */
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
export function expm1Rest(r: v128): v128 {
  const square = f64x2.mul(r, r);
  return f64x2.mul(square, f64x2.add(f64x2.mul(oddPowers(square), r), evenPowers(square)));
}

/** r^3 and higher odd powers, divided by r^3. */
export function oddPowers(square: v128): v128 {
  let odd = v128.load64_splat(COEFFICIENTS);
  odd = horner(odd, square, COEFFICIENTS + 16);
  odd = horner(odd, square, COEFFICIENTS + 32);
  odd = horner(odd, square, COEFFICIENTS + 48);
  odd = horner(odd, square, COEFFICIENTS + 64);
  return horner(odd, square, COEFFICIENTS + 80);
}

/** r^2 and higher even powers, divided by r^2. */
export function evenPowers(square: v128): v128 {
  let even = v128.load64_splat(COEFFICIENTS, 8);
  even = horner(even, square, COEFFICIENTS + 24);
  even = horner(even, square, COEFFICIENTS + 40);
  even = horner(even, square, COEFFICIENTS + 56);
  even = horner(even, square, COEFFICIENTS + 72);
  return horner(even, square, COEFFICIENTS + 88);
}

/** p x + the coefficient at `address`. */
export function horner(p: v128, x: v128, address: usize): v128 {
  return f64x2.add(f64x2.mul(p, x), v128.load64_splat(address));
}

/** Four steps of Horner's scheme. */
export function horner4(p: v128, x: v128, address: usize): v128 {
  return horner(horner(horner(horner(p, x, address), x, address + 8), x, address + 16), x, address + 24);
}

/** The rounding error of sum = a + b: D. E. Knuth, The Art of Computer Programming, volume 2, 4.2.2. */
export function sumError(a: v128, b: v128, sum: v128): v128 {
  const part = f64x2.sub(sum, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, part)), f64x2.sub(b, part));
}

/** The same if |a| >= |b|, or if a is a multiple of the last bit of b: T. J. Dekker (1971), as below. */
export function fastSumError(a: v128, b: v128, sum: v128): v128 {
  return f64x2.sub(b, f64x2.sub(sum, a));
}

/** x with 26 bits, for `residual`: the rest has 27. */
export function upperHalf(x: v128): v128 {
  return v128.and(x, v128.load64_splat(UPPER_BITS));
}

/**
 * a b - c, where c is close to a b, given the upper halves of a and b: T. J. Dekker, A Floating-Point Technique for Extending the
 * Available Precision (1971).
 */
export function residual(a: v128, aHigh: v128, b: v128, bHigh: v128, c: v128): v128 {
  const aLow = f64x2.sub(a, aHigh);
  const bLow = f64x2.sub(b, bHigh);
  let rest = f64x2.sub(f64x2.mul(aHigh, bHigh), c);
  rest = f64x2.add(rest, f64x2.mul(aHigh, bLow));
  rest = f64x2.add(rest, f64x2.mul(aLow, bHigh));
  return f64x2.add(rest, f64x2.mul(aLow, bLow));
}
