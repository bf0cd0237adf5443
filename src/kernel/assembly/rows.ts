// Reads rows of usual numbers by SIMD, in AssemblyScript. Whatever is unusual is left to parse.ts.
// The text is indexed first, as in G. Langdale and D. Lemire, Parsing Gigabytes of JSON per Second (2019).
import { ENDS, WINDOW } from './memory';

/** The table of 10^k for k from LEAST_PART to MOST_PART, each as its first 26 bits and the rest, in float64. Filled by the caller. */
export const LEAST_PART: i32 = -122;
export const MOST_PART: i32 = 115;
export const PARTS: usize = memory.data(238 * 16, 16);

/** The most digits of a number: three parts of eight. */
const DIGITS: i32 = 24;

/** Constants are loaded, since V8 builds v128 constants again in every iteration. */
const FIFTEENS = memory.data<u64>([0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f], 16);
const POINTS = memory.data<u64>([0x2e2e2e2e2e2e2e2e, 0x2e2e2e2e2e2e2e2e], 16);
const ZEROS = memory.data<u64>([0x3030303030303030, 0x3030303030303030], 16);
const NINES = memory.data<u64>([0x0909090909090909, 0x0909090909090909], 16);
const BY_10 = memory.data<u64>([0x0a010a010a010a01, 0x0a010a010a010a01], 16);
const BY_100 = memory.data<u64>([0x0001006400010064, 0x0001006400010064], 16);
const BY_10000 = memory.data<u64>([0x0001271000012710, 0x0001271000012710], 16);

/** The separators, each at the place of its low four bits; elsewhere bytes with other low bits, which match nothing. */
const SEPARATORS = memory.data<u64>([0x0101010101010020, 0x01015d2c5b0a0901], 16);

/** A mask of n bytes of 0 and then of ff begins at SLIDE - n. */
const SLIDE: usize = memory.data<u64>([0, 0, 0, 0, -1, -1, -1, -1], 16) + 32;

/** The result for a number that is left to the caller; others have no sign. */
const UNUSUAL: f64 = -1;

/** The entries of the index that are left: from `next` to `last`. */
let next: usize = 0;
let last: usize = 0;

/** The bytes to index next: few at first, since most arrays are short. */
let window: i32 = 0;

/** To be called if there is another text. */
export function forgetIndex(): void {
  last = 0;
  window = 128;
}

/** The results of `readRows`: the address after the last number, complete rows, the length of the last row, whether a number came last. */
export let endOfNumbers: usize = 0;
export let rowsEnded: i32 = 0;
export let inLastRow: i32 = 0;
export let isAfterNumber: bool = false;

/**
 * Reads numbers, to `to`, from `from` on, where a number is expected, as long as they are usual and stand in rows of `columns`; `before`
 * numbers of the first row have been read. Returns the address of what is left to the caller: an unusual number, anything after a number
 * but a comma or `],[`, with or without a space, or a number cut by the end of the text, `end`.
 */
export function readRows(from: usize, end: usize, to: usize, before: i32, columns: i32): usize {
  let row = to - (usize(before) << 3);
  let hasExponent = false;
  exponentBytes = 0;
  power = 0;
  rowsEnded = 0;
  isAfterNumber = false;
  // The caller has read on.
  while (next < last && load<u32>(next) < u32(from)) next += 4;
  while (next < last || indexFrom(from, end)) {
    const stop = usize(load<u32>(next));
    next += 4;
    if (stop === from) {
      const c = load<u8>(from);
      if (c !== 0x20 && c !== 0x0a && c !== 0x09) break;
      from++;
      continue;
    }
    const negative = usize(load<u8>(from) === 0x2d);
    const start = from + negative;
    const length = i32(stop - start);
    let size: f64;
    if (length === 1) size = digitAt(start);
    else {
      // Where one number has an exponent, the next one often has.
      if (hasExponent) hasExponent = findExponent(stop);
      size = decimal(start, length - exponentBytes, power);
    }
    if (size < 0) {
      if (hasExponent || !findExponent(stop)) break;
      hasExponent = true;
      next -= 4;
      continue;
    }
    store<u64>(to, reinterpret<u64>(size) | (u64(negative) << 63));
    to += 8;
    from = stop + 1;
    const c = load<u8>(stop);
    if (c === 0x2c) {
      if (load<u8>(from) === 0x20) {
        from++;
        next += 4;
      }
    } else if (c === 0x5d && opening(from) > 0 && i32(to - row) === columns << 3) {
      next += opening(from) << 2;
      from += opening(from);
      row = to;
      rowsEnded++;
    } else {
      from = stop;
      isAfterNumber = true;
      break;
    }
  }
  endOfNumbers = to;
  inLastRow = i32(to - row) >> 3;
  return from;
}

