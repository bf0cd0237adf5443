// Reads and writes safetensors files, valid and invalid ones.
import { asTensor } from '../../schemas/numbers.ts';

export const SAFETENSORS = 'application/vnd.safetensors';

export interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: number[];
}

export type Header = Record<string, Entry | Record<string, string>>;

/** Makes a file from a header, as an object or as bytes, and data; `pad` aligns the data to multiples of 8. */
export function file(header: object | string | Buffer, data: Uint8Array, pad = true): Buffer {
  const text = Buffer.isBuffer(header) ? header : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const spaces = pad ? -text.length & 7 : 0;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length + spaces));
  return Buffer.concat([length, text, Buffer.alloc(spaces, ' '), data]);
}

/** An array of numbers, row-major; a single number has the shape []. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float64Array | BigInt64Array;
}

/** Makes a file from named tensors and metadata. */
export function encodeSafetensors(tensors: ReadonlyMap<string, Tensor>, metadata: Record<string, string>): Buffer {
  const header: Header = { __metadata__: metadata };
  let end = 0;
  for (const [name, { shape, values }] of tensors) {
    const dtype = values instanceof BigInt64Array ? 'I64' : 'F64';
    header[name] = { dtype, shape: [...shape], data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const data = [...tensors.values()].map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  return file(header, Buffer.concat(data));
}

/** Whether a value is a list, or a list of lists, of numbers. */
function isNumbers(value: unknown): value is number[] | number[][] {
  return Array.isArray(value) && value.length > 0 && typeof value.flat(Infinity)[0] === 'number';
}

/** The shape of nested lists. */
function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

const arrays = { F64: Float64Array, F32: Float32Array };

/** The parts of a file equivalent to a JSON document: all arrays become tensors; class indices are I64. */
export function parts(document: object, dtype: 'F64' | 'F32' = 'F64'): { header: Header; data: Buffer; rest: object } {
  const header: Header = {};
  const data: Buffer[] = [];
  let end = 0;
  const walk = (value: unknown, path: string[]): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (isNumbers(value)) {
      const name = path.join('.');
      const shape = shapeOf(value);
      const classes = name === 'batch.classes' || (name === 'batch.targets' && shape.length === 1);
      const numbers = value.flat(Infinity) as number[];
      const bytes = Buffer.from(classes ? BigInt64Array.from(numbers, BigInt).buffer : arrays[dtype].from(numbers).buffer);
      header[name] = { dtype: classes ? 'I64' : dtype, shape, data_offsets: [end, end + bytes.length] };
      end += bytes.length;
      data.push(bytes);
      return undefined;
    }
    if (Array.isArray(value)) return value.map((item, i) => walk(item, [...path, `${i}`]));
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => {
        const rest = walk(item, [...path, key]);
        return rest === undefined ? [] : [[key, rest]];
      }),
    );
  };
  const rest = walk(document, []) as object;
  header.__metadata__ = { request: JSON.stringify(rest) };
  return { header, data: Buffer.concat(data), rest };
}

/** A file equivalent to a JSON document. */
export function fileOf(document: object, dtype: 'F64' | 'F32' = 'F64'): Buffer {
  const { header, data } = parts(document, dtype);
  return file(header, data);
}

/** The float64 and float32 tensors of a file. */
export function decodeSafetensors(bytes: Buffer) {
  const start = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__, ...entries }: Record<string, Entry> = JSON.parse(bytes.toString('utf8', 8, start));
  return Object.entries(entries).map(([name, { dtype, shape, data_offsets: offsets }]) => {
    const [begin, end] = offsets.map((offset) => start + offset);
    const numbers = new arrays[dtype as 'F64' | 'F32'](Uint8Array.from(bytes.subarray(begin, end)).buffer);
    return { name, dtype, shape, numbers };
  });
}

/** The tensors of a file, as lists. */
export function read(bytes: Buffer): { dtypes: Set<string>; tensors: Map<string, unknown> } {
  const tensors = decodeSafetensors(bytes);
  return {
    dtypes: new Set(tensors.map(({ dtype }) => dtype)),
    tensors: new Map(tensors.map(({ name, shape, numbers }) => [name, nested(Array.from(numbers), shape)])),
  };
}

function nested(numbers: number[], shape: readonly number[]): unknown {
  if (shape.length === 0) return numbers[0];
  if (shape.length === 1) return numbers;
  const size = numbers.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nested(numbers.slice(i * size, (i + 1) * size), shape.slice(1)));
}

/** The arrays of numbers, and the numbers, of a JSON document, by their paths. */
export function flattened(value: unknown, name = ''): Map<string, unknown> {
  if (typeof value === 'number' || isNumbers(value) || asTensor(value)) return new Map([[name, value]]);
  return new Map(Object.entries(value as object).flatMap(([key, item]) => [...flattened(item, name ? `${name}.${key}` : key)]));
}
