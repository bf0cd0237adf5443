// The batch, ready to compute with: always one sample per row.
import type { Batch as GivenBatch } from '../../schemas/batch.ts';
import { Dense } from '../linalg/dense.ts';
import type { Findings } from '../refusal.ts';
import type { Domain, Loss, Targets } from './losses.ts';

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
  return Dense.from(matrix.transpose());
}

/** Finds the targets and the sample weights for which the loss is not defined. `classes` is how many outputs the network has. */
export function checkBatchDomain({ targets, sample_weights }: GivenBatch, loss: Loss, classes: number, findings: Findings): void {
  if (isMatrix(targets)) {
    for (const [i, row] of targets.entries()) checkDomain(row, loss.values as Domain, `/batch/targets/${i}`, findings);
  } else {
    const ignored = loss.classes?.ignoreIndex;
    const expected = `a class index from 0 to ${classes - 1}, or ignore_index (${ignored})`;
    checkDomain(targets, { expected, holds: (t) => (t >= 0 && t < classes) || t === ignored }, '/batch/targets', findings);
  }
  if (!sample_weights) return;
  checkDomain(sample_weights, weight, '/batch/sample_weights', findings);
  if (sample_weights.every((s) => s === 0)) findings.add('/batch/sample_weights', 'expected a weight above 0, got only zeros');
}

/** What samples and classes may weigh. */
export const weight: Domain = { expected: 'a weight, at least 0', holds: (w) => w >= 0 };

export function checkDomain(values: number[], { expected, holds }: Domain, pointer: string, findings: Findings): void {
  for (let i = 0; i < values.length && !findings.full; i++) {
    if (!holds(values[i])) findings.add(`${pointer}/${i}`, `expected ${expected}, got ${values[i]}`);
  }
}
