// Formats any float64 as JSON, in AssemblyScript: the shortest form that round-trips, written like JavaScript's.
// Algorithm: R. Giulietti, The Schubfach way to render doubles (2020), as implemented in A. Bolz's Drachennest.
import { multiplyHigh } from './parse';

/** The table of 10^k in 128 bits, rounded up, high 64 bits first, for k from LEAST_TEN to MOST_TEN. Filled by the caller. */
export const LEAST_TEN: i32 = -293;
export const MOST_TEN: i32 = 324;
export const TENS: usize = memory.data(618 * 16, 16);

let decimal: u64 = 0;
let exponent: i32 = 0;

/** Writes a number other than zero. Returns the end. */
export function writeAny(bits: u64, start: usize): usize {
  let to = start;
  const size = bits & 0x7fffffffffffffff;
  // Without a branch: random signs would be mispredicted.
  store<u8>(to, 0x2d);
  to += usize(bits >> 63);
  shortest(size & 0xfffffffffffff, i32(size >> 52));
  const n = lengthOf(decimal);
  // The value is 0.ddd... x 10^point. Digits are written at their final place: reading back recent writes is slow.
  const point = n + exponent;
  if (point > 21 || point <= -6) return writeExponential(to, n, point - 1);
  if (point <= 0) {
    store<u16>(to, 0x2e30);
    store<u64>(to + 2, 0x3030303030303030);
    return writeDigits(to + 2 - point, n);
  }
  if (exponent >= 0) {
    writeDigits(to, n);
    for (let i = n; i < point; i++) store<u8>(to + i, 0x30);
    return to + point;
  }
  const end = writeDigits(to + 1, n);
  for (let i = 0; i < point; i++) store<u8>(to + i, load<u8>(to + i + 1));
  // All digits after the point may have been zeros.
  if (end <= to + point + 1) return to + point;
  store<u8>(to + point, 0x2e);
  return end;
}

function writeExponential(start: usize, n: i32, power: i32): usize {
  let to = writeDigits(start + 1, n);
  store<u8>(start, load<u8>(start + 1));
  if (to === start + 2) to--;
  else store<u8>(start + 1, 0x2e);
  return writePower(to, power);
}

/** Writes the exponent, such as `e-7`. Returns the end. */
export function writePower(start: usize, power: i32): usize {
  store<u16>(start, power < 0 ? 0x2d65 : 0x2b65);
  let to = start + 2;
  const size = abs(power);
  if (size >= 100) store<u8>(to++, u8(0x30 + size / 100));
  if (size >= 10) store<u8>(to++, u8(0x30 + ((size / 10) % 10)));
  store<u8>(to++, u8(0x30 + (size % 10)));
  return to;
}

/**
 * Writes the `n` digits of `decimal`, and returns the end offset without trailing zeros. Always writes 17 digits, padded with zeros that
 * later bytes overwrite: a branch on the random number of digits would be slow.
 */
function writeDigits(to: usize, n: i32): usize {
  const digits = decimal * load<u64>(POWERS_OF_TEN + ((17 - n) << 3));
  // Divided by 10^8.
  const upper = digits / 100000000;
  const first = u32(upper) / 100000000;
  store<u8>(to, u8(0x30 + first));
  store<u64>(to + 1, eightDigits(u32(upper) - first * 100000000));
  store<u64>(to + 9, eightDigits(u32(digits - upper * 100000000)));
  let end = to + n;
  while (end > to + 1 && load<u8>(end - 1) === 0x30) end--;
  return end;
}

/** The eight digits of a number below 10^8, the first in the lowest byte. Divides by 10^4, 100 and 10, all parts in parallel. */
function eightDigits(value: u32): u64 {
  const thousands = value / 10000;
  const fours = u64(thousands) | (u64(value - thousands * 10000) << 32);
  const hundreds = ((fours * 10486) >> 20) & 0x0000007f0000007f;
  const pairs = hundreds | ((fours - hundreds * 100) << 16);
  const tens = ((pairs * 103) >> 10) & 0x000f000f000f000f;
  return (tens | ((pairs - tens * 10) << 8)) + 0x3030303030303030;
}

const POWERS_OF_TEN = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
  10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
]);

/** The number of decimal digits of a value, from 1 to 17. */
function lengthOf(value: u64): i32 {
  // 1233 / 4096 is slightly more than log10(2).
  const guess = ((64 - i32(clz(value))) * 1233) >> 12;
  return guess + i32(value >= load<u64>(POWERS_OF_TEN + (min(guess, 16) << 3)) && guess < 17);
}

/** Sets decimal x 10^exponent to the shortest decimal that parses as the given float64; among those, the nearest. */
function shortest(fraction: u64, biased: i32): void {
  const c = biased === 0 ? fraction : fraction | (1 << 52);
  const q = (biased === 0 ? 1 : biased) - 1075;
  if (q <= 0 && q > -53 && (c & ((u64(1) << -q) - 1)) === 0) {
    decimal = c >> -q;
    exponent = 0;
    return;
  }
  const isOdd = c & 1;
  const closer = fraction === 0 && biased > 1;
  const k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
  const h = q + ((-k * 1741647) >> 19) + 1;
  const power = TENS + ((-k - LEAST_TEN) << 4);
  const high = load<u64>(power);
  const low = load<u64>(power, 8);
  // 4 c 2^h g, for the power g, in 192 bits; below, the bounds halfway to the next and to the previous float64.
  const scaled = (4 * c) << h;
  const p0 = low * scaled;
  const carry = multiplyHigh(low, scaled);
  const p1 = high * scaled + carry;
  const p2 = multiplyHigh(high, scaled) + u64(p1 < carry);
  const middle = toOdd(p2, p1);

  const a0 = low << (h + 1);
  const a1 = (high << (h + 1)) | (low >> (63 - h));
  const c0 = u64(p0 + a0 < p0);
  const u1 = p1 + a1 + c0;
  const c1 = u64(u1 < p1) | (c0 & u64(u1 === p1));
  const upper = toOdd(p2 + (high >> (63 - h)) + c1, u1) - isOdd;

  const down = h + i32(!closer);
  const b0 = low << down;
  const b1 = (high << down) | (low >> (64 - down));
  const d0 = u64(p0 < b0);
  const l1 = p1 - b1 - d0;
  const d1 = u64(p1 < b1) | (d0 & u64(p1 === b1));
  const lower = toOdd(p2 - (high >> (64 - down)) - d1, l1) + isOdd;

  const s = middle >> 2;
  // One digit fewer, if exactly one of the two nearest shorter decimals lies within the bounds.
  const tenth = s / 10;
  const tenthAbove = 40 * tenth + 40 <= upper;
  const isShorter = s >= 10 && lower <= 40 * tenth !== tenthAbove;
  const above = 4 * s + 4 <= upper;
  const half = 4 * s + 2;
  const up = lower <= 4 * s !== above ? above : middle > half || (middle === half && (s & 1) !== 0);
  decimal = select<u64>(tenth + u64(tenthAbove), s + u64(up), isShorter);
  exponent = k + i32(isShorter);
}

/** Rounds two words to odd: the high word, with its last bit set if low > 1 (low == 1 is rounding noise of the table). */
function toOdd(high: u64, low: u64): u64 {
  return high | u64(low > 1);
}
