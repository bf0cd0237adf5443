// From nested lists of numbers to flat ones.
import type { Tensors } from '../../schemas/numbers.ts';
import { isTensor } from '../../schemas/numbers.ts';
import { Dense } from '../linalg/dense.ts';

/** A document with all its arrays of numbers flat; those that are so already are not copied. No matrix may be ragged. */
export function flat<T>(value: T): Tensors<T> {
  return flattened(value) as Tensors<T>;
}

function flattened(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Float64Array || isTensor(value)) return value;
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, flattened(item)]));
  if (typeof value[0] === 'number') return Dense.fromRows([value]).data;
  return Array.isArray(value[0]) ? Dense.fromRows(value) : value.map(flattened);
}
