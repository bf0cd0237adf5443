// The batch as matrices, with one sample per row.
import { type ArrayBatch, areInColumns, targetsOf } from '../../schemas/batch.ts';
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

/** Builds the samples from `first` to `end` of a batch whose shapes have been checked, in the memory of `scratch`. */
export function buildBatch(given: Tensors<ArrayBatch>, first: number, end: number, scratch: Scratch): Batch {
  const { inputs, sample_weights } = given;
  const { targets } = targetsOf(given);
  const rows = (tensor: Tensor) => {
    const dense = Dense.of(tensor);
    return areInColumns(given)
      ? dense.columnsAsRows(first, end, Dense.in(scratch, end - first, dense.rows))
      : dense.rowsFrom(first, end);
  };
  return {
    X: rows(inputs),
    targets: targets instanceof Float64Array ? targets.subarray(first, end) : rows(targets),
    s: sample_weights?.subarray(first, end) ?? scratch.filled(end - first, 1),
  };
}
