// Random JSON texts of numbers: of the kinds that requests have, and those that are hard to round.
import type { Random } from '../fuzz/random.ts';

type Make = (random: Random) => string;

const bits = new BigUint64Array(1);
const float = new Float64Array(bits.buffer);
const words = new Uint32Array(bits.buffer);

/** An integer of 52 random bits. */
const bits52 = (random: Random) => random.below(2 ** 26) * 2 ** 26 + random.below(2 ** 26);

/** A number from 0 to 1. */
const unit = (random: Random) => bits52(random) / 2 ** 52;
const signed = (random: Random) => 2 * unit(random) - 1;

/** A finite number of random bits, with an exponent from `least` to `most`, as stored. */
function randomBits(random: Random, least = 0, most = 2046): number {
  words[0] = random.below(2 ** 32);
  words[1] = random.below(2 ** 20) + (least + random.below(most - least + 1)) * 2 ** 20;
  return random.percent(50) ? -float[0] : float[0];
}

function digits(random: Random, n: number): string {
  let text = '';
  for (; n > 8; n -= 8) text += `${random.below(1e8)}`.padStart(8, '0');
  return text + `${random.below(10 ** n)}`.padStart(n, '0');
}

/** An integer of up to n digits, not beginning with 0 unless it is 0. */
const integer = (random: Random, n: number) => digits(random, 1 + random.below(n)).replace(/^0+(?=\d)/, '');

const common: readonly Make[] = [
  (random) => `${signed(random) / 32}`,
  (random) => `${signed(random)}`,
  (random) => `${signed(random) * 10 ** (random.below(40) - 20)}`,
  (random) => signed(random).toPrecision(17),
  (random) => `${Math.fround(signed(random))}`,
  (random) => `${(random.below(2e6) - 1e6) / 1000}`,
  (random) => `${random.below(2 ** 32) - 2 ** 31}`,
  (random) => `-${integer(random, 15)}.${digits(random, 1 + random.below(20))}`,
  (random) => `${integer(random, 5)}.${digits(random, 1 + random.below(17))}`,
  (random) => `0.${'0'.repeat(random.below(8))}${digits(random, 1 + random.below(17))}`,
  (random) => integer(random, 24),
  (random) => `${integer(random, 3)}.${digits(random, 1 + random.below(17))}e${random.below(199) - 99}`,
];

/** A number of the kinds that requests have. */
export const commonNumber: Make = (random) => random.pick(common)(random);

/** The first digits, 17 to 26, of a number halfway between two float64, or its next decimal. */
function nearHalf(random: Random): string {
  const odd = (BigInt(2 ** 52 + bits52(random)) << 1n) | 1n;
  const exponent = random.below(200) - 150;
  // The last `decimals` digits stand after the point.
  const decimals = Math.max(0, -exponent);
  const all = `${exponent < 0 ? odd * 5n ** BigInt(decimals) : odd << BigInt(exponent)}`;
  const n = Math.min(all.length, 17 + random.below(10));
  const cut = `${BigInt(all.slice(0, n)) + BigInt(random.below(2))}`;
  return placed(cut, all.length - n - decimals, random);
}

/** The digits times 10^power, with a point or an exponent. */
function placed(digits: string, power: number, random: Random): string {
  const point = digits.length + power;
  if (random.percent(30) || point < -20 || point > 24) {
    const at = 1 + random.below(digits.length - 1);
    return `${digits.slice(0, at)}.${digits.slice(at)}${random.pick(['e', 'E'])}${point - at}`;
  }
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (power >= 0) return digits + '0'.repeat(power);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

const zero = (random: Random) => `0${random.percent(70) ? `.${'0'.repeat(1 + random.below(30))}` : ''}`;

const hard: readonly Make[] = [
  nearHalf,
  nearHalf,
  nearHalf,
  // Exactly halfway.
  (random) => `${2 ** 52 + bits52(random)}.5`,
  (random) => {
    const shift = BigInt(random.below(14));
    return `${((BigInt(2 ** 52 + bits52(random)) << 1n) | 1n) << shift}`;
  },
  (random) => `${randomBits(random)}`,
  (random) => randomBits(random).toExponential(random.below(25)),
  (random) => `${randomBits(random, 0, 0)}`,
  (random) => `${1 + random.below(9)}.${digits(random, 16)}e-${270 + random.below(60)}`,
  (random) => `${randomBits(random, 0, 95)}`,
  (random) => `${random.percent(50) ? '-' : ''}${zero(random)}${random.percent(50) ? `e${random.below(800) - 400}` : ''}`,
  (random) => `${randomBits(random, 1023 + 49, 1023 + 70)}`,
  (random) => `${integer(random, 22)}${random.percent(50) ? `.${digits(random, 1 + random.below(4))}` : ''}`,
  // Beyond 64 bits.
  (random) => `${BigInt(1 + random.below(2 ** 20)) << 64n}.${digits(random, 1 + random.below(8))}`,
  // Near powers of two and of ten.
  (random) => `${(1 + (random.below(9) - 4) * 2 ** -52) * 2 ** (random.below(2000) - 1000)}`,
  (random) => `${(1 + (random.below(9) - 4) * 2 ** -52) * 10 ** (random.below(600) - 300)}`,
  (random) => `${10n ** BigInt(8 * (1 + random.below(3))) + BigInt(random.below(5) - 2)}.${digits(random, 1 + random.below(8))}`,
];

/** A number that is hard to read: near ties, subnormal, huge or tiny, of random bits. */
export const hardNumber: Make = (random) => random.pick(hard)(random);
