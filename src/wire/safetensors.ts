// The codec for safetensors (https://github.com/huggingface/safetensors#format). A tensor's name is its path in the JSON
// document, joined by dots. Numbers are little-endian, and this code assumes a little-endian machine.
import { isUtf8 } from 'node:buffer';
import { asTensor, type Tensor, tensor } from '../../schemas/numbers.ts';
import { roomFor } from '../memory/room.ts';
import { Refusal } from '../refusal.ts';
import type { Decoded, Precision } from './codec.ts';
import { isObject } from './error-texts.ts';
import { otherFormat } from './formats.ts';
import type { DocumentLimits } from './json-reader.ts';
import type { TextLimits } from './json-text.ts';
import { merge, type Places } from './merge.ts';
import { parsePlain } from './plain-json.ts';
import { pointerTo } from './pointer.ts';
import type { RequestSchema } from './request-schema.ts';

/** The size of the field with the header's length. */
const LENGTH_BYTES = 8;

/** The longest header that the format allows, in bytes. */
const HEADER_LIMIT = 100_000_000;

/** The key of the header that holds strings, and the key of the string that holds the rest of the document. */
const METADATA = '__metadata__';
const DOCUMENT = 'request';

/** The alignment of an answer's data, in bytes; the same as in the official library. */
const ALIGNMENT = 8;

/** The typed arrays that hold the numbers of a dtype as they are stored. */
const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Float16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};
type Dtype = keyof typeof arrays;

/** The dtypes of weights whose answer is in F32; all others are answered in F64. */
const SHORT_FLOATS: readonly Dtype[] = ['F32', 'F16', 'BF16'];

export const bytesPerNumber = Float64Array.BYTES_PER_ELEMENT;

/** A tensor as the header describes it; the offsets are relative to the end of the header. */
interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file. F64 tensors become views of `bytes` if they are aligned in memory, otherwise copies.
 * @throws Refusal `malformed-body` if the file is invalid; `invalid-request` if its document is; `too-complex`.
 */
export function decode(bytes: Buffer, schema: RequestSchema, limits: DocumentLimits): Decoded {
  const { places } = schema;
  const header = readHeader(bytes, limits);
  const data = LENGTH_BYTES + header.length;
  const { [METADATA]: metadata, ...described } = header.entries;
  const entries = Object.entries(described).map(([name, value]) => readEntry(name, value, places));
  checkLayout(entries, data, bytes.length);
  const tensors = new Map(entries.map((entry) => [entry.name, numbersOf(entry, bytes, data + entry.begin)]));
  const document = schema.check(merge(readMetadata(metadata, limits), tensors, places), limits);
  const tensor = places.first;
  const isShort = entries.some((entry) => entry.name === tensor && SHORT_FLOATS.includes(entry.dtype));
  return { document, precision: { dtype: isShort ? 'F32' : 'F64', tensor } };
}

function malformed(detail: string): Refusal {
  return new Refusal('malformed-body', { detail });
}

function readHeader(bytes: Buffer, limits: TextLimits): { length: number; entries: Record<string, unknown> } {
  if (bytes.length === 0) throw malformed('the body is empty');
  if (bytes.length < LENGTH_BYTES)
    throw (
      otherFormat(bytes, 'safetensors') ??
      malformed(`expected ${LENGTH_BYTES} bytes with the length of the header, got ${bytes.length}`)
    );
  const length = bytes.readBigUInt64LE();
  if (length > HEADER_LIMIT)
    throw (
      otherFormat(bytes, 'safetensors') ??
      malformed(`the header is too long: ${length} bytes, more than the ${HEADER_LIMIT} of the format`)
    );
  const end = LENGTH_BYTES + Number(length);
  if (end > bytes.length)
    throw (
      otherFormat(bytes, 'safetensors') ??
      malformed(`the header is cut off: it should have ${length} bytes, and ${bytes.length - LENGTH_BYTES} follow`)
    );
  const header = bytes.subarray(LENGTH_BYTES, end);
  const entries = parseObject(header, 'the header', limits);
  checkIntegers(header.toString());
  return { length: Number(length), entries };
}

/** Refuses numbers such as 1.0 and 1e0 in a header, as the official library does. */
function checkIntegers(header: string): void {
  const withoutStrings = header.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const [number] = /-0\b|-?\d+[.eE][\d.eE+-]*/.exec(withoutStrings) ?? [];
  if (number !== undefined)
    throw malformed(`the header has the number ${number}: shapes and data_offsets are integers of digits only`);
}

