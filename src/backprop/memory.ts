// How much memory a request takes, known from its sizes before anything is computed.
import type { Extra } from '../../schemas/gradients.ts';
import { Refusal } from '../refusal.ts';
import type { Sizes } from './shapes.ts';

/** What one request may take. */
export interface Memory {
  /** In bytes. */
  readonly limit: number;
  /** The most bytes that a number of the answer takes, as it is written. */
  readonly bytesPerNumber: number;
}

/** @throws Refusal `too-much-memory`. */
export function checkMemory(sizes: Sizes, include: ReadonlySet<Extra>, { limit, bytesPerNumber }: Memory): void {
  const { computed, answered } = numbers(sizes, include);
  const needed = computed * Float64Array.BYTES_PER_ELEMENT + answered * bytesPerNumber;
  if (needed <= limit) return;
  const detail = `the values asked for take up to ${needed} bytes, more than the limit of ${limit} bytes (MAX_MEMORY)`;
  const pointer = include.size > 0 ? '/include' : '/batch/inputs';
  throw new Refusal('too-much-memory', { detail, errors: [{ pointer, detail }] });
}

/** How many numbers are computed and kept, at most, and how many of them are answered. */
function numbers({ samples, features, units }: Sizes, include: ReadonlySet<Extra>): { computed: number; answered: number } {
  const inputs = [features, ...units];
  const parameters = units.reduce((sum, outputs, k) => sum + outputs * (inputs[k] + 1), 0);
  const perSample = (include.has('per_sample_gradients') ? samples : 0) * parameters;
  // X and dX of each layer; Z, A, dA and dZ.
  const trace = units.reduce((sum, outputs, k) => sum + samples * (2 * inputs[k] + 4 * outputs), 0);
  const outputs = samples * units[units.length - 1];
  return {
    computed: trace + parameters + perSample,
    answered:
      parameters +
      perSample +
      (include.has('trace') ? trace : 0) +
      (include.has('outputs') ? outputs : 0) +
      (include.has('input_gradients') ? samples * features : 0) +
      (include.has('per_sample_losses') ? samples : 0),
  };
}
