// Parses JSON arrays of numbers to float64, in AssemblyScript. The text comes in chunks; the state is kept between calls.
// Algorithm: D. Lemire, Number Parsing at a Gigabyte per Second (2021), as in fast_float. Numbers that it cannot decide are left
// to the caller. Anything but a rectangular array of numbers is rejected.
import { PARSED, STATE, TEXT } from './memory';
import { endOfNumbers, forgetIndex, inLastRow, isAfterNumber, readRows, rowsEnded } from './rows';

/** The longest token that is parsed here. Except at the end of the text, parsing stops this many bytes before the end of a chunk. */
const TOKEN: i32 = 64;

/** So many numbers of an array are read one by one: an index would take longer. */
const FEW: i32 = 8;

/** The table of 5^q in 128 bits, high 64 bits first, for q from LEAST to MOST_Q. Filled by the caller. */
export const LEAST: i32 = -342;
export const MOST_Q: i32 = 308;
export const POWERS: usize = memory.data(651 * 16, 16);

let depth: i32 = 0;
let dimensions: i32 = 0;
let inRow: i32 = 0;
let afterValue: bool = false;
let position: usize = 0;
let end: usize = 0;
let number: f64 = 0;

let count: i32 = 0;
let rows: i32 = 0;
let columns: i32 = -1;
let status: i32 = 0;

/** Status: the array continues in the next chunk; it is finished; the next number is left to the caller. */
const GOES_ON: i32 = 0;
export const FINISHED: i32 = 1;
export const LEFT: i32 = 2;

/** Begins an array. */
export function begin(): void {
  depth = 0;
  dimensions = 0;
  inRow = 0;
  afterValue = false;
  rows = 0;
  columns = -1;
}

/** To be called after the caller has read a number that was left to it. */
export function supplied(): void {
  inRow++;
  afterValue = true;
}

/**
 * Continues with `length` bytes from `start` on; `isEnd` if the text ends there. Returns the number of bytes consumed, or -1 if this is
 * not a rectangular array of numbers. Then STATE holds 32-bit integers: the count of numbers parsed in this call, rows and columns so far,
 * dimensions (1 or 2), and status.
 */
export function parse(start: i32, length: i32, isEnd: bool): i32 {
  position = TEXT + start;
  count = 0;
  status = GOES_ON;
  end = position + length;
  const stop: usize = isEnd ? end : end - TOKEN;
  forgetIndex();
  while (position < stop && status === GOES_ON) {
    const c = load<u8>(position);
    if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) position++;
    else if (!(afterValue ? between(c) : value(c))) return -1;
  }
  store<i32>(STATE, count);
  store<i32>(STATE, rows, 4);
  store<i32>(STATE, columns, 8);
  store<i32>(STATE, dimensions, 12);
  store<i32>(STATE, status, 16);
  return i32(position) - TEXT - start;
}

function between(c: u8): bool {
  if (c === 0x2c) afterValue = false;
  else if (c !== 0x5d) return false;
  else if (depth === dimensions) {
    if (columns >= 0 && columns !== inRow) return false;
    columns = inRow;
    inRow = 0;
    rows++;
    depth--;
  } else depth--;
  if (depth === 0) status = FINISHED;
  position++;
  return true;
}

function value(c: u8): bool {
  if (c === 0x5b) {
    if (depth === 2 || (dimensions > 0 && depth >= dimensions)) return false;
    depth++;
    position++;
    return true;
  }
  if (dimensions === 0) dimensions = depth;
  if (depth !== dimensions) return false;
  if (!parseNumber()) {
    status = LEFT;
    return true;
  }
  store<f64>((PARSED + count) << 3, number);
  count++;
  inRow++;
  // A comma follows nearly always.
  if (load<u8>(position) === 0x2c) {
    position++;
    if (count >= FEW) usualNumbers();
  } else afterValue = true;
  return true;
}

/** Goes on with numbers until something else comes. */
function usualNumbers(): void {
  position = readRows(position, end, (PARSED + count) << 3, inRow, columns);
  count = i32(endOfNumbers >> 3) - PARSED;
  inRow = inLastRow;
  rows += rowsEnded;
  afterValue = isAfterNumber;
}

function isDigit(c: u8): bool {
  return u8(c - 0x30) < 10;
}