/** Parses a JSON object in UTF-8; `what` names it in error texts. Pointers into it are given if it `isDocument`. */
function parseObject(bytes: Buffer, what: string, limits: TextLimits, isDocument = false): Record<string, unknown> {
  if (!isUtf8(bytes)) throw malformed(`${what} is not UTF-8`);
  let parsed: ReturnType<typeof parsePlain>;
  try {
    parsed = parsePlain(bytes, limits);
  } catch (error) {
    if (!(error instanceof Refusal) || error.type !== 'malformed-body') throw error;
    const { detail, errors } = error.refused;
    throw new Refusal('malformed-body', { detail: `${what} is ${detail}`, ...(isDocument && errors && { errors }) });
  }
  const { value, twice } = parsed;
  if (!isObject(value)) throw malformed(`${what} is not a JSON object`);
  if (twice !== undefined) throw malformed(`${what} has the key ${twice} twice`);
  return value;
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

function readEntry(name: string, value: unknown, places: Places): Entry {
  if (!isObject(value)) throw malformed(`${shown(name)}: expected an object with dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(arrays, dtype))
    throw malformed(`${shown(name)}: unknown dtype ${shown(dtype)}; there are ${Object.keys(arrays).join(', ')}`);
  if (!isListOfSizes(shape)) throw malformed(`${shown(name)}: the shape is not a list of integers, at least 0`);
  if (!isListOfSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    throw malformed(`${shown(name)}: data_offsets are not two integers, at least 0 and not descending`);
  if (dtype === 'I64' && shape.length > 0 && !places.takesIntegers(name))
    throw malformed(
      `${shown(name)}: expected a floating-point dtype, such as F64, got I64, which is for class indices, ${places.ofIntegers}`,
    );
  return { name, dtype: dtype as Dtype, shape, begin: offsets[0], end: offsets[1] };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'none';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function isListOfSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Checks that the tensors cover the data without gaps or overlaps, each aligned and as long as its shape requires. */
function checkLayout(entries: Entry[], data: number, length: number): void {
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let filled = 0;
  let before = '';
  for (const { name, dtype, shape, begin, end } of entries) {
    if (end > length - data)
      throw malformed(`${shown(name)}: data_offsets end at ${end}, outside the ${length - data} bytes that follow the header`);
    const bytes = arrays[dtype].BYTES_PER_ELEMENT;
    if (end - begin !== sizeOf(shape) * bytes)
      throw malformed(
        `${shown(name)}: the wrong length: [${shape.join(', ')}] in ${dtype} takes ${sizeOf(shape) * bytes} bytes, got ${end - begin}`,
      );
    if (begin < filled)
      throw malformed(`${shown(name)} overlaps ${shown(before)}: it begins at byte ${begin}, before byte ${filled}`);
    if (begin > filled) throw malformed(`a hole: the bytes from ${filled} to ${begin}, before ${shown(name)}, are no tensor's`);
    filled = end;
    before = name;
  }
  if (filled < length - data) throw malformed(`a hole: the bytes from ${filled} to ${length - data}, the end, are no tensor's`);
}

/** The numbers of a tensor in float64; a tensor without dimensions becomes a number. */
function numbersOf({ dtype, shape }: Entry, bytes: Buffer, at: number): number | Float64Array | Tensor {
  const size = sizeOf(shape);
  const { BYTES_PER_ELEMENT } = arrays[dtype];
  const start = bytes.byteOffset + at;
  const stored =
    start % BYTES_PER_ELEMENT === 0
      ? new arrays[dtype](bytes.buffer as ArrayBuffer, start, size)
      : new arrays[dtype](Uint8Array.from(bytes.subarray(at, at + size * BYTES_PER_ELEMENT)).buffer);
  const data = widened(dtype, stored);
  if (shape.length === 0) return data[0];
  return shape.length === 1 ? data : tensor(shape, data);
}

/** Stored numbers in float64. */
function widened(dtype: Dtype, stored: InstanceType<(typeof arrays)[Dtype]>): Float64Array {
  if (stored instanceof Float64Array) return stored;
  if (stored instanceof BigInt64Array) return Float64Array.from(stored, Number);
  // A BF16 is the upper half of a float32.
  if (dtype === 'BF16') return new Float64Array(new Float32Array(Uint32Array.from(stored, (half) => half << 16).buffer));
  if (dtype === 'BOOL') return Float64Array.from(stored, (byte) => Number(byte !== 0));
  return new Float64Array(stored);
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
