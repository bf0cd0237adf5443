// What a request costs, known from its sizes before anything is computed.
import type { Extra } from '../../schemas/gradients.ts';
import type { Sizes } from './shapes.ts';

export interface Cost {
  /** Floating-point operations of the products, which are all but the whole work: a multiplication and an addition count as two. */
  readonly flops: number;
  /** How many float64 numbers are computed and kept, at most. */
  readonly computed: number;
  /** How many numbers the answer has, at most. */
  readonly answered: number;
  /** Whether the answer has more than the gradients. */
  readonly extras: boolean;
}

export function costOf({ samples, features, units }: Sizes, include: ReadonlySet<Extra>): Cost {
  const inputs = [features, ...units];
  const weights = units.reduce((sum, outputs, k) => sum + outputs * inputs[k], 0);
  const parameters = units.reduce((sum, outputs) => sum + outputs, weights);
  const perSample = (include.has('per_sample_gradients') ? samples : 0) * parameters;
  // X and dX of each layer; Z, A, dA and dZ.
  const trace = units.reduce((sum, outputs, k) => sum + samples * (2 * inputs[k] + 4 * outputs), 0);
  const outputs = samples * units[units.length - 1];
  return {
    // Forward, weight gradient and input gradient.
    flops: 6 * samples * weights + perSample,
    computed: trace + parameters + perSample,
    answered:
      parameters +
      perSample +
      (include.has('trace') ? trace : 0) +
      (include.has('outputs') ? outputs : 0) +
      (include.has('input_gradients') ? samples * features : 0) +
      (include.has('per_sample_losses') ? samples : 0),
    extras: include.size > 0,
  };
}
