// relu, leaky relu and their backward passes, in AssemblyScript. Without branches: random signs would be mispredicted.
import { INPUTS, MOST, NUMBERS } from './memory';

/** Replaces `n` numbers by their relu. If n is odd, one more number is processed, in all functions. */
export function relu(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) v128.store(at, f64x2.max(v128.load(at), f64x2.splat(0)));
}

/** Replaces `n` numbers dA by dZ, given A = relu(Z) in OTHERS. */
export function reluPullback(n: i32): void {
  const end: usize = (NUMBERS + n) << 3;
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    v128.store(at, v128.and(v128.load(at), f64x2.gt(v128.load(at, MOST << 3), f64x2.splat(0))));
  }
}

/** Replaces `n` numbers z that are not positive by slope · z. */
export function leakyRelu(n: i32, slope: f64): void {
  const end: usize = (NUMBERS + n) << 3;
  const factor = f64x2.splat(slope);
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const z = v128.load(at);
    v128.store(at, v128.bitselect(z, f64x2.mul(factor, z), f64x2.gt(z, f64x2.splat(0))));
  }
}

/** Replaces `n` numbers dA by dZ, given Z in INPUTS. If the slope is 0, 0 times infinity is 0. */
export function leakyReluPullback(n: i32, slope: f64): void {
  const end: usize = (NUMBERS + n) << 3;
  const factor = f64x2.splat(slope);
  const hasSlope = f64x2.ne(factor, f64x2.splat(0));
  for (let at: usize = NUMBERS << 3; at < end; at += 16) {
    const dA = v128.load(at);
    const isPositive = f64x2.gt(v128.load(at, (INPUTS - NUMBERS) << 3), f64x2.splat(0));
    v128.store(at, v128.bitselect(dA, v128.and(f64x2.mul(dA, factor), hasSlope), isPositive));
  }
}
