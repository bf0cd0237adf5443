// Documents of numbers for another thread: tensors lose their mark when they are cloned.
import { isTensor, tensor } from '../../schemas/numbers.ts';
import type { Sharing } from './team.ts';

/** The key of a packed tensor's shape. */
const SHAPE = '$shape';

/** A document that can be cloned for another thread; large arrays are shared. */
export function packed(value: unknown, sharing: Sharing): unknown {
  if (value instanceof Float64Array) return sharing.of(value);
  if (isTensor(value)) return { [SHAPE]: [...value.shape], data: sharing.of(value.data) };
  if (Array.isArray(value)) return value.map((item) => packed(item, sharing));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, packed(item, sharing)]));
}

/** The document that was packed. */
export function unpacked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Float64Array) return value;
  if (SHAPE in value) {
    const { [SHAPE]: shape, data } = value as unknown as { [SHAPE]: number[]; data: Float64Array };
    return tensor(shape, data);
  }
  if (Array.isArray(value)) return value.map(unpacked);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpacked(item)]));
}
