// The codec for safetensors (https://github.com/huggingface/safetensors#format). A tensor's name is its path in the JSON
// document, joined by dots.
import { asTensor, type Tensor, tensor } from '../../schemas/numbers.ts';
import { roomFor } from '../memory/room.ts';
import { Refusal } from '../refusal.ts';
import type { Decoded, Precision } from './codec.ts';
import { arrays, type Dtype, sizeOf, storedAt, widen } from './dtypes.ts';
import { isObject } from './error-texts.ts';
import type { DocumentLimits } from './json-reader.ts';
import type { TextLimits } from './json-text.ts';
import { merge, type Places } from './merge.ts';
import { pointerTo } from './pointer.ts';
import type { RequestSchema } from './request-schema.ts';
import {
  checkLayout,
  type Entry,
  LENGTH_BYTES,
  METADATA,
  malformed,
  parseObject,
  readEntry,
  readHeader,
  shown,
} from './safetensors-layout.ts';

/** The key of the string in the header's metadata that holds the rest of the document. */
const DOCUMENT = 'request';

/** The alignment of an answer's data, in bytes; the same as in the official library. */
const ALIGNMENT = 8;

/** The dtypes of weights whose answer is in F32; all others are answered in F64. */
const SHORT_FLOATS: readonly Dtype[] = ['F32', 'F16', 'BF16'];

export const bytesPerNumber = Float64Array.BYTES_PER_ELEMENT;

/**
 * Reads a safetensors file. F64 tensors become views of `bytes` if they are aligned in memory, otherwise copies.
 * @throws Refusal `malformed-body` if the file is invalid; `invalid-request` if its document is; `too-complex`.
 */
export function decode(bytes: Buffer, schema: RequestSchema, limits: DocumentLimits): Decoded {
  const { places } = schema;
  const header = readHeader(bytes, limits);
  const data = LENGTH_BYTES + header.length;
  const { [METADATA]: metadata, ...described } = header.entries;
  const entries = Object.entries(described).map(([name, value]) => checkIntegers(readEntry(name, value), places));
  checkLayout(entries, data, bytes.length);
  const tensors = new Map(entries.map((entry) => [entry.name, numbersOf(entry, bytes, data + entry.begin)]));
  const document = schema.check(merge(readMetadata(metadata, limits), tensors, places), limits);
  const tensor = places.first;
  const isShort = entries.some((entry) => entry.name === tensor && SHORT_FLOATS.includes(entry.dtype));
  return { document, precision: { dtype: isShort ? 'F32' : 'F64', tensor } };
}

/** @throws Refusal `malformed-body`, if an array has the dtype of class indices where the schema has none. */
function checkIntegers(entry: Entry, places: Places): Entry {
  const { name, dtype, shape } = entry;
  if (dtype === 'I64' && shape.length > 0 && !places.takesIntegers(name))
    throw malformed(
      `${shown(name)}: expected a floating-point dtype, such as F64, got I64, which is for class indices, ${places.ofIntegers}`,
    );
  return entry;
}

/** The part of the document that is not tensors. */
function readMetadata(metadata: unknown, limits: TextLimits): Record<string, unknown> {
  // The official library treats null as missing.
  if (metadata === undefined || metadata === null) return {};
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw malformed(`${METADATA} is not an object of strings`);
  const text = Object.hasOwn(metadata, DOCUMENT) ? (metadata[DOCUMENT] as string) : '{}';
  return parseObject(Buffer.from(text), `"${DOCUMENT}" in ${METADATA}`, limits, true);
}

/** The numbers of a tensor in float64; a tensor without dimensions becomes a number. */
function numbersOf({ dtype, shape }: Entry, bytes: Buffer, at: number): number | Float64Array | Tensor {
  const size = sizeOf(shape);
  const stored = storedAt(dtype, bytes, at, size);
  const data = stored instanceof Float64Array ? stored : new Float64Array(size);
  if (data !== stored) widen(dtype, stored, data);
  if (shape.length === 0) return data[0];
  return shape.length === 1 ? data : tensor(shape, data);
}

/** Writes a result as safetensors; each number and each array of numbers becomes a tensor. */
export function encode(result: object, room: ArrayBuffer, { dtype, tensor }: Precision): Buffer<ArrayBuffer> {
  const tensors = [...tensorsOf(result, '')];
  const { BYTES_PER_ELEMENT } = arrays[dtype];
  let end = 0;
  const header = JSON.stringify(
    Object.fromEntries(
      tensors.map(([name, { shape, data }]) => {
        const begin = end;
        end += data.length * BYTES_PER_ELEMENT;
        return [name, { dtype, shape, data_offsets: [begin, end] }];
      }),
    ),
  );
  const start = Math.ceil((LENGTH_BYTES + header.length) / ALIGNMENT) * ALIGNMENT;
  const bytes = roomFor(start + end, result, room);
  bytes.writeBigUInt64LE(BigInt(start - LENGTH_BYTES));
  bytes.fill(' ', LENGTH_BYTES, start);
  bytes.write(header, LENGTH_BYTES, 'latin1');
  const numbers = new arrays[dtype](bytes.buffer, bytes.byteOffset + start, end / BYTES_PER_ELEMENT);
  let at = 0;
  for (const [name, { data }] of tensors) {
    numbers.set(data, at);
    if (dtype === 'F32') checkRange(name, tensor, numbers.subarray(at, at + data.length) as Float32Array);
    at += data.length;
  }
  return bytes;
}

/** All tensors of a document, with their names. */
function* tensorsOf(value: unknown, name: string): Generator<[name: string, Tensor]> {
  const found = typeof value === 'number' ? tensor([], Float64Array.of(value)) : asTensor(value);
  if (found) yield [name, found];
  else for (const [key, item] of Object.entries(value as object)) yield* tensorsOf(item, name ? `${name}.${key}` : key);
}

/** @throws Refusal `non-finite-result`. */
function checkRange(name: string, first: string, numbers: Float32Array): void {
  if (numbers.every(Number.isFinite)) return;
  const detail = `${name} has a number beyond the range of F32, the dtype of ${first}, in which the answer would be written`;
  throw new Refusal('non-finite-result', {
    detail,
    errors: [{ pointer: pointerTo(first.split('.')), detail }],
    step: 'gradients',
  });
}
