// Checks the writing of numbers against String(): random ones, and those that are hard to write in the shortest form.
import { formatNumbers, NUMBER_BYTES } from '../../src/wire/format-numbers.ts';
import { Random } from '../fuzz/random.ts';
import type { Checked } from './checked.ts';

/** The numbers that are written and compared in one go: more than the kernel writes in one call. */
const BLOCK = 5000;

type Draw = (random: Random) => number;

const bits = new BigUint64Array(1);
const words = new Uint32Array(bits.buffer);
const floats = new Float64Array(bits.buffer);

/** The float64 c 2^q for biased exponents from 1 on, c without its highest bit; a subnormal for 0. */
function ofBits(random: Random, biased: number, fraction: bigint): number {
  bits[0] = (BigInt(random.below(2) * 2048 + biased) << 52n) | BigInt.asUintN(52, fraction);
  return floats[0];
}

const randomFraction = (random: Random) => (BigInt(random.below(2 ** 20)) << 32n) | BigInt(random.below(2 ** 32));

/** The float64 `steps` after the given one. */
function after(number: number, steps: number): number {
  floats[0] = number;
  bits[0] += BigInt(steps);
  return floats[0];
}

/** From -1 to 1. */
const uniform: Draw = (random) => (random.below(2 ** 32) + random.below(2 ** 20) / 2 ** 20) / 2 ** 31 - 1;

/** A random finite float64. */
const anyBits: Draw = (random) => {
  words[0] = random.below(2 ** 32);
  words[1] = random.below(2) * 2 ** 31 + random.below(2047 * 2 ** 20);
  return floats[0];
};

const scaled = (random: Random, from: number, to: number) => uniform(random) * 10 ** (from + random.below(to - from + 1));

const randomKinds: readonly Draw[] = [
  anyBits,
  uniform,
  (random) => uniform(random) / 32,
  (random) => scaled(random, -12, -2),
  (random) => scaled(random, -30, 30),
  (random) => Math.fround(uniform(random)),
  (random) => (random.below(2_000_001) - 1_000_000) / 10 ** random.below(8),
];

const hardKinds: readonly Draw[] = [
  anyBits,
  (random) => nearDecision(random),
  (random) => nearDecision(random),
  (random) => after(2 ** (random.below(2046) - 1022), random.below(9) - 4),
  (random) => after((1 + random.below(99)) * 10 ** (random.below(614) - 307), random.below(9) - 4),
  // Subnormals.
  (random) => ofBits(random, 0, randomFraction(random) >> BigInt(random.below(52))),
  // Below 10^-279.
  (random) => ofBits(random, random.below(97), randomFraction(random)),
  // Whole numbers and halves, quarters and eighths: digits in the middle between two decimals.
  (random) => Math.floor(uniform(random) * 2 ** (50 + random.below(4))) / 2 ** random.below(4),
  // Fractions of few bits, which have few digits.
  (random) => random.below(2 ** (1 + random.below(20))) / 2 ** random.below(40),
  // From 10^15 to 10^21.
  (random) => 10 ** (15 + (random.below(2 ** 32) / 2 ** 32) * 6),
  (random) => (1 + random.below(10 ** 6)) * 10 ** (9 + random.below(7)),
];

/** Checks `random` random numbers and `hard` hard ones; ends at the first block with mismatches. Calls `progress` with the count. */
export function checkWriting(
  random: number,
  hard: number,
  seed: number,
  progress: (checked: number) => void = () => {},
): Checked {
  const generator = new Random(seed, 0);
  const mismatches: string[] = [];
  let checked = 0;
  for (const [kinds, count] of [
    [randomKinds, random],
    [hardKinds, hard],
  ] as const) {
    for (let left = count; left > 0 && mismatches.length === 0; left -= BLOCK) {
      const numbers = Float64Array.from({ length: Math.min(left, BLOCK) }, () => generator.pick(kinds)(generator));
      mismatches.push(...mismatchesOf(numbers));
      checked += numbers.length;
      progress(checked);
    }
  }
  return { checked, mismatches };
}

const buffer = Buffer.alloc(BLOCK * NUMBER_BYTES);

function mismatchesOf(numbers: Float64Array): string[] {
  const text = buffer.toString('latin1', 0, formatNumbers(numbers, numbers.length, buffer, 0));
  // Array.prototype.join uses String().
  if (text === numbers.join()) return [];
  const texts = text.split(',');
  return Array.from(numbers, (number, i) => (texts[i] === String(number) ? [] : `${number} as ${texts[i]}`)).flat();
}

/**
 * A number whose shortest form is decided by a tiny difference. The unit 10^k is the largest that is smaller than the distance 2^q of the
 * neighbours. In units of 10^(k + 1), the number has a fraction close to 0, to half the distance of the neighbours, or to the middle between
 * two tenths.
 */
function nearDecision(random: Random): number {
  const biased = 1 + random.below(2046);
  const q = BigInt(biased - 1075);
  const unit = 10n ** BigInt(Math.abs(Math.floor(Math.log10(2) * Number(q)) + 1));
  const power = 1n << (q < 0 ? -q : q);
  const distance = q < 0 ? (unit << 128n) / power : (power << 128n) / unit;
  const half = distance >> 1n;
  const target = random.pick([0n, half, MODULUS - half, (MODULUS * BigInt(2 * random.below(10) + 1)) / 20n]);
  const first = (1n << 52n) + randomFraction(random) / 2n;
  const window = 1n << BigInt(78 + random.below(25));
  const low = modulo(target - window - first * distance);
  const steps = low + 2n * window < MODULUS ? firstBetween(distance, MODULUS, low, low + 2n * window) : 0n;
  const fraction = first + (steps < 1n << 51n ? steps : 0n);
  return ofBits(random, biased, fraction);
}

const MODULUS = 1n << 128n;
const modulo = (n: bigint) => BigInt.asUintN(128, n);

/** The least x with low <= (a x mod m) <= high, by Euclid's algorithm; 0 if there is none. */
function firstBetween(a: bigint, m: bigint, low: bigint, high: bigint): bigint {
  if (low === 0n || a === 0n) return 0n;
  const x = (low + a - 1n) / a;
  if (a * x <= high) return x;
  const y = firstBetween(m % a, a, a - 1n - ((high + a - 1n) % a), a - 1n - ((low + a - 1n) % a));
  return (low + m * y + a - 1n) / a;
}
