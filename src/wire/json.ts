// JSON: bytes to a document, and a result to bytes.
import { isAscii, isUtf8 } from 'node:buffer';
import { type ParseErrorCode, printParseErrorCode, visit } from 'jsonc-parser';
import { isTensor, type Tensor, tensor } from '../../schemas/numbers.ts';
import { roomFor } from '../memory/room.ts';
import type { Limits } from '../operations/limits.ts';
import { Refusal } from '../refusal.ts';
import type { Decoded } from './codecs.ts';
import { checkComplexity } from './complexity.ts';
import { duplicateKeys } from './duplicates.ts';
import { formatNumbers } from './format-numbers.ts';
import { extractArrays } from './number-arrays.ts';

/** The longest that JSON writes a float64, as in -0.0000012345678901234567, and a comma. */
const NUMBER_BYTES = 26;

/** From this size on, in bytes, it is faster to take the arrays out of the text than to leave them to JSON.parse. */
const LARGE = 16_384;

/** The most bytes that one number takes with the brackets of a matrix around it. */
export const bytesPerNumber = NUMBER_BYTES + 6;

/**
 * Reads a JSON document in UTF-8; a byte order mark is skipped.
 * @throws Refusal `malformed-body`, with the line and the column where it stops being JSON; `invalid-request`, if a key stands twice or
 * it nests too deep; or `too-complex`.
 */
export function decode(bytes: Buffer, limits: Limits): Decoded {
  if (bytes.length === 0) throw malformed('the body is empty');
  const ascii = isAscii(bytes);
  const document = ascii && bytes.length >= LARGE ? parseByArrays(bytes, limits) : undefined;
  // ASCII becomes a string many times faster than UTF-8.
  const plain = () => parse(ascii ? bytes.toString('latin1') : decodeUtf8(bytes), limits);
  return document === undefined ? { document: plain(), dtype: 'F64' } : { document, plain, dtype: 'F64' };
}

/** The document, its arrays of numbers being flat; undefined if there is anything wrong with it, or uncommon about it. */
function parseByArrays(bytes: Buffer, limits: Limits): unknown {
  const extracted = extractArrays(bytes);
  if (!extracted) return undefined;
  const { rest, mark, arrays } = extracted;
  checkComplexity(rest, limits);
  try {
    const document = JSON.parse(rest, (_key, value) =>
      typeof value === 'string' && value.startsWith(mark) ? arrays[Number(value.slice(mark.length))] : value,
    );
    return duplicateKeys(rest, document).errors.length > 0 ? undefined : document;
  } catch {
    return undefined;
  }
}

function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw malformed('the body is not UTF-8');
  return new TextDecoder().decode(bytes);
}

function parse(text: string, limits: Limits): unknown {
  checkComplexity(text, limits);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw malformed(`not JSON: ${whereItStops(text, error as SyntaxError)}`);
  }
  duplicateKeys(text, document).refuse('invalid-request');
  return document;
}

function malformed(detail: string): Refusal {
  return new Refusal('malformed-body', { detail });
}

/** Says where a text stops being JSON, which the error of JSON.parse does not always say. */
function whereItStops(text: string, { message }: SyntaxError): string {
  let found = message;
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
    // Stopped at the first error.
  }
  return found;
}

/** Writes a document of finite numbers, their arrays being flat, as JSON. Every number is in its shortest exact form. */
export function encode(document: object, room: ArrayBuffer): Buffer<ArrayBuffer> {
  const buffer = roomFor(size(document), document, room);
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
  else if (value instanceof Float64Array) return writeNumbers(value, value.length, '[', ']', buffer, at);
  else if (isTensor(value)) return writeTensor(value, buffer, at);
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

/** Writes a tensor, of which the last two dimensions are lists of rows. */
function writeTensor({ shape, data }: Tensor, buffer: Buffer, start: number): number {
  if (shape.length === 2) return writeNumbers(data, shape[1], '[[', ']]', buffer, start);
  const [items, ...rest] = shape;
  const size = data.length / items;
  let at = start;
  for (let i = 0; i < items; i++) {
    at += buffer.write(i === 0 ? '[' : ',', at, 'latin1');
    at = writeTensor(tensor(rest, data.subarray(i * size, (i + 1) * size)), buffer, at);
  }
  return at + buffer.write(']', at, 'latin1');
}

/** Writes rows of `columns` numbers each between `open` and `close`. */
function writeNumbers(data: Float64Array, columns: number, open: string, close: string, buffer: Buffer, start: number): number {
  let at = start + buffer.write(open, start, 'latin1');
  at = formatNumbers(data, columns, buffer, at);
  return at + buffer.write(close, at, 'latin1');
}
