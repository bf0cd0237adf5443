// The layout of safetensors files (https://github.com/huggingface/safetensors#format): the header, and where the tensors lie.
import { isUtf8 } from 'node:buffer';
import { Refusal } from '../refusal.ts';
import { arrays, type Dtype, sizeOf } from './dtypes.ts';
import { isObject } from './error-texts.ts';
import { otherFormat } from './formats.ts';
import type { TextLimits } from './json-text.ts';
import { parsePlain } from './plain-json.ts';

/** The size of the field with the header's length. */
export const LENGTH_BYTES = 8;

/** The longest header that the format allows, in bytes. */
const HEADER_LIMIT = 100_000_000;

/** The key of the header that holds strings. */
export const METADATA = '__metadata__';

/** A tensor as the header describes it; the offsets are relative to the end of the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

export function malformed(detail: string): Refusal {
  return new Refusal('malformed-body', { detail });
}

/** The length of the header of a file, from its first bytes. @throws Refusal `malformed-body`. */
export function headerLengthOf(bytes: Buffer): number {
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
  return Number(length);
}

/** Reads the header of a file that is at least as long as its header. @throws Refusal `malformed-body`, `too-complex`. */
export function readHeader(bytes: Buffer, limits: TextLimits): { length: number; entries: Record<string, unknown> } {
  const length = headerLengthOf(bytes);
  const end = LENGTH_BYTES + length;
  if (end > bytes.length)
    throw (
      otherFormat(bytes, 'safetensors') ??
      malformed(`the header is cut off: it should have ${length} bytes, and ${bytes.length - LENGTH_BYTES} follow`)
    );
  const header = bytes.subarray(LENGTH_BYTES, end);
  const entries = parseObject(header, 'the header', limits);
  checkIntegers(header.toString());
  return { length, entries };
}

/** Refuses numbers such as 1.0 and 1e0 in a header, as the official library does. */
function checkIntegers(header: string): void {
  const withoutStrings = header.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const [number] = /-0\b|-?\d+[.eE][\d.eE+-]*/.exec(withoutStrings) ?? [];
  if (number !== undefined)
    throw malformed(`the header has the number ${number}: shapes and data_offsets are integers of digits only`);
}

/** Parses a JSON object in UTF-8; `what` names it in error texts. Pointers into it are given if it `isDocument`. */
export function parseObject(bytes: Buffer, what: string, limits: TextLimits, isDocument = false): Record<string, unknown> {
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

/** A tensor of a header. @throws Refusal `malformed-body`. */
export function readEntry(name: string, value: unknown): Entry {
  if (!isObject(value)) throw malformed(`${shown(name)}: expected an object with dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(arrays, dtype))
    throw malformed(`${shown(name)}: unknown dtype ${shown(dtype)}; there are ${Object.keys(arrays).join(', ')}`);
  if (!isListOfSizes(shape)) throw malformed(`${shown(name)}: the shape is not a list of integers, at least 0`);
  if (!isListOfSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    throw malformed(`${shown(name)}: data_offsets are not two integers, at least 0 and not descending`);
  return { name, dtype: dtype as Dtype, shape, begin: offsets[0], end: offsets[1] };
}

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'none';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function isListOfSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/**
 * Sorts the tensors, and checks that they cover the data without gaps or overlaps, each as long as its shape requires. The data begin at
 * byte `data` of a file of `length` bytes.
 * @throws Refusal `malformed-body`.
 */
export function checkLayout(entries: Entry[], data: number, length: number): void {
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
