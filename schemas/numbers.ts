// The arrays of numbers that requests and answers are made of: nested lists in JSON, flat float64 once they are read.
import { Kind, type TSchema, type TUnsafe, Type, TypeRegistry } from '@sinclair/typebox';

/** What marks a tensor: no document that was sent can have it, whatever its keys. */
export const TENSOR: unique symbol = Symbol('tensor');

/** An array of numbers of two or more dimensions; of one dimension it is a Float64Array. */
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

/** A flat array of numbers as a tensor, whatever its dimensions; undefined for any other value. */
export function asTensor(value: unknown): Tensor | undefined {
  if (value instanceof Float64Array) return tensor([value.length], value);
  return isTensor(value) ? value : undefined;
}

/** The place of number `i` of a tensor of one or two dimensions, as the end of a JSON pointer. */
export function placeOf(i: number, shape: readonly number[]): string {
  return shape.length === 1 ? `${i}` : `${Math.floor(i / shape[1])}/${i % shape[1]}`;
}

/** The same document with its arrays of numbers flat. */
export type Tensors<T> = T extends Float64Array | Tensor
  ? T
  : T extends number[]
    ? Float64Array
    : T extends number[][] | number[][][]
      ? Tensor
      : T extends (infer Item)[]
        ? Tensors<Item>[]
        : T extends object
          ? { [Key in keyof T]: Tensors<T[Key]> }
          : T;

/** The same document, each of its arrays of numbers being either nested lists or flat. */
export type Mixed<T> = T extends number[]
  ? T | Float64Array
  : T extends number[][]
    ? T | Tensor
    : T extends (infer Item)[]
      ? Mixed<Item>[]
      : T extends object
        ? { [Key in keyof T]: Mixed<T[Key]> }
        : T;

/** What TypeBox is to know arrays of numbers by. */
export const NUMBERS = 'Numbers';

TypeRegistry.Set<TSchema>(NUMBERS, (schema, value) => {
  const areAll = itemOf(schema).type === 'integer' ? areIntegers : areFinite;
  const flat = asTensor(value);
  if (!flat) return isNested(value, dimensionsOf(schema), areAll);
  return flat.shape.length === dimensionsOf(schema) && flat.data.length > 0 && areAll(flat.data);
});

/** The schema of the numbers of such an array. */
export function itemOf(schema: TSchema): TSchema {
  return schema.type === 'array' ? itemOf(schema.items) : schema;
}

function isNested(value: unknown, dimensions: number, areAll: (numbers: ArrayLike<number>) => boolean): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return dimensions === 1 ? areAll(value) : value.every((item) => isNested(item, dimensions - 1, areAll));
}

/** Whether all items of a list, or all numbers of an array, are finite numbers. */
export function areFinite(numbers: ArrayLike<number>): boolean {
  if (numbers instanceof Float64Array) return isFiniteArray(numbers);
  // Number.isFinite and Number.isInteger are false of what is no number.
  for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return false;
  return true;
}

/** Only of a finite number is the product with 0 a 0. Four sums are many times faster than one, and than a question per number. */
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

/** How many dimensions the arrays of a schema have. */
export function dimensionsOf(schema: TSchema): number {
  return schema.type === 'array' ? 1 + dimensionsOf(schema.items) : 0;
}

/** A non-empty list. */
export function List<Items extends TSchema>(items: Items, description?: string) {
  return Type.Array(items, { minItems: 1, ...(description && { description }) });
}

/** The schema of an array of numbers: that of nested lists, which flat arrays may stand for. */
function numbers<Static>(lists: TSchema): TUnsafe<Static> {
  return Type.Unsafe<Static>({ ...lists, [Kind]: NUMBERS });
}

/** The schema of the nested lists that such an array is in JSON. */
export function listsOf(schema: TSchema): TSchema {
  return { ...schema, [Kind]: 'Array' };
}

/** A list of numbers; `description` says how many and what they are. */
export function Vector(description?: string) {
  return numbers<number[]>(List(Type.Number(), description));
}

/** A list of rows of equal length; `description` says what rows and columns are. */
export function Matrix(description?: string) {
  return numbers<number[][]>(List(List(Type.Number()), description));
}

/** A list of integers; `title` says what one of them is, `description` how many there are. */
export function Integers(title: string, description: string) {
  return numbers<number[]>(List(Type.Integer({ title }), description));
}
