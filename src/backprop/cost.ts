// Estimates the cost of a request from its sizes.
import type { Extra } from '../../schemas/gradients.ts';
import { SAMPLES } from '../linalg/blocks.ts';
import type { Sizes } from './shapes.ts';

export interface Cost {
  /** Floating-point operations of the matrix products, which are nearly all of the work. A multiply-add counts as two. */
  readonly flops: number;
  /** The most float64 numbers that are computed and kept. */
  readonly computedNumbers: number;
  /** The most numbers in the answer. */
  readonly answerNumbers: number;
  /** How a client can make the request cost less. */
  readonly remedy: Remedy;
}

/** What to change in a request that costs too much. */
export interface Remedy {
  /** JSON pointer to the part of the request to make smaller. */
  readonly pointer: string;
  /** Imperatives: how to need fewer floating-point operations, and fewer numbers. */
  readonly operations: string;
  readonly numbers: string;
}

const FEWER_SAMPLES = 'send fewer samples at a time and merge the answers by their divisors';
const ALL_SAMPLES: Remedy = { pointer: '/batch/inputs', operations: FEWER_SAMPLES, numbers: FEWER_SAMPLES };
const EXTRAS: Remedy = {
  pointer: '/include',
  operations: FEWER_SAMPLES,
  numbers: `ask for less in include, or ${FEWER_SAMPLES}`,
};

/** The cost of computing gradients, and the extra values in `include`. */
export function costOf({ samples, features, units }: Sizes, include: readonly Extra[]): Cost {
  let weights = 0;
  let parameters = 0;
  let trace = 0;
  for (let k = 0, inputs = features; k < units.length; inputs = units[k++]) {
    const outputs = units[k];
    weights += outputs * inputs;
    parameters += outputs * (inputs + 1);
    // X and dX: samples x inputs; Z, A, dA and dZ: samples x outputs.
    trace += samples * (2 * inputs + 4 * outputs);
  }
  const has = (name: Extra) => (include.includes(name) ? 1 : 0);
  const perSample = has('per_sample_gradients') * samples * parameters;
  const outputs = samples * units[units.length - 1];
  return {
    // Forward pass, weight gradients and input gradients.
    flops: 6 * samples * weights + perSample,
    // Of many samples, weight gradients are added up by blocks, with their rounding errors.
    computedNumbers: trace + parameters + (samples > SAMPLES ? 2 * weights : 0) + perSample,
    answerNumbers:
      parameters +
      perSample +
      has('trace') * trace +
      has('outputs') * outputs +
      has('input_gradients') * samples * features +
      has('per_sample_losses') * samples,
    remedy: include.length > 0 ? EXTRAS : ALL_SAMPLES,
  };
}
