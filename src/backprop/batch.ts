// The batch as matrices, with one sample per row.
import { type Batch as GivenBatch, targetsOf } from '../../schemas/batch.ts';
import type { Tensor, Tensors } from '../../schemas/numbers.ts';
import { Dense } from '../linalg/dense.ts';
import type { Scratch } from '../memory/scratch.ts';
import type { Targets } from './losses.ts';

export interface Batch {
  /** samples x features. */
  readonly X: Dense;
  readonly targets: Targets;
  /** The weight of each sample. */
  readonly s: Float64Array;
}

/** Builds a batch whose shapes have been checked, in the memory of `scratch`. */
export function buildBatch(given: Tensors<GivenBatch>, scratch: Scratch): Batch {
  const { inputs, sample_weights, samples } = given;
  const { targets } = targetsOf(given);
  const matrix = (tensor: Tensor) => {
    const dense = Dense.of(tensor);
    return samples === 'columns' ? dense.transposed(Dense.in(scratch, dense.columns, dense.rows)) : dense;
  };
  const X = matrix(inputs);
  return {
    X,
    targets: targets instanceof Float64Array ? targets : matrix(targets),
    s: sample_weights ?? scratch.filled(X.rows, 1),
  };
}
