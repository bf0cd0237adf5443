// The batch as matrices, with one sample per row.
import { type ArrayBatch, type ArrayInputs, areInColumns, targetsOf } from '../../schemas/batch.ts';
import type { Tensor, Tensors } from '../../schemas/numbers.ts';
import { Dense } from '../linalg/dense.ts';
import type { Scratch } from '../memory/scratch.ts';
import type { Targets } from './loss.ts';

export interface Batch {
  /** samples x features. */
  readonly X: Dense;
  readonly targets: Targets;
  /** The weight of each sample. */
  readonly s: Float64Array;
}

/** Builds the samples from `first` to `end` of a batch whose shapes have been checked, in the memory of `scratch`. */
export function buildBatch(given: Tensors<ArrayBatch>, first: number, end: number, scratch: Scratch): Batch {
  const { sample_weights } = given;
  const { targets } = targetsOf(given);
  const inColumns = areInColumns(given);
  return {
    X: inputRows(given, first, end, scratch),
    targets: targets instanceof Float64Array ? targets.subarray(first, end) : rowsOf(targets, inColumns, first, end, scratch),
    s: sample_weights?.subarray(first, end) ?? scratch.filled(end - first, 1),
  };
}

/** The inputs of the samples from `first` to `end`. */
export function inputRows(given: Tensors<ArrayInputs>, first: number, end: number, scratch: Scratch): Dense {
  return rowsOf(given.inputs, areInColumns(given), first, end, scratch);
}

/** The samples from `first` to `end` of a matrix, which has one per column if it is `inColumns`, as rows. */
export function rowsOf(matrix: Tensor, inColumns: boolean, first: number, end: number, scratch: Scratch): Dense {
  const dense = Dense.of(matrix);
  return inColumns ? dense.columnsAsRows(first, end, Dense.in(scratch, end - first, dense.rows)) : dense.rowsFrom(first, end);
}
