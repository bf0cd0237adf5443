// Formats float64 as JSON, in AssemblyScript: the shortest form that round-trips, written like JavaScript's. Nearly all numbers are
// formatted here, with one multiplication and without branches on their digits; schubfach.ts formats the rest.
// Idea: a table by binary exponent, as in xjb (https://github.com/xjb714/xjb) and zmij (https://github.com/vitaut/zmij).
import { UNWRITTEN, WRITTEN } from './memory';
import { multiplyHigh } from './parse';
import { LEAST_TEN, TENS, writeAny, writePower } from './schubfach';

export { LEAST_TEN, MOST_TEN, TENS } from './schubfach';

/**
 * By biased exponent, for numbers c 2^q: g = 2^q / 10^(k + 1), where 10^k <= 2^q < 10^(k + 1), in 96 bits after the point (its high 64 bits,
 * then its low 32 bits), and the address of the layout for 16 digits before the unit 10^(k + 1).
 */
const SCALES: usize = memory.data(2048 * 16, 16);

/**
 * The layout of d.ddd... x 10^power, for powers from LEAST_POWER to MOST_POWER. Its bytes: 0 to 7, what follows the digits: an exponent, and
 * a comma; 8, the length of that; 9, the offset of the digits; 10, the number of digits before the point; 11, the offset of the point; 12, the
 * number of bytes by which the point separates digits: 0 if it comes before all of them, otherwise 1.
 */
const LAYOUTS: usize = memory.data(618 * 16, 16);
const LEAST_POWER: i32 = -309;
const MOST_POWER: i32 = 308;

/** Fills the tables, given TENS. */
export function prepareFormat(): void {
  for (let power = LEAST_POWER; power <= MOST_POWER; power++) {
    const layout = layoutOf(power);
    const whole = power + 1;
    const isSmall = whole > -6 && whole <= 0;
    const isPlain = whole > 0 && whole <= 21;
    const end = isSmall || isPlain ? layout : writePower(layout, power);
    store<u8>(end, 0x2c);
    store<u8>(layout, u8(end + 1 - layout), 8);
    store<u8>(layout, isSmall ? 2 - whole : 0, 9);
    store<u8>(layout, isSmall ? 0 : isPlain ? whole : 1, 10);
    store<u8>(layout, isPlain ? whole : 1, 11);
    store<u8>(layout, isSmall ? 0 : 1, 12);
  }
  // Subnormals stay undecided, as g is 0.
  store<u32>(SCALES, u32(layoutOf(0)), 12);
  for (let biased = 1; biased < 2048; biased++) {
    const q = biased - 1075;
    const k = (q * 1262611) >> 22;
    const power = TENS + ((-k - 1 - LEAST_TEN) << 4);
    // g is 10^(-k - 1), as TENS has it from its highest bit on, moved to its place.
    const down = u64(-1 - q - ((-(k + 1) * 1741647) >> 19));
    const high = load<u64>(power);
    const scale = SCALES + (biased << 4);
    store<u64>(scale, high >> down);
    store<u32>(scale, u32(high << (32 - down)) | u32(load<u64>(power, 8) >> (32 + down)), 8);
    store<u32>(scale, u32(layoutOf(k + 16)), 12);
  }
}

function layoutOf(power: i32): usize {
  return LAYOUTS + ((power - LEAST_POWER) << 4);
}

/** A number that is closer to a decision than this, in units of 2^-64, is left to schubfach.ts. */
const MARGIN: u64 = 1 << 32;

/**
 * Writes `n` numbers at offset `start` of the text, separated by commas, and by `],[` between rows of `columns`. The first number is in
 * column `column`. It is preceded by a separator unless `isFirst`.
 * Returns the end offset.
 *
 * A number c 2^q is D + F = c g units of 10^(k + 1), with an integer D and a fraction F. Decimals within g / 2 of that parse as the number.
 * Since g < 1, at most one of them is an integer: it has 15 or 16 digits, and without trailing zeros it is the shortest decimal. If none is,
 * one more digit is enough, as g >= 1/10: the digit nearest to 10 F.
 * For a power of two, decimals below it are within g / 4. It is left to schubfach.ts unless it is an integer itself.
 *
 * Error bound: c < 2^53, and g is cut after 96 bits, so F is wrong by less than 2^-42, 10 F by 2^-38, and g / 2 by 2^-63. Comparisons of F
 * with g / 2, and of 10 F with the middle between two digits, are undecided if the difference is less than 2^-32.
 */
