// The batch, ready to compute with: always one sample per row.
import { MatrixTransposeView } from 'ml-matrix';
import type { Batch as GivenBatch } from '../../schemas/batch.ts';
import type { Tensor, Tensors } from '../../schemas/numbers.ts';
import { Dense } from '../linalg/dense.ts';
import type { Targets } from './losses.ts';

export interface Batch {
  /** samples x features. */
  readonly X: Dense;
  readonly targets: Targets;
  /** What each sample weighs. */
  readonly s: Float64Array;
}

/** Builds a batch whose shapes have been checked. */
export function buildBatch({ inputs, targets, sample_weights, samples }: Tensors<GivenBatch>): Batch {
  const matrix = (given: Tensor) => (samples === 'columns' ? transposed(Dense.of(given)) : Dense.of(given));
  const X = matrix(inputs);
  return {
    X,
    targets: targets instanceof Float64Array ? targets : matrix(targets),
    s: sample_weights ?? new Float64Array(X.rows).fill(1),
  };
}

export function transposed(matrix: Dense): Dense {
  return Dense.from(new MatrixTransposeView(matrix));
}
