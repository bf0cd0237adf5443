// Takes the arrays of numbers out of a JSON text, straight to float64: most of a large request, read several times faster than by JSON.parse.
import { randomBytes } from 'node:crypto';
import { type Tensor, tensor } from '../../schemas/numbers.ts';
import { kernel, memory } from '../kernel/kernel.ts';
import { fillPowers } from '../kernel/powers.ts';
import { scratch } from '../memory/scratch.ts';

/** The most text that may be left beside the arrays, in bytes: a document with more of it is not what this is for. */
const MOST_REST = 2 ** 20;

/** How much is left of an array: its mark and its number. */
const MARK_BYTES = 40;

/** The first chunk of an array that is given to the kernel, in bytes; each further one is twice as large, up to the kernel's most. */
const FIRST_CHUNK = 1024;

const [QUOTE, BACKSLASH, OPEN, MINUS, ZERO, NINE] = Buffer.from('"\\[-09');

const TEXT = kernel.TEXT.value;
const TEXT_BYTES = kernel.TEXT_BYTES.value;
const text = new Uint8Array(memory.buffer, TEXT, TEXT_BYTES + 8);
const parsed = memory.subarray(kernel.PARSED.value);

fillPowers(kernel.POWERS.value, 5n, kernel.LEAST.value, kernel.MOST_Q.value, false);

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
  const mark = randomBytes(16).toString('hex');
  const arrays: (Float64Array | Tensor)[] = [];
  const numbers = new Numbers(bytes.length);
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
      const read = readArray(bytes, at, numbers);
      if (!read) return undefined;
      rest.push(`"${mark}${arrays.length}"`);
      restBytes += MARK_BYTES;
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

function readArray(
  bytes: Uint8Array,
  start: number,
  numbers: Numbers,
): { array: Float64Array | Tensor; end: number } | undefined {
  kernel.begin();
  numbers.begin();
  let at = start;
  for (let size = FIRST_CHUNK; !kernel.finished.value; size = Math.min(2 * size, TEXT_BYTES)) {
    const chunk = bytes.subarray(at, at + size);
    text.set(chunk);
    // What an earlier chunk has left there is not this one's.
    text.fill(0, chunk.length, chunk.length + 8);
    const read = kernel.parse(chunk.length, at + size >= bytes.length);
    if (read <= 0) return undefined;
    at += read;
    numbers.add(parsed.subarray(0, kernel.count.value), bytes.length - at);
  }
  const [rows, columns] = [kernel.rows.value, kernel.columns.value];
  const data = numbers.array();
  return { array: kernel.dimensionsRead() === 1 ? data : tensor([rows, columns], data), end: at };
}

/** The numbers of a text, array after array in the same memory. */
class Numbers {
  #room: Float64Array;
  #first = 0;
  #end = 0;

  /** In most texts, of `length` bytes, a number takes many more than 8 bytes. */
  constructor(length: number) {
    this.#room = scratch(Math.ceil(length / 8));
  }

  /** Begins an array. */
  begin(): void {
    this.#first = this.#end;
  }

  /** Adds numbers; `left` bytes of the text follow. */
  add(numbers: Float64Array, left: number): void {
    if (this.#end + numbers.length > this.#room.length) {
      const begun = this.array();
      // A number and its comma take two bytes at least: this is room for all that can come.
      this.#room = scratch(begun.length + numbers.length + Math.ceil(left / 2));
      this.#room.set(begun);
      this.#first = 0;
      this.#end = begun.length;
    }
    this.#room.set(numbers, this.#end);
    this.#end += numbers.length;
  }

  /** The array as far as it has been added. */
  array(): Float64Array {
    return this.#room.subarray(this.#first, this.#end);
  }
}
