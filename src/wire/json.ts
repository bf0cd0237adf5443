// JSON: bytes to a document, and a result to bytes.
import { isAscii, isUtf8 } from 'node:buffer';
import { type ParseErrorCode, printParseErrorCode, visit } from 'jsonc-parser';
import { isTensor, type Tensor } from '../../schemas/numbers.ts';
import { Refusal } from '../refusal.ts';
import type { Decoded } from './codecs.ts';
import { duplicateKeys } from './duplicates.ts';

/** The longest that JSON writes a float64, as in -2.2250738585072014e-308, and a comma. */
const NUMBER_BYTES = 25;

/** The most bytes that one number takes with the brackets of a matrix around it. */
export const bytesPerNumber = NUMBER_BYTES + 6;

/**
 * Reads a JSON document in UTF-8; a byte order mark is skipped.
 * @throws Refusal `malformed-body`, with the line and the column where it stops being JSON; or `invalid-request`, if a key stands twice.
 */
export function decode(bytes: Buffer): Decoded {
  if (bytes.length === 0) throw malformed('the body is empty');
  // Numbers are ASCII, which is read many times faster than UTF-8, and kept in a byte a character.
  const text = isAscii(bytes) ? bytes.toString('latin1') : decodeUtf8(bytes);
  const document = parse(text);
  duplicateKeys(bytes, text, document).refuse('invalid-request');
  return { document, dtype: 'F64' };
}

function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw malformed('the body is not UTF-8');
  return new TextDecoder().decode(bytes);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(`not JSON: ${whereItStops(text) ?? (error as SyntaxError).message}`);
  }
}

function malformed(detail: string): Refusal {
  return new Refusal('malformed-body', { detail });
}

/** Says where a text stops being JSON, which the message of JSON.parse does not always say. */
function whereItStops(text: string): string | undefined {
  let found: string | undefined;
  const onError = (code: ParseErrorCode, offset: number, _length: number, line: number, character: number) => {
    const expected = printParseErrorCode(code)
      .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
      .toLowerCase();
    const word = /^[^\s,:[\]{}]+|^./su.exec(text.slice(offset, offset + 20));
    found = `line ${line + 1}, column ${character + 1}: ${expected}, at ${word ? JSON.stringify(word[0]) : 'the end of the text'}`;
    throw new Error(found);
  };
  try {
    visit(text, { onError }, { disallowComments: true });
  } catch {
    // Stopped at the first error; or else the text nests too deep for the visitor, and JSON.parse's own message has to do.
  }
  return found;
}

/** Writes a document of finite numbers, their arrays being flat, as JSON. Every number is in its shortest exact form. */
export function encode(document: object): Buffer<ArrayBuffer> {
  const buffer = Buffer.allocUnsafe(size(document)) as Buffer<ArrayBuffer>;
  return buffer.subarray(0, write(document, buffer, 0));
}

/** The most bytes that a value can take. */
function size(value: unknown): number {
  if (typeof value === 'number') return NUMBER_BYTES;
  if (value instanceof Float64Array) return 2 + value.length * NUMBER_BYTES;
  if (isTensor(value)) {
    let lists = 1;
    let bytes = value.data.length * NUMBER_BYTES;
    for (const n of value.shape) {
      // A pair of brackets and a comma each.
      bytes += 3 * lists;
      lists *= n;
    }
    return bytes;
  }
  const entries = Object.entries(value as object);
  return entries.reduce((sum, [key, item]) => sum + key.length + 4 + size(item), 2);
}

/** Writes a value into the buffer from `at` on, and returns where it ends. */
function write(value: unknown, buffer: Buffer, at: number): number {
  const text = (string: string) => {
    at += buffer.write(string, at, 'latin1');
  };
  if (typeof value === 'number') text(`${value}`);
  else if (value instanceof Float64Array) text(JSON.stringify(plain(value)));
  else if (isTensor(value)) return writeTensor(value, 0, 0, buffer, at);
  else {
    const [open, close] = Array.isArray(value) ? '[]' : '{}';
    let separator = open;
    for (const [key, item] of Object.entries(value as object)) {
      text(Array.isArray(value) ? separator : `${separator}"${key}":`);
      at = write(item, buffer, at);
      separator = ',';
    }
    text(close);
  }
  return at;
}

/** Writes the part of a tensor that begins with its number `first`, from dimension `dimension` on. */
function writeTensor({ shape, data }: Tensor, dimension: number, first: number, buffer: Buffer, start: number): number {
  const stride = shape.slice(dimension + 1).reduce((product, n) => product * n, 1);
  const last = first + shape[dimension] * stride;
  if (dimension === shape.length - 1)
    return start + buffer.write(JSON.stringify(plain(data.subarray(first, last))), start, 'latin1');
  let at = start;
  for (let i = first; i < last; i += stride) {
    at += buffer.write(i === first ? '[' : ',', at, 'latin1');
    at = writeTensor({ shape, data }, dimension + 1, i, buffer, at);
  }
  return at + buffer.write(']', at, 'latin1');
}

/** A copy that JSON.stringify writes as a list. This is faster than Array.from. */
function plain(numbers: Float64Array): number[] {
  const list = new Array<number>(numbers.length);
  for (let i = 0; i < list.length; i++) list[i] = numbers[i];
  return list;
}
