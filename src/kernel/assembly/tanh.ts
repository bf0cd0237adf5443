// tanh of many numbers, in AssemblyScript.
import { NUMBERS } from './memory';

/** ln 2 in two parts: the first has its lowest bits free, so that its product with a small integer is exact (as in fdlibm's e_exp.c). */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** Replaces `n` numbers by their tanh, e / (e + 2) with e = exp(2 |x|) - 1. If n is odd, one more number is processed. */
export function tanh(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) v128.store(at, tanhOf(v128.load(at)));
}

function tanhOf(x: v128): v128 {
  const size = f64x2.abs(x);
  // tanh(22) is 1 in float64.
  const y = f64x2.pmin(f64x2.add(size, size), f64x2.splat(44));
  const n = f64x2.nearest(f64x2.mul(y, f64x2.splat(Math.LOG2E)));
  const r = f64x2.sub(f64x2.sub(y, f64x2.mul(n, f64x2.splat(LN2_HIGH))), f64x2.mul(n, f64x2.splat(LN2_LOW)));
  const scale = powerOf2(n);
  const e = f64x2.add(f64x2.mul(scale, expm1(r)), f64x2.sub(scale, f64x2.splat(1)));
  // 1 - 2 / (e + 2) is more accurate for |x| >= 1, e / (e + 2) for smaller |x|.
  const large = f64x2.ge(size, f64x2.splat(1));
  const quotient = f64x2.div(v128.bitselect(f64x2.splat(2), e, large), f64x2.add(e, f64x2.splat(2)));
  const result = v128.bitselect(f64x2.sub(f64x2.splat(1), quotient), quotient, large);
  return v128.bitselect(x, result, f64x2.splat(-0.0));
}

/** 2^n for integers n from 0 to 1023. */
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
 * exp(r) - 1 for |r| <= ln(2) / 2: its Taylor series up to r^13, whose next term is below half a unit of the last place. Its odd and
 * its even powers are summed side by side, since each step has to wait for the one before.
 */
function expm1(r: v128): v128 {
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
  return f64x2.add(r, f64x2.mul(square, f64x2.add(f64x2.mul(odd, r), even)));
}
