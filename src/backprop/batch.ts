// The batch, ready to compute with: always one sample per row.
import { MatrixTransposeView } from 'ml-matrix';
import type { Batch as GivenBatch } from '../../schemas/batch.ts';
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
export function buildBatch({ inputs, targets, sample_weights, samples }: GivenBatch): Batch {
  const matrix = (rows: number[][]) => (samples === 'columns' ? transposed(Dense.fromRows(rows)) : Dense.fromRows(rows));
  const X = matrix(inputs);
  return {
    X,
    targets: isMatrix(targets) ? matrix(targets) : Float64Array.from(targets),
    s: sample_weights ? Float64Array.from(sample_weights) : new Float64Array(X.rows).fill(1),
  };
}

export function isMatrix(targets: GivenBatch['targets']): targets is number[][] {
  return Array.isArray(targets[0]);
}

export function transposed(matrix: Dense): Dense {
  return Dense.from(new MatrixTransposeView(matrix));
}
