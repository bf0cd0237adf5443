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

let decimal: u64 = 0;
let exponent: i32 = 0;

/**
 * Writes `n` numbers, with a comma between two of them, and the end of a row and the beginning of the next after each `columns`;
 * the first one is in column `column`, and no comma stands before it if it is the first of all. Returns how many bytes that took.
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
  // Signs are random, too.
  store<u8>(to, 0x2d);
  to += usize(bits >> 63);
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

/**
 * Writes the `n` digits of `decimal`, and returns where they end without the zeros at their end. Always as if there were 17, most with
 * zeros behind them that the next bytes will replace: how many there are is random, and a branch on it would be slow.
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

/** The digits of a number below 10^8, the first in the lowest byte: halved by 10^4, by 100 and by 10, all parts at once. */
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

/** How many digits a number of at most 17, and at least one, has. */
function lengthOf(value: u64): i32 {
  // 1233 / 4096 is a little more than log10(2).
  const guess = ((64 - i32(clz(value))) * 1233) >> 12;
  return guess + i32(value >= load<u64>(POWERS_OF_TEN + (min(guess, 16) << 3)) && guess < 17);
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
  // 4 c 2^h g, for the power g, in 192 bits; and how far it is from there halfway to the next float64, up and down.
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
  // One digit less, if only one of the two that are nearest lies between the halves; or else as many as there are.
  const tenth = s / 10;
  const tenthAbove = 40 * tenth + 40 <= upper;
  const isShorter = s >= 10 && lower <= 40 * tenth !== tenthAbove;
  const above = 4 * s + 4 <= upper;
  const half = 4 * s + 2;
  const up = lower <= 4 * s !== above ? above : middle > half || (middle === half && (s & 1) !== 0);
  decimal = select<u64>(tenth + u64(tenthAbove), s + u64(up), isShorter);
  exponent = k + i32(isShorter);
}

/** The high one of two words, whose last bit says, too, whether anything follows; 1 in the low one may come from rounding the power. */
function toOdd(high: u64, low: u64): u64 {
  return high | u64(low > 1);
}
