// From float64 to JSON's text, in AssemblyScript: each number in its shortest exact form, written as JavaScript writes it.
// The digits: R. Giulietti, The Schubfach way to render doubles (2020), in the form of A. Bolz's Drachennest.
import { B } from './gemm';
import { multiplyHigh } from './parse';

/** Where the numbers are, in float64 numbers, and how many there may be. */
export const UNWRITTEN: i32 = B;
export const MOST_UNWRITTEN: i32 = 2048;

/** Where the text goes, in bytes. */
export const WRITTEN: i32 = (B + MOST_UNWRITTEN) << 3;

/** 128 bits of each 10^k, rounded up, the high 64 first, from k = LEAST_TEN to MOST_TEN; the caller fills them in. */
export const LEAST_TEN: i32 = -292;
export const MOST_TEN: i32 = 324;
export const TENS: usize = memory.data(617 * 16, 16);

/** The digits of the numbers from 00 to 99. */
const PAIRS = memory.data<u8>([
  48, 48, 48, 49, 48, 50, 48, 51, 48, 52, 48, 53, 48, 54, 48, 55, 48, 56, 48, 57, 49, 48, 49, 49, 49, 50, 49, 51, 49, 52, 49, 53,
  49, 54, 49, 55, 49, 56, 49, 57, 50, 48, 50, 49, 50, 50, 50, 51, 50, 52, 50, 53, 50, 54, 50, 55, 50, 56, 50, 57, 51, 48, 51, 49,
  51, 50, 51, 51, 51, 52, 51, 53, 51, 54, 51, 55, 51, 56, 51, 57, 52, 48, 52, 49, 52, 50, 52, 51, 52, 52, 52, 53, 52, 54, 52, 55,
  52, 56, 52, 57, 53, 48, 53, 49, 53, 50, 53, 51, 53, 52, 53, 53, 53, 54, 53, 55, 53, 56, 53, 57, 54, 48, 54, 49, 54, 50, 54, 51,
  54, 52, 54, 53, 54, 54, 54, 55, 54, 56, 54, 57, 55, 48, 55, 49, 55, 50, 55, 51, 55, 52, 55, 53, 55, 54, 55, 55, 55, 56, 55, 57,
  56, 48, 56, 49, 56, 50, 56, 51, 56, 52, 56, 53, 56, 54, 56, 55, 56, 56, 56, 57, 57, 48, 57, 49, 57, 50, 57, 51, 57, 52, 57, 53,
  57, 54, 57, 55, 57, 56, 57, 57,
]);

let decimal: u64 = 0;
let exponent: i32 = 0;

/**
 * Writes `n` numbers, with a comma between two of them, and the end of a row and the beginning of the next after each `columns`;
 * the first one is in column `column`, and no sign stands before it if it is the first of all. Returns how many bytes that took.
 */
export function format(n: i32, columns: i32, column: i32, isFirst: bool): i32 {
  let to: usize = WRITTEN;
  for (let i = 0; i < n; i++, column++) {
    if (column === columns) {
      store<u16>(to, 0x2c5d);
      store<u8>(to + 2, 0x5b);
      to += 3;
      column = 0;
    } else if (!isFirst) store<u8>(to++, 0x2c);
    isFirst = false;
    to = write(load<u64>((UNWRITTEN + i) << 3), to);
  }
  return i32(to) - WRITTEN;
}

function write(bits: u64, start: usize): usize {
  let to = start;
  const size = bits & 0x7fffffffffffffff;
  if (size === 0) {
    store<u8>(to, 0x30);
    return to + 1;
  }
  if (bits !== size) store<u8>(to++, 0x2d);
  shortest(size & 0xfffffffffffff, i32(size >> 52));
  const n = lengthOf(decimal);
  // The value is 0.ddd... x 10^point. The digits are written where they are to stay: reading back what was just written is slow.
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
  // All digits behind the point may have been zeros.
  if (end <= to + point + 1) return to + point;
  store<u8>(to + point, 0x2e);
  return end;
}

function writeExponential(start: usize, n: i32, power: i32): usize {
  let to = writeDigits(start + 1, n);
  store<u8>(start, load<u8>(start + 1));
  if (to === start + 2) to--;
  else store<u8>(start + 1, 0x2e);
  store<u16>(to, power < 0 ? 0x2d65 : 0x2b65);
  to += 2;
  const size = abs(power);
  if (size >= 100) store<u8>(to++, u8(0x30 + size / 100));
  if (size >= 10) store<u8>(to++, u8(0x30 + ((size / 10) % 10)));
  store<u8>(to++, u8(0x30 + (size % 10)));
  return to;
}

/** Writes the `n` digits of `decimal`, and returns where they end without the zeros at their end. */
function writeDigits(to: usize, n: i32): usize {
  let at = to + n;
  let rest = decimal;
  while (rest >= 100000000) {
    // Divided by 10^8.
    const high = multiplyHigh(rest, 0xabcc77118461cefd) >> 26;
    let low = u32(rest - high * 100000000);
    for (let i = 0; i < 4; i++) {
      at -= 2;
      store<u16>(at, load<u16>(PAIRS + (low % 100) * 2));
      low /= 100;
    }
    rest = high;
  }
  let last = u32(rest);
  while (at > to + 1) {
    at -= 2;
    store<u16>(at, load<u16>(PAIRS + (last % 100) * 2));
    last /= 100;
  }
  if (at > to) store<u8>(to, u8(0x30 + last));
  let end = to + n;
  while (end > to + 1 && load<u8>(end - 1) === 0x30) end--;
  return end;
}

const TENS_OF_LENGTH = memory.data<u64>([
  10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
  10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
]);

/** How many digits a number of at most 17 has. */
function lengthOf(value: u64): i32 {
  // 1233 / 4096 is a little more than log10(2).
  const guess = ((64 - i32(clz(value))) * 1233) >> 12;
  return guess + i32(guess < 17 && value >= load<u64>(TENS_OF_LENGTH + (max(guess, 1) - 1) * 8) && guess > 0) + i32(guess === 0);
}

/** Makes decimal x 10^exponent the shortest number that is read as the given one, and of these the nearest. */
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
  const lower = roundToOdd(high, low, (4 * c - 2 + u64(closer)) << h) + isOdd;
  const middle = roundToOdd(high, low, (4 * c) << h);
  const upper = roundToOdd(high, low, (4 * c + 2) << h) - isOdd;
  const s = middle >> 2;
  if (s >= 10) {
    // Divided by 10.
    const tenth = multiplyHigh(s, 0xcccccccccccccccd) >> 3;
    const below = lower <= 40 * tenth;
    const above = 40 * tenth + 40 <= upper;
    if (below !== above) {
      decimal = tenth + u64(above);
      exponent = k + 1;
      return;
    }
  }
  const below = lower <= 4 * s;
  const above = 4 * s + 4 <= upper;
  const half = 4 * s + 2;
  const up = below !== above ? above : middle > half || (middle === half && (s & 1) !== 0);
  decimal = s + u64(up);
  exponent = k;
}

/** The high 64 bits of g c / 2^64 for a g of 128 bits; the last bit says, too, whether anything follows. */
function roundToOdd(high: u64, low: u64, c: u64): u64 {
  const carry = multiplyHigh(low, c);
  const y = high * c + carry;
  return (multiplyHigh(high, c) + u64(y < carry)) | u64(y > 1);
}
