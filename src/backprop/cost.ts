// Estimates the cost of a request from its sizes.
import type { Extra } from '../../schemas/gradients.ts';
import { SAMPLES } from '../linalg/blocks.ts';
import type { Sizes } from './shapes.ts';

export interface Cost {
  /** Floating-point operations of the matrix products, which are nearly all of the work. A multiply-add counts as two. */
  readonly flops: number;
  /** The float64 numbers that are computed. */
  readonly computedNumbers: number;
  /** The most of them that are kept at the same time. */
  readonly keptNumbers: number;
  /** The most that each further thread adds that takes part: its own values, and copies of the request in shared memory. */
  readonly furtherNumbers: number;
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
const AS_JOB = `send it as a job (Prefer: respond-async), or ${FEWER_SAMPLES}`;
const ALL_SAMPLES: Remedy = { pointer: '/batch/inputs', operations: AS_JOB, numbers: FEWER_SAMPLES };
const EXTRAS: Remedy = {
  pointer: '/include',
  operations: FEWER_SAMPLES,
  numbers: `ask for less in include, or ${FEWER_SAMPLES}`,
};

/**
 * The cost of computing gradients, and the extra values in `include`, by tiles of at most `tileSamples` samples. The sums over tiles are
 * kept at so many `levels` of a tree; 0 for a single tile. `byTiles`: whether each thread computes tiles of its own.
 */
export function costOf(
  { samples, features, units }: Sizes,
  include: readonly Extra[],
  tileSamples: number,
  levels: number,
  byTiles: boolean,
): Cost {
  let weights = 0;
  let parameters = 0;
  let perSample = 0;
  let perSampleUnits = 0;
  let perSampleSlopes = 0;
  for (let k = 0, inputs = features; k < units.length; inputs = units[k++]) {
    const outputs = units[k];
    weights += outputs * inputs;
    parameters += outputs * (inputs + 1);
    // X and dX; Z, A, dA and dZ.
    perSample += 2 * inputs + 4 * outputs;
    perSampleUnits += inputs + outputs;
    perSampleSlopes += outputs;
  }
  const outputs = units[units.length - 1];
  const has = (name: Extra) => (include.includes(name) ? 1 : 0);
  const sampleGradients = has('per_sample_gradients') * parameters;
  const slopes = has('trace') * perSampleSlopes;
  const squares = has('squared_gradients');
  const included =
    samples *
    (sampleGradients +
      has('trace') * perSample +
      slopes +
      has('outputs') * outputs +
      has('input_gradients') * features +
      has('per_sample_losses') +
      has('per_sample_gradient_norms'));
  // Squares are computed from those of X and dZ.
  const ofSample = perSample + sampleGradients + slopes + squares * perSampleUnits + has('per_sample_gradient_norms');
  const sums = (1 + squares) * parameters;
  const computed = samples * ofSample + sums;
  // Of many samples, weight gradients are added up by blocks, with their rounding errors.
  const blocks = tileSamples > SAMPLES ? (1 + squares) * 2 * weights : 0;
  const tile = tileSamples * ofSample + sums + blocks;
  return {
    // Forward pass, weight gradients and input gradients; and the squares of weight gradients.
    flops: (6 + 2 * squares) * samples * weights + samples * sampleGradients,
    computedNumbers: computed,
    // At each level the sums, and the rounding errors of some of them.
    keptNumbers: levels === 0 ? tile : tile + levels * 2 * sums + included,
    furtherNumbers: (byTiles ? tile : 0) + parameters + samples * (features + outputs),
    answerNumbers: sums + included,
    remedy: include.length > 0 ? EXTRAS : ALL_SAMPLES,
  };
}
