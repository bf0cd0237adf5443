// Takes the arrays of numbers out of a JSON text, straight to float64: most of a large request, read several times faster than by JSON.parse.
import { randomBytes } from 'node:crypto';
import type { Tensor } from '../../schemas/numbers.ts';
import { kernel, memory } from '../linalg/kernel.ts';
import { scratch } from '../linalg/scratch.ts';
import { fillPowers } from './powers.ts';

/** The most text that may be left beside the arrays, in bytes: a document with more of it is not what this is for. */
const MOST_REST = 2 ** 20;

/** The first chunk of an array that is given to the kernel, in bytes; each further one is twice as large, up to the kernel's most. */
const FIRST_CHUNK = 1024;

/** How many numbers are kept room for between requests. */
const ROOM = 2 ** 21;

const [QUOTE, BACKSLASH, OPEN, MINUS, ZERO, NINE] = Buffer.from('"\\[-09');

const TEXT = kernel.TEXT.value;
const TEXT_BYTES = kernel.TEXT_BYTES.value;
const text = new Uint8Array(memory.buffer, TEXT, TEXT_BYTES + 8);
const parsed = memory.subarray(kernel.PARSED.value);

fillPowers(kernel.POWERS.value, 5n, kernel.LEAST.value, kernel.MOST_Q.value, false);

/** The numbers of an array as far as they are read. */
let room = new Float64Array(FIRST_CHUNK);

/** A document whose arrays of numbers have been taken out of its text. */
interface Extracted {
  /** The text with a string in place of each array: `mark` and the array's index. */
  readonly rest: string;
  readonly mark: string;
  readonly arrays: readonly (Float64Array | Tensor)[];
}

/** Undefined if a text, in ASCII, is nothing for this: it may be no JSON, ragged, too deep, or have numbers beyond float64. */
export function extractArrays(bytes: Buffer): Extracted | undefined {
  // Nobody can send a string that is taken for an array.
  const mark = `${randomBytes(16).toString('hex')}:`;
  const arrays: (Float64Array | Tensor)[] = [];
  const rest: string[] = [];
  let restBytes = 0;
  let start = 0;
  const keep = (end: number) => {
    rest.push(bytes.toString('latin1', start, end));
    restBytes += end - start;
  };
  for (let at = 0; at < bytes.length; at++) {
    if (at - start + restBytes > MOST_REST) return undefined;
    if (bytes[at] === QUOTE) at = endOfString(bytes, at);
    else if (bytes[at] === OPEN && isOfNumbers(bytes, at)) {
      keep(at);
      const read = readArray(bytes, at);
      if (!read) return undefined;
      rest.push(`"${mark}${arrays.length}"`);
      arrays.push(read.array);
      start = read.end;
      at = start - 1;
    }
  }
  keep(bytes.length);
  return { rest: rest.join(''), mark, arrays };
}

/** Where the string that begins at `at` ends, at its closing quote. */
function endOfString(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < bytes.length && bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1;
  return end;
}

/** Whether the list that begins at `at` begins with a number, or with a list that does. */
function isOfNumbers(bytes: Uint8Array, at: number): boolean {
  let first = skipSpace(bytes, at + 1);
  if (bytes[first] === OPEN) first = skipSpace(bytes, first + 1);
  return bytes[first] === MINUS || (bytes[first] >= ZERO && bytes[first] <= NINE);
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let next = at;
  while (bytes[next] <= 0x20) next++;
  return next;
}

function readArray(bytes: Uint8Array, start: number): { array: Float64Array | Tensor; end: number } | undefined {
  kernel.begin();
  let count = 0;
  let at = start;
  for (let size = FIRST_CHUNK; !kernel.finished.value; size = Math.min(2 * size, TEXT_BYTES)) {
    const chunk = bytes.subarray(at, at + size);
    text.set(chunk);
    // What an earlier chunk has left there is not this one's.
    text.fill(0, chunk.length, chunk.length + 8);
    const read = kernel.parse(chunk.length, at + size >= bytes.length);
    if (read <= 0) return undefined;
    at += read;
    count = add(kernel.count.value, count);
  }
  const [rows, columns] = [kernel.rows.value, kernel.columns.value];
  const data = scratch(count);
  data.set(room.subarray(0, count));
  if (room.length > ROOM) room = new Float64Array(ROOM);
  return { array: kernel.dimensionsRead() === 1 ? data : { shape: [rows, columns], data }, end: at };
}

/** Adds `n` numbers that the kernel has parsed to the `count` there are, and returns how many there are now. */
function add(n: number, count: number): number {
  if (count + n > room.length) {
    const larger = new Float64Array(2 * (count + n));
    larger.set(room.subarray(0, count));
    room = larger;
  }
  room.set(parsed.subarray(0, n), count);
  return count + n;
}
