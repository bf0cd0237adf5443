// Reads the arrays of numbers of a JSON text directly to float64, several times faster than JSON.parse. They are most of a
// request.
import { kernel, memory } from '../kernel/kernel.ts';
import { fillParts, fillPowers } from '../kernel/powers.ts';
import type { Scratch } from '../memory/scratch.ts';

/** The first chunk of an array that the kernel parses. Chunks double, up to the size of the kernel's buffer. */
const FIRST_CHUNK_BYTES = 1024;

/** The first chunk after a number that the kernel cannot parse; twice as much as the kernel may leave of a chunk. */
const CHUNK_AFTER_LONG_NUMBER_BYTES = 128;

/** Up to this many numbers, a loop copies faster than `set`. */
const FEW_NUMBERS = 64;

const TEXT_BYTES = kernel.TEXT_BYTES.value;
const text = new Uint8Array(memory.buffer, kernel.TEXT.value, TEXT_BYTES + 8);
const parsed = memory.subarray(kernel.PARSED.value, kernel.PARSED.value + TEXT_BYTES / 2);
const state = new Int32Array(memory.buffer, kernel.STATE.value, 5);
const FINISHED = kernel.FINISHED.value;
const LEFT = kernel.LEFT.value;

fillPowers(kernel.POWERS.value, 5n, kernel.LEAST.value, kernel.MOST_Q.value, false);
fillParts(kernel.PARTS.value, kernel.LEAST_PART.value, kernel.MOST_PART.value);

/** The offset after the number that begins at `at`; -1 if there is no valid number. */
export type NumberEnd = (at: number) => number;

/** Reads the arrays of one text. A short text is copied to the kernel as a whole, the arrays of a long one in chunks. */
export class NumberArrays {
  readonly #bytes: Buffer;
  readonly #isShort: boolean;
  readonly #endOfNumber: NumberEnd;
  readonly #scratch: Scratch;
  readonly #room: Room;
  /** The result of `read`: the numbers, the shape, 1 or 2 dimensions, and the offset after the array. */
  data: Float64Array = NO_NUMBERS;
  rows = 0;
  columns = 0;
  dimensions = 0;
  end = 0;

  constructor(bytes: Buffer, endOfNumber: NumberEnd, scratch: Scratch) {
    this.#bytes = bytes;
    this.#endOfNumber = endOfNumber;
    this.#scratch = scratch;
    this.#room = new Room(bytes.length, scratch);
    this.#isShort = bytes.length <= TEXT_BYTES;
    if (!this.#isShort) return;
    text.set(bytes);
    // Erases the rest of an earlier text, as far as the kernel reads ahead.
    text.fill(0, bytes.length, bytes.length + 8);
  }

  /** Reads the list that begins at `at`. False if it is not a rectangular array of finite numbers in one or two dimensions. */
  read(at: number): boolean {
    const { length } = this.#bytes;
    kernel.begin();
    this.#room.begin();
    let from = at;
    for (let size = FIRST_CHUNK_BYTES; ; size = Math.min(2 * size, TEXT_BYTES)) {
      const taken = this.#isShort ? kernel.parse(from, length - from, true) : this.#parseChunk(from, size);
      if (taken < 0) return false;
      const isWhole = from === at && state[4] === FINISHED;
      from += taken;
      if (isWhole && state[0] <= FEW_NUMBERS) {
        this.data = this.#fewNumbers(state[0]);
        break;
      }
      this.#room.add(parsed, state[0], length - from);
      if (state[4] === FINISHED) {
        this.data = this.#room.array();
        break;
      }
      if (state[4] === LEFT) {
        const end = this.#supply(from);
        if (end < 0) return false;
        from = end;
        // More of them may follow, and each costs the copy of a chunk.
        size = CHUNK_AFTER_LONG_NUMBER_BYTES / 2;
      } else if (taken === 0 || from >= length) return false;
    }
    this.rows = state[1];
    this.columns = state[2];
    this.dimensions = state[3];
    this.end = from;
    return true;
  }

  /** Copies a short array into its own memory. */
  #fewNumbers(count: number): Float64Array {
    const data = this.#scratch.take(count);
    for (let i = 0; i < count; i++) data[i] = parsed[i];
    return data;
  }

  #parseChunk(from: number, size: number): number {
    const chunk = this.#bytes.subarray(from, from + size);
    text.set(chunk);
    text.fill(0, chunk.length, chunk.length + 8);
    return kernel.parse(0, chunk.length, from + size >= this.#bytes.length);
  }

  /** Reads a number that the kernel cannot: a long one, or one near the bounds of float64. Returns the offset after it, or -1. */
  #supply(from: number): number {
    const end = this.#endOfNumber(from);
    if (end < 0) return -1;
    const value = Number(this.#bytes.toString('latin1', from, end));
    if (!Number.isFinite(value)) return -1;
    this.#room.addOne(value, this.#bytes.length - end);
    kernel.supplied();
    return end;
  }
}

const NO_NUMBERS = new Float64Array(0);

/** Memory for the numbers of a text, shared by its arrays. */
class Room {
  readonly #scratch: Scratch;
  readonly #length: number;
  #room: Float64Array = NO_NUMBERS;
  #first = 0;
  #end = 0;

  /** For a text of `length` bytes. The first estimate is 8 bytes per number; most texts have more. */
  constructor(length: number, scratch: Scratch) {
    this.#scratch = scratch;
    this.#length = length;
  }

  /** Begins the next array. */
  begin(): void {
    this.#first = this.#end;
  }

  /** Adds the first `count` of `numbers`; `left` bytes of the text follow. */
  add(numbers: Float64Array, count: number, left: number): void {
    this.#makeRoom(count, left);
    this.#room.set(numbers.subarray(0, count), this.#end);
    this.#end += count;
  }

  addOne(value: number, left: number): void {
    this.#makeRoom(1, left);
    this.#room[this.#end++] = value;
  }

  #makeRoom(count: number, left: number): void {
    if (this.#end + count <= this.#room.length) return;
    const begun = this.array();
    const isFirst = this.#room.length === 0;
    // A number and its comma take at least two bytes: this is enough for the rest of the text.
    const most = begun.length + count + Math.ceil(left / 2);
    this.#room = this.#scratch.take(isFirst ? Math.min(most, Math.max(count, Math.ceil(this.#length / 8))) : most);
    this.#room.set(begun);
    this.#first = 0;
    this.#end = begun.length;
  }

  /** The current array, as far as it has been read. */
  array(): Float64Array {
    return this.#room.subarray(this.#first, this.#end);
  }
}
