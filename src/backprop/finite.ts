// Finds the first non-finite value of a computation.

import { areFinite, isTensor, type Tensor, tensor } from '../../schemas/numbers.ts';
import type { Finding, Step } from '../../schemas/problem.ts';
import type { Dense } from '../linalg/dense.ts';
import { Refusal } from '../refusal.ts';
import type { Backward, ParameterGradients } from './backward.ts';
import type { Forward } from './forward.ts';
import type { Reduced } from './reduction.ts';
import type { ForwardTangents } from './tangents.ts';

/** The values of the forward and the backward pass over some samples of a batch. */
export interface Computed {
  readonly steps: Forward[];
  readonly reduced: Reduced;
  readonly gradients: Backward[];
}

/** The sums over some samples: of the loss, and of arrays with the shapes of parameters. */
export interface Total {
  readonly loss: number;
  readonly terms: readonly ParameterGradients[];
}

/** The results for the whole batch. */
export interface Results {
  readonly loss: number;
  readonly gradients: readonly ParameterGradients[];
  readonly divisor: number;
  /** The share of the penalty in the loss, if there is one. */
  readonly penalty?: number;
  /** The sums of the squares of the samples' shares, if they are included. */
  readonly squares?: readonly ParameterGradients[];
  /** The product of the curvature matrix and a vector, or the matrix, if it is asked for. */
  readonly products?: readonly ParameterGradients[];
  readonly matrix?: Dense;
}

/** Values of one step, with their name for error texts. */
export interface Values {
  readonly step: Step;
  readonly layer?: number;
  readonly what: string;
  readonly values: Tensor;
  /** What causes it, if that is neither the loss nor a layer. */
  readonly pointer?: string;
  /** What else to say. */
  readonly note?: string;
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
  /** The explanation if none is found: the values of the answer that are computed at last. */
  readonly #otherwise: Finding;
  #found: { readonly position: number; readonly values: Values; readonly at: number; readonly value: number } | undefined;

  constructor(otherwise: Finding) {
    this.#otherwise = otherwise;
  }

  /** Looks at the values of some samples, in their order; the first of them is sample `first` of the batch. */
  look(values: Iterable<Values>, first: number): void {
    let position = 0;
    for (const step of values) {
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
      const { detail } = this.#otherwise;
      return new Refusal('non-finite-result', { detail, errors: [this.#otherwise], step: 'gradients' });
    }
    const { at, value, values: found } = this.#found;
    const { step, layer, what, values, pointer = layer === undefined ? '/loss' : `/network/layers/${layer}`, note = '' } = found;
    const where = layer === undefined ? '' : ` of layer ${layer}`;
    const detail = `${what}${indices(at, values.shape)}${where} is ${value}, the first value that is not finite${note}`;
    return new Refusal('non-finite-result', {
      detail: `not finite from the step ${step}${where} on`,
      errors: [{ pointer, detail }],
      step,
      ...(layer !== undefined && { layer }),
    });
  }
}

const perSample = true;

/** All values of the forward pass in the order in which they were computed, with their names in an answer. */
export function* forwardValues(steps: readonly Forward[]): Generator<Values> {
  for (const [layer, { Z, A }] of steps.entries()) {
    yield { step: 'pre_activations', layer, what: 'pre_activations', values: Z, perSample };
    yield { step: 'outputs', layer, what: 'outputs', values: A, perSample };
  }
}

/** The same of tangents. */
export function* tangentValues(tangents: readonly ForwardTangents[]): Generator<Values> {
  for (const [layer, { RZ, RA }] of tangents.entries()) {
    if (RZ) yield { step: 'tangents', layer, what: 'the tangents of pre_activations', values: RZ, perSample };
    if (RA) yield { step: 'tangents', layer, what: 'the tangents of outputs', values: RA, perSample };
  }
}

/** The same of a computation with a loss. */
export function* lossValues({ steps, reduced, gradients }: Computed, results: Results): Generator<Values> {
  const { shares, dY } = reduced;
  yield* forwardValues(steps);
  const note = `; the divisor is ${results.divisor}`;
  yield { step: 'loss', what: 'divisor', values: scalar(results.divisor), note };
  yield { step: 'loss', what: 'per_sample_losses', values: vector(shares), perSample, note };
  if (results.penalty !== undefined)
    yield { step: 'loss', what: 'penalty', values: scalar(results.penalty), pointer: '/penalty' };
  yield { step: 'loss', what: 'loss', values: scalar(results.loss), note };
  yield { step: 'gradients', layer: gradients.length - 1, what: 'output_gradients', values: dY, perSample };
  yield* backwardValues(gradients, results.gradients);
  if (results.squares) yield* parameterValues(results.squares, 'gradients', 'squared_gradients');
  if (results.products) yield* parameterValues(results.products, 'products', 'products');
  if (results.matrix) yield { step: 'hessian', what: 'hessian', values: results.matrix };
}

/** The values of the backward pass over some samples; `sums` are the gradients of the whole batch. */
export function* backwardValues(gradients: readonly Backward[], sums: readonly ParameterGradients[]): Generator<Values> {
  for (let layer = gradients.length - 1; layer >= 0; layer--) {
    const { dZ, dX } = gradients[layer];
    const { dW, db } = sums[layer];
    yield { step: 'gradients', layer, what: 'pre_activation_gradients', values: dZ, perSample };
    yield { step: 'gradients', layer, what: 'gradients of weights', values: dW };
    if (db) yield { step: 'gradients', layer, what: 'gradients of biases', values: vector(db) };
    if (dX) yield { step: 'gradients', layer, what: 'input_gradients', values: dX, perSample };
  }
}

/** Arrays with the shapes of parameters. */
function* parameterValues(arrays: readonly ParameterGradients[], step: Step, what: string): Generator<Values> {
  for (const [layer, { dW, db }] of arrays.entries()) {
    yield { step, layer, what: `${what} of weights`, values: dW };
    if (db) yield { step, layer, what: `${what} of biases`, values: vector(db) };
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
