// What relu does to many numbers, and the way back through relu and tanh, in AssemblyScript: without branches, which random signs make slow.
import { MOST, NUMBERS } from './tanh';

/** Where the second operand is, in float64 numbers. */
export const OTHERS: i32 = NUMBERS + MOST;

/** Replaces `n` numbers by the larger of each and 0. An odd n takes one number more along, here and below. */
export function relu(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) v128.store(at, f64x2.max(v128.load(at), f64x2.splat(0)));
}

/** Replaces `n` numbers dA by dZ, given the others, A = relu(Z). */
export function reluPullback(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    v128.store(at, v128.and(v128.load(at), f64x2.gt(v128.load(at, MOST << 3), f64x2.splat(0))));
  }
}

/** Replaces `n` numbers dA by dZ, given the others, A = tanh(Z). */
export function tanhPullback(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const a = v128.load(at, MOST << 3);
    v128.store(at, f64x2.mul(v128.load(at), f64x2.sub(f64x2.splat(1), f64x2.mul(a, a))));
  }
}
