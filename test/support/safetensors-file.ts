// safetensors files as tests need them: right ones, and wrong ones.
import { asTensor } from '../../schemas/numbers.ts';

export const SAFETENSORS = 'application/vnd.safetensors';

export interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: number[];
}

export type Header = Record<string, Entry | Record<string, string>>;

/** A file of a header, given as an object or as bytes, and data; `pad`: whether data begin at a multiple of 8. */
export function file(header: object | string | Buffer, data: Uint8Array, pad = true): Buffer {
  const text = Buffer.isBuffer(header) ? header : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const spaces = pad ? -text.length & 7 : 0;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length + spaces));
  return Buffer.concat([length, text, Buffer.alloc(spaces, ' '), data]);
}

/** Whether a value is an array of numbers in lists. */
function isNumbers(value: unknown): value is number[] | number[][] {
  return Array.isArray(value) && value.length > 0 && typeof value.flat(Infinity)[0] === 'number';
}

/** The shape of nested lists. */
function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

const arrays = { F64: Float64Array, F32: Float32Array };

/** The parts of a file that says the same as a JSON document, all its arrays of numbers being tensors; class indices are I64. */
export function parts(document: object, dtype: 'F64' | 'F32' = 'F64'): { header: Header; data: Buffer; rest: object } {
  const header: Header = {};
  const data: Buffer[] = [];
  let end = 0;
  const walk = (value: unknown, path: string[]): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (isNumbers(value)) {
      const name = path.join('.');
      const shape = shapeOf(value);
      const classes = name === 'batch.targets' && shape.length === 1;
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

/** A file that says the same as a JSON document. */
export function fileOf(document: object, dtype: 'F64' | 'F32' = 'F64'): Buffer {
  const { header, data } = parts(document, dtype);
  return file(header, data);
}

/** The tensors of a file, as lists. */
export function read(bytes: Buffer): { dtypes: Set<string>; tensors: Map<string, unknown> } {
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header: Record<string, Entry> = JSON.parse(bytes.toString('utf8', 8, start));
  const data = Uint8Array.from(bytes.subarray(start)).buffer;
  const tensors = Object.entries(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [begin, end],
      },
    ]) => {
      const array = arrays[dtype as 'F64' | 'F32'];
      return [name, nested(Array.from(new array(data.slice(begin, end))), shape)] as const;
    },
  );
  return { dtypes: new Set(Object.values(header).map(({ dtype }) => dtype)), tensors: new Map(tensors) };
}

function nested(numbers: number[], shape: readonly number[]): unknown {
  if (shape.length === 0) return numbers[0];
  if (shape.length === 1) return numbers;
  const size = numbers.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nested(numbers.slice(i * size, (i + 1) * size), shape.slice(1)));
}

/** A JSON document by the names of its arrays of numbers, and of its numbers. */
export function flattened(value: unknown, name = ''): Map<string, unknown> {
  if (typeof value === 'number' || isNumbers(value) || asTensor(value)) return new Map([[name, value]]);
  return new Map(Object.entries(value as object).flatMap(([key, item]) => [...flattened(item, name ? `${name}.${key}` : key)]));
}
