// relu and its backward pass, in AssemblyScript. Without branches: random signs would be mispredicted.
import { MOST, NUMBERS } from './memory';

/** Replaces `n` numbers by their relu. If n is odd, one more number is processed, here and below. */
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