/** The length of `,[` or `, [`; 0 if neither is there. */
function opening(at: usize): usize {
  return load<u16>(at) === 0x5b2c ? 2 : (load<u32>(at) & 0xffffff) === 0x5b202c ? 3 : 0;
}

/** The number of one digit at `at`, or UNUSUAL. */
function digitAt(at: usize): f64 {
  const digit = load<u8>(at) - 0x30;
  return digit < 10 ? f64(digit) : UNUSUAL;
}

/**
 * The number of `length` bytes at `start`, digits with or without a point, times 10^power, or UNUSUAL.
 *
 * A number of up to 24 digits is made of three integers of 8 digits, each multiplied by a power of ten in two parts. Relative errors:
 *
 * - The products with the first parts are exact, of 27 + 26 bits. Those with the second parts are 2^-25 times smaller, and are within
 *   2^-52, the table's error included: 2^-77 of the number.
 * - Sums of the first products are exact in double-double (T. Dekker, 1971). It takes for granted that the first operand is the larger
 *   one, or a multiple of the other's last bit. If it is smaller, it is the first part of a power of ten itself, of 26 bits.
 * - Each of the three sums of second products and of what was lost adds 2^-78.
 *
 * So r + d is within 2^-75 of the number, and r is the nearest float64 unless a tie lies between them. A tie is at least 2^-54 away
 * from r. If d is within 2^-16 of that distance, thus 2^-70 of the number and 32 times the error, the result is UNUSUAL.
 */
function decimal(start: usize, length: i32, power: i32): f64 {
  const text = v128.load(start);
  const points = i8x16.bitmask(i8x16.eq(text, v128.load(POINTS)));
  const whole = i32(ctz(points | (1 << length)));
  const hasPoint = i32(whole < length);
  const digits = length - hasPoint;
  const first = i32(load<u8>(start)) - 0x31;
  // Negative: no digit before the point, none after it, too many, or a zero before other digits.
  if (((whole - 1) | (digits - whole - hasPoint) | (DIGITS - digits) | (first & (1 - whole))) < 0) return UNUSUAL;
  // The digits without the point; 0 after the last one.
  const rest = start + usize(hasPoint);
  const joined = v128.bitselect(v128.load(rest), text, v128.load(SLIDE - usize(whole)));
  const digits0 = v128.andnot(i8x16.sub(joined, v128.load(ZEROS)), v128.load(SLIDE - usize(digits)));
  const digits1 = v128.andnot(i8x16.sub(v128.load(rest, 16), v128.load(ZEROS)), v128.load(SLIDE - usize(digits), 16));
  if (v128.any_true(i8x16.sub_sat_u(i8x16.max_u(digits0, digits1), v128.load(NINES)))) return UNUSUAL;
  // By twos, fours and eights.
  const fours0 = i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(digits0, v128.load(BY_10)), 8), v128.load(BY_100));
  const fours1 = i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(digits1, v128.load(BY_10)), 8), v128.load(BY_100));
  const eights = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(fours0, fours1), v128.load(BY_10000));
  const tens = PARTS + (usize(whole + power - LEAST_PART) << 4);
  const x = f64x2.mul(f64x2.convert_low_i32x4_s(i32x4.shuffle(eights, eights, 0, 0, 0, 0)), v128.load(tens - 8 * 16));
  const y = f64x2.mul(f64x2.convert_low_i32x4_s(i32x4.shuffle(eights, eights, 1, 1, 1, 1)), v128.load(tens - 16 * 16));
  const z = f64x2.mul(f64x2.convert_low_i32x4_s(i32x4.shuffle(eights, eights, 2, 2, 2, 2)), v128.load(tens - 24 * 16));
  const xy = f64x2.add(x, y);
  const xyz = f64x2.add(xy, z);
  const lost = f64x2.add(f64x2.sub(y, f64x2.sub(xy, x)), f64x2.sub(z, f64x2.sub(xyz, xy)));
  const high = f64x2.extract_lane(xyz, 0);
  const low = f64x2.extract_lane(xyz, 1) + f64x2.extract_lane(lost, 0);
  const r = high + low;
  const d = low - (r - high);
  return r + d * (1 + 1.0 / 65536) === r ? r : UNUSUAL;
}

