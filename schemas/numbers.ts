// Arrays of numbers in requests and answers: nested lists in JSON, flat float64 arrays in memory.
import { Kind, type SchemaOptions, type TSchema, type TUnsafe, Type, TypeRegistry } from '@sinclair/typebox';

/** Marks tensors. A symbol, since a decoded document cannot have symbols as keys. */
export const TENSOR: unique symbol = Symbol('tensor');

/** An array of numbers in memory. Decoded arrays of one dimension are plain Float64Arrays instead. */
export interface Tensor {
  readonly [TENSOR]: true;
  readonly shape: readonly number[];
  /** Row-major: the last dimension varies fastest. */
  readonly data: Float64Array;
}

export function tensor(shape: readonly number[], data: Float64Array): Tensor {
  return { [TENSOR]: true, shape, data };
}

export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && TENSOR in value;
}

/** A tensor or a Float64Array as a tensor; undefined for any other value. */
export function asTensor(value: unknown): Tensor | undefined {
  if (value instanceof Float64Array) return tensor([value.length], value);
  return isTensor(value) ? value : undefined;
}

/** The indices of element `i` of a one- or two-dimensional tensor, as the end of a JSON pointer. */
export function placeOf(i: number, shape: readonly number[]): string {
  return shape.length === 1 ? `${i}` : `${Math.floor(i / shape[1])}/${i % shape[1]}`;
}

/** The type of a document in which all arrays of numbers are flat. */
export type Tensors<T> = T extends Float64Array | Tensor
  ? T
  : T extends number[]
    ? Float64Array
    : T extends number[][] | number[][][] | number[][][][]
      ? Tensor
      : T extends (infer Item)[]
        ? Tensors<Item>[]
        : T extends object
          ? { [Key in keyof T]: Tensors<T[Key]> }
          : T;

/** The same, except that ragged matrices stay nested lists, until the shapes have been checked. */
export type MaybeRagged<T> = T extends number[]
  ? Float64Array
  : T extends number[][]
    ? T | Tensor
    : T extends (infer Item)[]
      ? MaybeRagged<Item>[]
      : T extends object
        ? { [Key in keyof T]: MaybeRagged<T[Key]> }
        : T;

/** The TypeBox kind of an array of numbers. */
export const NUMBERS = 'Numbers';

TypeRegistry.Set<TSchema>(NUMBERS, (schema, value) => {
  const areAll = itemOf(schema).type === 'integer' ? areIntegers : areFinite;
  const flat = asTensor(value);
  if (!flat) return isNested(value, dimensionsOf(schema), areAll);
  return flat.shape.length === dimensionsOf(schema) && flat.data.length > 0 && areAll(flat.data);
});

/** The schema of the numbers in an array. */
export function itemOf(schema: TSchema): TSchema {
  return schema.type === 'array' ? itemOf(schema.items) : schema;
}

function isNested(value: unknown, dimensions: number, areAll: (numbers: ArrayLike<number>) => boolean): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return dimensions === 1 ? areAll(value) : value.every((item) => isNested(item, dimensions - 1, areAll));
}

/** Whether all items are finite numbers. */
export function areFinite(numbers: ArrayLike<number>): boolean {
  if (numbers instanceof Float64Array) return isFiniteArray(numbers);
  // Number.isFinite is false for values that are not numbers.
  for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return false;
  return true;
}

/** x · 0 is NaN unless x is finite. Four independent sums are many times faster than one sum, or than a test per number. */
function isFiniteArray(numbers: Float64Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = numbers.length - (numbers.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += numbers[i] * 0;
    b += numbers[i + 1] * 0;
    c += numbers[i + 2] * 0;
    d += numbers[i + 3] * 0;
  }
  for (let i = whole; i < numbers.length; i++) a += numbers[i] * 0;
  return a + b + c + d === 0;
}

function areIntegers(numbers: ArrayLike<number>): boolean {
  for (let i = 0; i < numbers.length; i++) if (!Number.isInteger(numbers[i])) return false;
  return true;
}

/** The number of dimensions of the arrays of a schema. */
export function dimensionsOf(schema: TSchema): number {
  return schema.type === 'array' ? 1 + dimensionsOf(schema.items) : 0;
}

/** A non-empty list. */
export function List<Items extends TSchema>(items: Items, description?: string) {
  return Type.Array(items, { minItems: 1, ...(description && { description }) });
}

/** The schema of an array of numbers, from that of its nested lists. It also accepts flat arrays in their place. */
function numbers<Static>(lists: TSchema): TUnsafe<Static> {
  return Type.Unsafe<Static>({ ...lists, [Kind]: NUMBERS });
}

/** A list of numbers. The description should say how many there are, and what they mean. */
export function Vector(description?: string) {
  return numbers<number[]>(List(Type.Number(), description));
}

/** A list of rows of equal length. The description should say what rows and columns are. */
export function Matrix(description?: string) {
  return numbers<number[][]>(List(List(Type.Number()), description));
}

/** Marks the schema of an object: the key that a number in its place stands for, for error texts. */
export const KEY_OF_NUMBER: unique symbol = Symbol('key of a number');

export function keyOfNumber(schema: TSchema): string | undefined {
  return (schema as { [KEY_OF_NUMBER]?: string })[KEY_OF_NUMBER];
}

/** The key of a schema that OpenAPI does not show. */
export const UNDOCUMENTED = 'x-undocumented';

/** A list of integers. `title` names one of them; the description should say how many there are. */
export function Integers(title: string, description: string, options: SchemaOptions = {}) {
  return numbers<number[]>({ ...List(Type.Integer({ title }), description), ...options });
}
