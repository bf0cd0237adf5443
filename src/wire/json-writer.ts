// Writes documents of finite numbers as JSON: objects, lists, numbers, flat arrays and tensors, and texts beside them. A short document is written in
// the kernel's memory, where numbers are formatted; a long one into a buffer, array by array.
import { isTensor, type Tensor, tensor } from '../../schemas/numbers.ts';
import { formatInKernel, formatNumbers, formatOneInKernel, MOST_AT_ONCE, NUMBER_BYTES, written } from './format-numbers.ts';

/** The length of a row's separator, `],[`. */
const ROW_BYTES = 3;

/** A value that is written as it is. */
type Plain = string | boolean | null;

function isPlain(value: unknown): value is Plain {
  return typeof value === 'string' || typeof value === 'boolean' || value === null;
}

/** The JSON of a value in ASCII. */
function textOf(value: Plain): string {
  return JSON.stringify(value).replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** An upper bound of the length of a value in JSON, in bytes. */
export function size(value: unknown): number {
  if (typeof value === 'number') return NUMBER_BYTES;
  if (isPlain(value)) return textOf(value).length;
  if (value instanceof Float64Array) return 2 + value.length * NUMBER_BYTES;
  if (isTensor(value)) {
    let lists = 1;
    let bytes = value.data.length * NUMBER_BYTES;
    for (const n of value.shape) {
      // Per list: two brackets and a comma.
      bytes += ROW_BYTES * lists;
      lists *= n;
    }
    return bytes;
  }
  let bytes = 2;
  for (const key in value as Record<string, unknown>) bytes += key.length + 4 + size((value as Record<string, unknown>)[key]);
  return bytes;
}

/** Writes a document into `buffer`, which must have room for its `size`. Returns the end offset. */
export function writeLong(document: object, buffer: Uint8Array): number {
  const writer = new LongWriter(buffer);
  writer.value(document);
  return writer.at;
}

/** The text of a document; undefined if it is too long for the kernel's memory. */
export function writeShort(document: object): string | undefined {
  const writer = new ShortWriter(written);
  return writer.value(document) ? written.toString('latin1', 0, writer.at) : undefined;
}

/** Methods return false if there is no room. */
abstract class Writer {
  protected readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Writes a number at `at`. */
  protected abstract number(value: number): boolean;

  /** Writes numbers at `at`, with `],[` between rows of `columns`. */
  protected abstract numbers(data: Float64Array, columns: number): boolean;

  value(value: unknown): boolean {
    if (typeof value === 'number') return this.number(value);
    if (value instanceof Float64Array) return this.text('[') && this.numbers(value, value.length) && this.text(']');
    if (Array.isArray(value)) return this.#list(value);
    if (isPlain(value)) return this.text(textOf(value));
    return isTensor(value) ? this.#tensor(value) : this.#object(value as Record<string, unknown>);
  }

  /** Writes ASCII. */
  protected text(text: string): boolean {
    const { bytes } = this;
    let { at } = this;
    if (at + text.length > bytes.length) return false;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.at = at;
    return true;
  }

  #list(list: readonly unknown[]): boolean {
    for (let i = 0; i < list.length; i++) if (!this.text(i === 0 ? '[' : ',') || !this.value(list[i])) return false;
    return this.text(list.length === 0 ? '[]' : ']');
  }

  #object(object: Record<string, unknown>): boolean {
    let separator = '{"';
    for (const key in object) {
      if (!this.text(separator) || !this.text(key) || !this.text('":') || !this.value(object[key])) return false;
      separator = ',"';
    }
    return this.text(separator === '{"' ? '{}' : '}');
  }

  /** Recurses down to matrices, which are written in one go. */
  #tensor({ shape, data }: Tensor): boolean {
    if (shape.length === 2) return this.text('[[') && this.numbers(data, shape[1]) && this.text(']]');
    const [items, ...rest] = shape;
    const length = data.length / items;
    for (let i = 0; i < items; i++) {
      if (!this.text(i === 0 ? '[' : ',') || !this.#tensor(tensor(rest, data.subarray(i * length, (i + 1) * length))))
        return false;
    }
    return this.text(']');
  }
}

class LongWriter extends Writer {
  protected override number(value: number): boolean {
    return this.numbers(Float64Array.of(value), 1);
  }

  protected override numbers(data: Float64Array, columns: number): boolean {
    this.at = formatNumbers(data, columns, this.bytes, this.at);
    return true;
  }
}

class ShortWriter extends Writer {
  protected override number(value: number): boolean {
    if (this.at + NUMBER_BYTES > written.length) return false;
    this.at = formatOneInKernel(value, this.at);
    return true;
  }

  protected override numbers(data: Float64Array, columns: number): boolean {
    const most = data.length * NUMBER_BYTES + (data.length / columns) * ROW_BYTES;
    if (data.length > MOST_AT_ONCE || this.at + most > written.length) return false;
    this.at = formatInKernel(data, columns, this.at);
    return true;
  }
}