/** The result of `findExponent`: the length of the exponent, and its value; 0 if there is none. */
let exponentBytes: i32 = 0;
let power: i32 = 0;

/** Whether an exponent of one or two digits ends at `stop`. */
function findExponent(stop: usize): bool {
  let at = stop - 1;
  const units = load<u8>(at) - 0x30;
  const tens = load<u8>(at - 1) - 0x30;
  let value = i32(units);
  if (tens < 10) {
    value += 10 * i32(tens);
    at--;
  }
  const sign = load<u8>(at - 1);
  if (sign === 0x2d || sign === 0x2b) at--;
  const isExponent = units < 10 && (load<u8>(at - 1) | 0x20) === 0x65;
  exponentBytes = isExponent ? i32(stop - at) + 1 : 0;
  power = isExponent ? (sign === 0x2d ? -value : value) : 0;
  return isExponent;
}

/** Indexes the next bytes of the text: where separators are. False if there are none. */
function indexFrom(from: usize, end: usize): bool {
  const fifteens = v128.load(FIFTEENS);
  const separators = v128.load(SEPARATORS);
  const stop = min(from + window, end);
  let to = ENDS;
  for (; from < stop; from += 64) {
    let bits = separatorsAt(from, fifteens, separators);
    if (stop - from < 64) bits &= ((1 as u64) << (stop - from)) - 1;
    const after = to + (i32(popcnt(bits)) << 2);
    // Four at a time, since a loop of one would be mispredicted. What is too much is overwritten.
    do {
      store<u32>(to, u32(from) + u32(ctz(bits)));
      bits &= bits - 1;
      store<u32>(to, u32(from) + u32(ctz(bits)), 4);
      bits &= bits - 1;
      store<u32>(to, u32(from) + u32(ctz(bits)), 8);
      bits &= bits - 1;
      store<u32>(to, u32(from) + u32(ctz(bits)), 12);
      bits &= bits - 1;
      to += 16;
    } while (bits !== 0);
    to = after;
  }
  next = ENDS;
  last = to;
  window = min(2 * window, WINDOW);
  return to > ENDS;
}

function separatorsAt(at: usize, fifteens: v128, separators: v128): u64 {
  return (
    separatorsOf(v128.load(at), fifteens, separators) |
    (separatorsOf(v128.load(at, 16), fifteens, separators) << 16) |
    (separatorsOf(v128.load(at, 32), fifteens, separators) << 32) |
    (separatorsOf(v128.load(at, 48), fifteens, separators) << 48)
  );
}

function separatorsOf(text: v128, fifteens: v128, separators: v128): u64 {
  return u64(u32(i8x16.bitmask(i8x16.eq(text, i8x16.swizzle(separators, v128.and(text, fifteens))))));
}
