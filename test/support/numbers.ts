// Documents of numbers: made, copied, and compared up to rounding errors.
import type { Test } from 'tap';
import { isTensor, tensor } from '../../schemas/numbers.ts';

/** The largest rounding error, relative to the scale of the array. */
const TOLERANCE = 1e-12;

/** The arrays of numbers in a document, with their paths; a list of rows is one array. */
export function arraysOf(value: unknown, path = ''): [path: string, numbers: number[]][] {
  if (typeof value === 'number') return [[path, [value]]];
  if (Array.isArray(value) && typeof value.flat(Infinity)[0] === 'number') return [[path, value.flat(Infinity)]];
  return Object.entries(value as object).flatMap(([key, item]) => arraysOf(item, `${path}/${key}`));
}

/** The shape of nested lists: the lengths of all of them. */
function lengths(value: unknown): unknown {
  if (Array.isArray(value)) return typeof value[0] === 'number' ? value.length : value.map(lengths);
  return value instanceof Object
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, lengths(item)]))
    : 'number';
}

interface Options {
  readonly tolerance?: number;
  /** A document of the same form, or a part of it: the magnitudes of the terms that were summed for each array. */
  readonly scales?: object;
}

/**
 * Asserts that two documents have the same shapes, and that the numbers of each array agree within `tolerance` times its scale.
 * The scale is the largest magnitude in the expected array, or in the array at the same path in `scales`, whichever is larger.
 */
export function sameNumbers(
  t: Test,
  actual: unknown,
  expected: unknown,
  message: string,
  { tolerance = TOLERANCE, scales = {} }: Options = {},
): void {
  t.strictSame(lengths(actual), lengths(expected), `${message}: the same shapes`);
  const given = new Map(arraysOf(actual));
  const terms = new Map(arraysOf(scales));
  const far = arraysOf(expected).flatMap(([path, numbers]) => {
    const got = given.get(path) ?? [];
    const scale = largest([...numbers, ...(terms.get(path) ?? [])]);
    const at = numbers.findIndex((number, i) => !isNear(number, got[i], scale, tolerance));
    return at < 0 ? [] : [`${path}[${at}]: expected ${numbers[at]}, got ${got[at]}, of terms up to ${scale}`];
  });
  t.strictSame(far, [], `${message}: the same numbers`);
}

/** Whether two numbers agree within `tolerance`, relative to a finite scale. */
export function isNear(a: number, b: number, scale: number, tolerance = TOLERANCE): boolean {
  return Number.isFinite(scale) && Math.abs(a - b) <= tolerance * scale;
}

/** The largest magnitude; 0 if there are no numbers. */
export function largest(numbers: Iterable<number>): number {
  let largest = 0;
  for (const number of numbers) largest = Math.max(largest, Math.abs(number));
  return largest;
}

/** A copy of a result, whose memory belongs to the engine. */
export function copyOf<Value>(value: Value): Value {
  if (value instanceof Float64Array) return value.slice() as Value;
  if (isTensor(value)) return tensor(value.shape, value.data.slice()) as Value;
  if (Array.isArray(value)) return value.map(copyOf) as Value;
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, copyOf(item)])) as Value;
}

/** Numbers from -1 to 1 that look random. */
export const wave = (n: number, seed: number) =>
  Float64Array.from({ length: n }, (_, i) => Math.sin(seed + 12.9898 * i * (1 + (i % 7))));

/** All numbers of a result, in order. */
export function flat(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (value instanceof Float64Array) return [...value];
  if (isTensor(value)) return [...value.data];
  return Object.values(value as object).flatMap(flat);
}
