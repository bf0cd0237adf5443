// Arrays of numbers: flat data and a shape.

/** The typed arrays of a tensor, by the names of safetensors for their numbers. */
export const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;

export type Dtype = keyof typeof ARRAYS;

/** The data of a tensor. */
export type Data = Float64Array | Float32Array | BigInt64Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** Numbers in nested lists. */
export type Nested = number | readonly Nested[];

/** An array of numbers of any number of dimensions. */
export class Tensor<D extends Data = Data> {
  /** The numbers, row by row: the last index varies fastest. */
  readonly data: D;
  readonly shape: readonly number[];

  /** @throws RangeError if the data does not have as many numbers as the shape says. */
  constructor(data: D, shape: readonly number[] = [data.length]) {
    const size = shape.reduce((product, length) => product * length, 1);
    if (data.length !== size)
      throw new RangeError(`expected ${size} numbers for the shape ${shape.join(' x ')}, got ${data.length}`);
    this.data = data;
    this.shape = shape;
  }

  /** The name of its numbers' type. */
  get dtype(): Dtype {
    return dtypeOf(this.data) as Dtype;
  }

  /** The numbers as nested lists; of a tensor without dimensions, the number. Integers of 64 bits become numbers. */
  toArray(): Nested {
    const { data, shape } = this;
    const level = (depth: number, from: number, size: number): Nested => {
      if (depth === shape.length) return Number(data[from]);
      const step = size / shape[depth];
      return Array.from({ length: shape[depth] }, (_, i) => level(depth + 1, from + i * step, step));
    };
    return level(0, 0, data.length);
  }
}

/** The dtype of a typed array; undefined for any other value. */
export function dtypeOf(value: unknown): Dtype | undefined {
  return (Object.keys(ARRAYS) as Dtype[]).find((dtype) => value instanceof ARRAYS[dtype]);
}

/**
 * A value as a tensor: a tensor, a typed array, a list of typed arrays, or nested lists of numbers, which become float64. Undefined for
 * anything else, such as ragged lists.
 */
export function tensorOf(value: unknown): Tensor | undefined {
  if (value instanceof Tensor) return value;
  if (dtypeOf(value)) return new Tensor(value as Data);
  // No safetensors type of the service has their numbers.
  if (value instanceof Uint16Array || value instanceof Uint32Array) return new Tensor(Float64Array.from(value));
  if (!isList(value)) return undefined;
  const shape = shapeOf(value);
  const data = new Float64Array(shape.reduce((product, length) => product * length, 1));
  return data.length > 0 && fill(data, 0, value, shape, 0) === data.length ? new Tensor(data, shape) : undefined;
}

type List = ArrayLike<unknown>;

function isList(value: unknown): value is List {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** The shape of nested lists, by the first item of each. */
function shapeOf(value: unknown): number[] {
  return isList(value) ? [value.length, ...(value.length > 0 ? shapeOf(value[0]) : [])] : [];
}

/** Writes nested lists to `data`. Returns the end of what was written; NaN if they have another shape, or items that are no numbers. */
function fill(data: Float64Array, at: number, list: List, shape: readonly number[], depth: number): number {
  if (!isList(list) || list.length !== shape[depth]) return Number.NaN;
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (depth + 1 < shape.length) at = fill(data, at, item as List, shape, depth + 1);
    else if (typeof item === 'number') data[at++] = item;
    else return Number.NaN;
    if (Number.isNaN(at)) return at;
  }
  return at;
}