export function format(start: i32, n: i32, columns: i32, column: i32, isFirst: bool): i32 {
  if (n === 0) return start;
  let to: usize = WRITTEN + start;
  // Each number is followed by a comma, which `],[` replaces.
  if (!isFirst) store<u8>(to++, 0x2c);
  const end: usize = (UNWRITTEN + n) << 3;
  for (let at: usize = UNWRITTEN << 3; at < end; at += 8, column++) {
    if (column === columns) {
      store<u32>(to - 1, 0x5b2c5d);
      to += 2;
      column = 0;
    }
    const bits = load<u64>(at);
    // Frequent in gradients, and several times faster than the rest.
    if (bits << 1 === 0) {
      store<u16>(to, 0x2c30);
      to += 2;
      continue;
    }
    const biased = u32(bits >> 52) & 0x7ff;
    const fraction = bits & 0xfffffffffffff;
    const c = fraction | (1 << 52);
    const scale = SCALES + (biased << 4);
    const g = load<u64>(scale);
    const low = u64(load<u32>(scale, 8));
    const carried = (c >> 32) * low + (((c & 0xffffffff) * low) >> 32);
    const F = c * g + carried;
    let D = multiplyHigh(c, g) + u64(F < carried);
    const fromInteger = F ^ (i64(F) >> 63);
    const isInteger = fromInteger < g >> 1;
    D += (F >> 63) & u64(isInteger);
    // 10 F + 1/2, with 60 bits after the point.
    const tenths = (F >> 4) * 10 + (1 << 59);
    // Then 10 F has the 16th digit, otherwise the 17th.
    const isFifteen = D < 1000000000000000;
    const layout = usize(load<u32>(scale, 12)) - (usize(isFifteen) << 4);
    const whole = usize(load<u8>(layout, 10));
    if (
      u32(fromInteger - (g >> 1) + MARGIN < 2 * MARGIN) |
      u32((tenths << 4) + MARGIN < 2 * MARGIN) |
      (u32(fraction === 0) & u32(fromInteger >= MARGIN)) |
      u32(whole > 15)
    ) {
      to = writeAny(bits, to);
      store<u8>(to++, 0x2c);
      continue;
    }
    const digit = select<u64>(0, tenths >> 60, isInteger);
    const text = sixteenDigits(select<u64>(D * 10 + digit, D, isFifteen));
    const last = select<u32>(0, u32(digit), isFifteen);
    const length = usize(32 - clz(u32(i8x16.bitmask(i8x16.gt_s(text, v128.load(ZEROS)))) | ((last + 0xffff) & 0x10000)));
    store<u8>(to, 0x2d);
    to += usize(bits >> 63);
    // Sixteen digits are written twice, before and after the point, and what is not needed is overwritten: a branch on the random number of
    // digits would be slow.
    store<u64>(to, 0x3030303030302e30);
    const digits = to + load<u8>(layout, 9);
    const gap = usize(load<u8>(layout, 12));
    v128.store(digits, text);
    store<u8>(to + load<u8>(layout, 11), 0x2e);
    v128.store(digits + whole + gap, i8x16.swizzle(text, v128.load(INDICES + whole)));
    store<u8>(digits + gap, u8(0x30 + last), 16);
    to = digits + select<usize>(length + gap, whole, length > whole);
    store<u64>(to, load<u64>(layout));
    to += load<u8>(layout, 8);
  }
  return i32(to) - 1 - WRITTEN;
}

/** Loaded from memory, as V8 builds a constant vector anew for each use. */
const ZEROS = memory.data<u64>([0x3030303030303030, 0x3030303030303030], 16);
const INDICES = memory.data<u64>([0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x1716151413121110, 0x1f1e1d1c1b1a1918], 16);
const MAGIC_10000 = memory.data<u32>([1759218605, 1759218605, 1759218605, 1759218605], 16);
const FACTOR_10000 = memory.data<u32>([10000, 10000, 10000, 10000], 16);
const MAGIC_100 = memory.data<u32>([5243, 5243, 5243, 5243], 16);
const FACTOR_100 = memory.data<u32>([6553599, 6553599, 6553599, 6553599], 16);
const MAGIC_10 = memory.data<u16>([103, 103, 103, 103, 103, 103, 103, 103], 16);
const FACTOR_10 = memory.data<u16>([2559, 2559, 2559, 2559, 2559, 2559, 2559, 2559], 16);

/** The digits of a number below 10^16, the first in the lowest byte. Divides by 10^8, 10^4, 100 and 10, all parts in parallel. */
function sixteenDigits(value: u64): v128 {
  const upper = value / 100000000;
  const eights = i64x2.splat(upper | ((value - upper * 100000000) << 32));
  const quotients = i64x2.shr_u(i64x2.extmul_low_i32x4_u(eights, v128.load(MAGIC_10000)), 44);
  const rests = i64x2.sub(i64x2.extend_low_i32x4_u(eights), i32x4.mul(quotients, v128.load(FACTOR_10000)));
  const fours = v128.or(quotients, i64x2.shl(rests, 32));
  // quotient + (rest << 16) is (value << 16) - quotient (100 << 16) + quotient, and likewise below.
  const hundreds = i32x4.shr_u(i32x4.mul(fours, v128.load(MAGIC_100)), 19);
  const twos = i32x4.sub(i32x4.shl(fours, 16), i32x4.mul(hundreds, v128.load(FACTOR_100)));
  const tens = i16x8.shr_u(i16x8.mul(twos, v128.load(MAGIC_10)), 10);
  const ones = i16x8.sub(i16x8.shl(twos, 8), i16x8.mul(tens, v128.load(FACTOR_10)));
  return v128.or(ones, v128.load(ZEROS));
}
