// Converts nested lists of numbers to flat arrays.
import type { Tensors } from '../../schemas/numbers.ts';
import { isTensor } from '../../schemas/numbers.ts';
import { Dense } from '../../src/linalg/dense.ts';

/** Converts all arrays of numbers in a document to flat arrays, without copying those that are flat. No matrix may be ragged. */
export function flat<T>(value: T): Tensors<T> {
  return flattened(value) as Tensors<T>;
}

function flattened(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Float64Array || isTensor(value)) return value;
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, flattened(item)]));
  if (typeof value[0] === 'number') return Dense.fromRows([value]).data;
  return Array.isArray(value[0]) ? Dense.fromRows(value) : value.map(flattened);
}
