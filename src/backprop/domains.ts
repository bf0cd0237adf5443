// Checks that targets, weights and the network's outputs are in the domain of the loss.
import { type ArrayBatch, targetsOf } from '../../schemas/batch.ts';
import { asTensor, placeOf, type Tensor, type Tensors } from '../../schemas/numbers.ts';
import type { Dense } from '../linalg/dense.ts';
import { Findings } from '../refusal.ts';
import { anything, type Domain } from './loss.ts';
import type { BoundLoss } from './losses.ts';

/** The domain of the weights of samples and classes. */
const weight: Domain = { expected: 'a weight, at least 0', holds: (w) => w >= 0 };

/**
 * Checks targets and weights. `classes` is the number of the network's outputs. In a part of a batch, every sample may weigh 0.
 * @throws Refusal `out-of-domain`, with every value outside its domain.
 */
export function checkDomains(batch: Tensors<ArrayBatch>, { loss, weights }: BoundLoss, classes: number, isPart = false): void {
  const findings = new Findings();
  const { sample_weights } = batch;
  const { targets, pointer } = targetsOf(batch);
  if (!(targets instanceof Float64Array)) checkValues(targets, loss.values as Domain, pointer, findings);
  else {
    const ignored = loss.classes?.ignoreIndex;
    const expected = `a class index from 0 to ${classes - 1}, or ignore_index (${ignored})`;
    checkValues(targets, { expected, holds: (t) => (t >= 0 && t < classes) || t === ignored }, pointer, findings);
  }
  const coding = findings.length > 0 && codingOf(targets, loss, classes);
  if (coding) findings.replace('/batch/targets', coding);
  if (sample_weights) {
    checkValues(sample_weights, weight, '/batch/sample_weights', findings);
    if (!isPart && sample_weights.every((s) => s === 0))
      findings.add('/batch/sample_weights', 'expected a weight above 0, got only zeros');
  }
  for (const [place, values] of weights) checkValues(values, weight, place, findings);
  findings.refuse('out-of-domain');
}

/** The error text for targets of two values, or classes, that are coded as elsewhere; undefined for all others. */
function codingOf(
  targets: Float64Array | Tensor,
  { values, classes: indices }: BoundLoss['loss'],
  classes: number,
): string | undefined {
  if (targets instanceof Float64Array) {
    const given = targets.filter((t) => t !== indices?.ignoreIndex);
    const isFromOne = given.includes(classes) && given.every((t) => t >= 1 && t <= classes);
    return isFromOne ? `expected class indices from 0 to ${classes - 1}, got 1 to ${classes}: subtract 1` : undefined;
  }
  const { data } = targets;
  const [takesMinus, takesZero, takesTwo] = [-1, 0, 2].map((value) => values?.holds(value));
  const areAll = (value: number) => data.includes(value) && data.every((t) => t === value || t === 1);
  if (takesMinus && !takesZero && areAll(0)) return 'expected -1 or 1, got 0 and 1: write -1 in place of 0';
  if (!takesMinus && takesZero && !takesTwo && areAll(-1)) return 'expected 0 to 1, got -1 and 1: write 0 in place of -1';
  return undefined;
}

function checkValues(values: Float64Array | Tensor, domain: Domain, pointer: string, findings: Findings): void {
  if (domain === anything) return;
  const { shape, data } = asTensor(values) as Tensor;
  for (let i = 0; i < data.length && !findings.full; i++) {
    if (!domain.holds(data[i])) findings.add(`${pointer}/${placeOf(i, shape)}`, `expected ${domain.expected}, got ${data[i]}`);
  }
}

/**
 * Checks the outputs Y of the last layer, whose index is `layer`, for the samples from `first` on. Skips non-finite outputs: `non-finite-result` will report them.
 * @throws Refusal `out-of-domain`, with the first output outside the domain.
 */
export function checkOutputs(Y: Dense, { name, loss }: BoundLoss, layer: number, first: number): void {
  const { outputs } = loss;
  if (!outputs) return;
  const at = Y.data.findIndex((y) => Number.isFinite(y) && !outputs.holds(y));
  if (at < 0) return;
  const where = `for sample ${first + Math.floor(at / Y.columns)}, unit ${at % Y.columns}`;
  const findings = new Findings();
  findings.add(
    `/network/layers/${layer}`,
    `expected outputs that are each ${outputs.expected}, for ${name}, got ${Y.data[at]} ${where}`,
  );
  findings.refuse('out-of-domain');
}
