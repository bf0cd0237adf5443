// Finds the first non-finite value of a computation.

import { areFinite, isTensor, type Tensor, tensor } from '../../schemas/numbers.ts';
import type { Step } from '../../schemas/problem.ts';
import { Refusal } from '../refusal.ts';
import type { Backward, ParameterGradients } from './backward.ts';
import type { Forward } from './forward.ts';
import type { Reduced } from './losses.ts';

/** Everything that was computed for some samples of a batch. */
export interface Computed {
  readonly steps: Forward[];
  readonly reduced: Reduced;
  readonly gradients: Backward[];
}

/** The sums over some samples. */
export interface Total {
  readonly loss: number;
  readonly gradients: readonly ParameterGradients[];
  /** The sums of the squares of the samples' shares, if they are included. */
  readonly squares?: readonly ParameterGradients[];
}

/** The results for the whole batch. */
export interface Results extends Total {
  readonly divisor: number;
  /** The share of the penalty in the loss, if there is one. */
  readonly penalty?: number;
}

/** Values of one step, with their name for error texts. */
interface Values {
  readonly step: Step;
  readonly layer?: number;
  readonly what: string;
  readonly values: Tensor;
  /** What causes it, if that is neither the loss nor a layer. */
  readonly pointer?: string;
  /** Whether its first dimension is that of the samples. */
  readonly perSample?: true;
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

/** Finds the first value that is not finite: in the order of the steps; within a step, that of the first sample. */
export class NonFinite {
  readonly #results: Results;
  #found: { readonly position: number; readonly values: Values; readonly at: number; readonly value: number } | undefined;

  constructor(results: Results) {
    this.#results = results;
  }

  /** Looks at some samples, with all values kept; the first of them is sample `first` of the batch. Call it in their order. */
  look(computed: Computed, first: number): void {
    let position = 0;
    for (const step of inOrder(computed, this.#results)) {
      if (this.#found && this.#found.position <= position) return;
      const { shape, data } = step.values;
      const at = firstNonFinite(data);
      if (at >= 0) {
        const [, columns = 1] = shape;
        this.#found = { position, values: step, at: step.perSample ? at + first * columns : at, value: data[at] };
        return;
      }
      position++;
    }
  }

  /** How early in the computation the value arose that was found; infinite if none was. */
  get position(): number {
    return this.#found?.position ?? Infinity;
  }

  /** The refusal for an answer that is not finite; it names the layer and the step of the value that was found. */
  get refusal(): Refusal {
    if (!this.#found) {
      const detail = 'a norm of gradients is beyond the largest float64';
      return new Refusal('non-finite-result', { detail, errors: [{ pointer: '/include', detail }], step: 'gradients' });
    }
    const { at, value, values: found } = this.#found;
    const { step, layer, what, values, pointer = layer === undefined ? '/loss' : `/network/layers/${layer}` } = found;
    const where = layer === undefined ? '' : ` of layer ${layer}`;
    const detail = `${what}${indices(at, values.shape)}${where} is ${value}, the first value that is not finite`;
    return new Refusal('non-finite-result', {
      detail: `not finite from the step ${step}${where} on`,
      errors: [{ pointer, detail: pointer === '/loss' ? `${detail}; the divisor is ${this.#results.divisor}` : detail }],
      step,
      ...(layer !== undefined && { layer }),
    });
  }
}

/** All values of the computation in the order in which they were computed, with their names in an answer. */
function* inOrder({ steps, reduced, gradients }: Computed, results: Results): Generator<Values> {
  const { shares, dY } = reduced;
  const last = steps.length - 1;
  const perSample = true;
  for (const [layer, { Z, A }] of steps.entries()) {
    yield { step: 'pre_activations', layer, what: 'pre_activations', values: Z, perSample };
    yield { step: 'outputs', layer, what: 'outputs', values: A, perSample };
  }
  yield { step: 'loss', what: 'divisor', values: scalar(results.divisor) };
  yield { step: 'loss', what: 'per_sample_losses', values: vector(shares), perSample };
  if (results.penalty !== undefined)
    yield { step: 'loss', what: 'penalty', values: scalar(results.penalty), pointer: '/penalty' };
  yield { step: 'loss', what: 'loss', values: scalar(results.loss) };
  yield { step: 'gradients', layer: last, what: 'output_gradients', values: dY, perSample };
  for (let layer = last; layer >= 0; layer--) {
    const { dZ, dX } = gradients[layer];
    const { dW, db } = results.gradients[layer];
    yield { step: 'gradients', layer, what: 'pre_activation_gradients', values: dZ, perSample };
    yield { step: 'gradients', layer, what: 'gradients of weights', values: dW };
    if (db) yield { step: 'gradients', layer, what: 'gradients of biases', values: vector(db) };
    if (dX) yield { step: 'gradients', layer, what: 'input_gradients', values: dX, perSample };
  }
  for (const [layer, { dW, db }] of results.squares?.entries() ?? []) {
    yield { step: 'gradients', layer, what: 'squared_gradients of weights', values: dW };
    if (db) yield { step: 'gradients', layer, what: 'squared_gradients of biases', values: vector(db) };
  }
}

function scalar(value: number): Tensor {
  return tensor([], Float64Array.of(value));
}

function vector(data: Float64Array): Tensor {
  return tensor([data.length], data);
}

/** The indices of element `at` of a row-major array, such as [2][0]. */
function indices(at: number, [rows, columns]: readonly number[]): string {
  if (rows === undefined) return '';
  return columns === undefined ? `[${at}]` : `[${Math.floor(at / columns)}][${at % columns}]`;
}
