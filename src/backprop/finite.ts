// Finds the first non-finite value of a computation.

import { areFinite, isTensor, type Tensor, tensor } from '../../schemas/numbers.ts';
import type { Step } from '../../schemas/problem.ts';
import { Refusal } from '../refusal.ts';
import type { Backward } from './backward.ts';
import type { Forward } from './forward.ts';
import type { Reduced } from './losses.ts';

/** Everything that was computed for a request. */
export interface Computed {
  readonly steps: Forward[];
  readonly reduced: Reduced;
  readonly gradients: Backward[];
}

/** Values of one step, with their name for error texts. */
interface Values {
  readonly step: Step;
  readonly layer?: number;
  readonly what: string;
  readonly values: Tensor;
}

/** Whether every number in a document of numbers, tensors and lists is finite. */
export function allFinite(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value instanceof Float64Array) return areFinite(value);
  if (isTensor(value)) return areFinite(value.data);
  return Object.values(value as object).every(allFinite);
}

/** The index of the first number that is not finite, or -1. */
function firstNonFinite(values: Float64Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** The refusal for an answer that is not finite; it names the layer and the step of the first non-finite value. */
export function nonFinite(computed: Computed): Refusal {
  const { reduced } = computed;
  for (const { step, layer, what, values } of inOrder(computed)) {
    const at = firstNonFinite(values.data);
    if (at < 0) continue;
    const where = layer === undefined ? '' : ` of layer ${layer}`;
    const pointer = layer === undefined ? '/loss' : `/network/layers/${layer}`;
    const detail = `${what}${indices(at, values.shape)}${where} is ${values.data[at]}, the first value that is not finite`;
    return new Refusal('non-finite-result', {
      detail: `not finite from the step ${step}${where} on`,
      errors: [{ pointer, detail: step === 'loss' ? `${detail}; the divisor is ${reduced.divisor}` : detail }],
      step,
      ...(layer !== undefined && { layer }),
    });
  }
  const detail = 'a norm of gradients is beyond the largest float64';
  return new Refusal('non-finite-result', { detail, errors: [{ pointer: '/include', detail }], step: 'gradients' });
}

/** All values of the computation in the order in which they were computed, with their names in an answer. */
function* inOrder({ steps, reduced, gradients }: Computed): Generator<Values> {
  const { loss, divisor, shares, dY } = reduced;
  const last = steps.length - 1;
  for (const [layer, { Z, A }] of steps.entries()) {
    yield { step: 'pre_activations', layer, what: 'pre_activations', values: Z };
    yield { step: 'outputs', layer, what: 'outputs', values: A };
  }
  yield { step: 'loss', what: 'divisor', values: tensor([], Float64Array.of(divisor)) };
  yield { step: 'loss', what: 'per_sample_losses', values: vector(shares) };
  yield { step: 'loss', what: 'loss', values: tensor([], Float64Array.of(loss)) };
  yield { step: 'gradients', layer: last, what: 'output_gradients', values: dY };
  for (let layer = last; layer >= 0; layer--) {
    const { dZ, dW, db, dX } = gradients[layer];
    yield { step: 'gradients', layer, what: 'pre_activation_gradients', values: dZ };
    yield { step: 'gradients', layer, what: 'gradients of weights', values: dW };
    if (db) yield { step: 'gradients', layer, what: 'gradients of biases', values: vector(db) };
    if (dX) yield { step: 'gradients', layer, what: 'input_gradients', values: dX };
  }
}

function vector(data: Float64Array): Tensor {
  return tensor([data.length], data);
}

/** The indices of element `at` of a row-major array, such as [2][0]. */
function indices(at: number, [rows, columns]: readonly number[]): string {
  if (rows === undefined) return '';
  return columns === undefined ? `[${at}]` : `[${Math.floor(at / columns)}][${at % columns}]`;
}