/** Whether eight bytes are all digits. */
function areDigits(v: u64): bool {
  return ((v & 0xf0f0f0f0f0f0f0f0) | (((v + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4)) === 0x3333333333333333;
}

/** The value of eight digits. */
function eightDigits(v: u64): u64 {
  v -= 0x3030303030303030;
  v = v * 10 + (v >> 8);
  return (
    (((v & 0x000000ff000000ff) * 0x000f424000000064 + ((v >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32) & 0xffffffff
  );
}

function parseNumber(): bool {
  let p = position;
  // Without a branch: random signs would be mispredicted.
  const negative = u64(load<u8>(p) === 0x2d);
  p += usize(negative);
  let w: u64 = 0;
  const first = p;
  if (load<u8>(p) === 0x30) p++;
  else {
    while (isDigit(load<u8>(p))) w = w * 10 + u64(load<u8>(p++) - 0x30);
    if (p === first) return false;
  }
  // The number of significant digits: up to 19 fit in 64 bits.
  let digits = i32(p - first);
  let q: i32 = 0;
  if (load<u8>(p) === 0x2e) {
    const point = ++p;
    // Not `w === 0`, which a multiple of 2^64 would be too.
    if (load<u8>(first) === 0x30) {
      while (load<u8>(p) === 0x30) p++;
      digits = 0;
    }
    const start = p;
    while (areDigits(load<u64>(p))) {
      w = w * 100000000 + eightDigits(load<u64>(p));
      p += 8;
    }
    while (isDigit(load<u8>(p))) w = w * 10 + u64(load<u8>(p++) - 0x30);
    if (p === point) return false;
    digits += i32(p - start);
    q = i32(point) - i32(p);
  }
  if ((load<u8>(p) | 0x20) === 0x65) {
    p++;
    const sign = load<u8>(p);
    if (sign === 0x2d || sign === 0x2b) p++;
    const start = p;
    let exponent: i32 = 0;
    while (isDigit(load<u8>(p)) && p - start < 6) exponent = exponent * 10 + i32(load<u8>(p++) - 0x30);
    if (p === start || isDigit(load<u8>(p))) return false;
    q += sign === 0x2d ? -exponent : exponent;
  }
  if (digits > 19 || i32(p - position) > TOKEN) return false;
  if (!toFloat(w, q)) return false;
  position = p;
  number = reinterpret<f64>(reinterpret<u64>(number) | (negative << 63));
  return true;
}

const POWERS_OF_TEN = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);

/** Sets `number` to w 10^q, correctly rounded; false if it cannot decide. */
function toFloat(w: u64, q: i32): bool {
  if (w < 1 << 53 && q >= -22 && q <= 22) {
    // Both operands are exact in float64, so a single operation rounds correctly (Clinger, 1990).
    const power = load<f64>(POWERS_OF_TEN + (abs(q) << 3));
    number = q < 0 ? f64(w) / power : f64(w) * power;
    return true;
  }
  if (w === 0) {
    number = 0;
    return true;
  }
  return q >= LEAST && q <= MOST_Q && eiselLemire(w, q);
}

function eiselLemire(w: u64, q: i32): bool {
  const zeros = i32(clz(w));
  w <<= zeros;
  const power = POWERS + ((q - LEAST) << 4);
  let low = w * load<u64>(power);
  let high = multiplyHigh(w, load<u64>(power));
  if ((high & 0x1ff) === 0x1ff) {
    const more = multiplyHigh(w, load<u64>(power, 8));
    low += more;
    if (more > low) high++;
  }
  const upper = i32(high >> 63);
  let mantissa = high >> (upper + 9);
  let exponent = (((152170 + 65536) * q) >> 16) + 63 + upper - zeros + 1023;
  if (exponent <= 0) return false;
  // Halfway between two float64: round to even.
  if (low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) === 1 && mantissa << (upper + 9) === high) mantissa &= ~1;
  mantissa = (mantissa + (mantissa & 1)) >> 1;
  if (mantissa >= 1 << 53) {
    mantissa = 1 << 52;
    exponent++;
  }
  if (exponent >= 0x7ff) return false;
  number = reinterpret<f64>((mantissa & ((1 << 52) - 1)) | (u64(exponent) << 52));
  return true;
}

/** The high 64 bits of a product. */
export function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  return aHigh * bHigh + (middle >> 32) + ((aLow * bHigh + (middle & 0xffffffff)) >> 32);
}
