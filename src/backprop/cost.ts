// What a request costs, known from its sizes before anything is computed.
import type { Extra } from '../../schemas/gradients.ts';
import type { Sizes } from './shapes.ts';

export interface Cost {
  /** How many float64 numbers are computed and kept, at most. */
  readonly computed: number;
  /** How many numbers the answer has, at most. */
  readonly answered: number;
  /** How many multiplications the products take. */
  readonly multiplications: number;
  /** Whether the answer has more than the gradients. */
  readonly extras: boolean;
}

export function costOf({ samples, features, units }: Sizes, include: ReadonlySet<Extra>): Cost {
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
    multiplications: 3 * samples * parameters,
    extras: include.size > 0,
  };
}
