// Fills the tables of 128-bit powers for the kernel's parsing and formatting of numbers.
import { memory } from './kernel.ts';

const WIDTH = 128;

/** The first 128 bits of base^k: truncated if k >= 0, rounded up if k < 0 or with `roundUp`. */
function significant(base: bigint, k: number, roundUp: boolean): bigint {
  const power = base ** BigInt(Math.abs(k));
  const bits = power.toString(2).length;
  if (k >= 0) {
    const shift = BigInt(Math.max(0, bits - WIDTH));
    const exact = power << BigInt(Math.max(0, WIDTH - bits));
    const cut = exact >> shift;
    return roundUp && cut << shift !== exact ? cut + 1n : cut;
  }
  const reciprocal = (1n << BigInt(2 * bits + WIDTH)) / power;
  const digits = reciprocal >> BigInt(reciprocal.toString(2).length - WIDTH);
  return digits + 1n;
}

/** Fills the table at `address` with base^k for k from `least` to `most`; the high 64 bits of each come first. */
export function fillPowers(address: number, base: bigint, least: number, most: number, roundUp: boolean): void {
  const words = new BigUint64Array(memory.buffer, address);
  for (let k = least, at = 0; k <= most; k++) {
    const digits = significant(base, k, roundUp);
    words[at++] = digits >> 64n;
    words[at++] = BigInt.asUintN(64, digits);
  }
}

/** Fills the table at `address` with 10^k for k from `least` to `most`: each as its first 26 bits and the rest, both in float64. */
export function fillParts(address: number, least: number, most: number): void {
  const parts = new Float64Array(memory.buffer, address);
  for (let k = least, at = 0; k <= most; k++) {
    const digits = significant(10n, k, false);
    // 217706 / 2^16 is close enough to log2(10).
    const unit = 2 ** (((217706 * k) >> 16) + 1 - WIDTH);
    const rest = BigInt.asUintN(WIDTH - 26, digits);
    parts[at++] = Number(digits - rest) * unit;
    parts[at++] = Number(rest) * unit;
  }
}
