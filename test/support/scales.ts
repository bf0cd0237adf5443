// The magnitudes of the terms that are summed for each array of an answer. Rounding errors are relative to these, not to the
// sums, which may cancel to 0.
import type { FastifyInstance } from 'fastify';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { largest } from './numbers.ts';
import { gradients } from './requests.ts';

type Trace = NonNullable<GradientsAnswer['trace']>[number];
type Layer = GradientsRequest['network']['layers'][number];
type Matrix = readonly number[][];

interface LayerScales {
  readonly weights: number;
  readonly biases?: number;
}

/** The shape of an answer, with one number per array: the largest sum of magnitudes of all its elements. */
export interface Scales {
  readonly loss: number;
  readonly gradients: readonly LayerScales[];
  readonly outputs: number;
  readonly input_gradients: number;
  readonly per_sample_losses: number;
  readonly per_sample_gradients: readonly LayerScales[];
  readonly trace: readonly { readonly [Name in keyof Trace]: number }[];
}

/** The scales for the answer to a request. They use the trace of the application itself: if that is wrong, so is the answer. */
export async function scalesOf(app: FastifyInstance, request: GradientsRequest): Promise<Scales> {
  return scalesIn(request, await gradients(app, { ...request, include: ['trace', 'per_sample_losses'] }));
}

/**
 * X̃ are the magnitudes of the terms that were summed for X; X̃ >= |X|. They propagate as follows: Z̃ = X̃ |W|ᵀ + |b|, Ã = |f′(Z)| Z̃,
 * d̃Z = |f′(Z)| d̃A, d̃X = d̃Z |W|, d̃W = d̃Zᵀ X̃; d̃b is the sum of the rows of d̃Z. The gradient of the last outputs and the loss of
 * one sample are not sums.
 */
function scalesIn({ network: { layers }, batch }: GradientsRequest, answer: GradientsAnswer): Scales {
  const { trace: given = [], per_sample_losses: losses = [] } = answer;
  const trace = batch.samples === 'columns' ? given.map(turned) : given;
  const last = layers.length - 1;

  const X = [abs(trace[0].inputs)];
  const Z = layers.map(({ weights, biases, activation }, k) => {
    const terms = map(product(X[k], turn(abs(weights))), (z, _, j) => z + Math.abs(biases?.[j] ?? 0));
    X.push(larger(trace[k].outputs, through(activation, trace[k], terms)));
    return terms;
  });

  let dA = abs(trace[last].output_gradients);
  const backward = layers.toReversed().map(({ weights, biases, activation }, i) => {
    const k = last - i;
    const dZ = larger(trace[k].pre_activation_gradients, through(activation, trace[k], dA));
    const dX = product(dZ, abs(weights));
    const scales = {
      gradients: {
        weights: largest(product(turn(dZ), X[k]).flat()),
        ...(biases && { biases: largest(turn(dZ).map(sum)) }),
      },
      per_sample_gradients: {
        weights: largest(dZ.map((row, s) => largest(row) * largest(X[k][s]))),
        ...(biases && { biases: largest(dZ.flat()) }),
      },
      trace: {
        inputs: largest(X[k].flat()),
        pre_activations: largest(Z[k].flat()),
        outputs: largest(X[k + 1].flat()),
        output_gradients: largest(dA.flat()),
        pre_activation_gradients: largest(dZ.flat()),
        input_gradients: largest(dX.flat()),
      },
    };
    dA = dX;
    return scales;
  });
  const scales = backward.reverse();

  return {
    loss: sum(losses.map(Math.abs)),
    gradients: scales.map((layer) => layer.gradients),
    outputs: largest(X[layers.length].flat()),
    input_gradients: largest(dA.flat()),
    per_sample_losses: largest(losses),
    per_sample_gradients: scales.map((layer) => layer.per_sample_gradients),
    trace: scales.map((layer) => layer.trace),
  };
}

/**
 * Magnitudes through an activation, forward or backward: multiplied by its slopes, which are dZ / dA for elementwise activations.
 */
function through(activation: Layer['activation'], layer: Trace, terms: Matrix): Matrix {
  const { outputs: A, output_gradients: dA, pre_activation_gradients: dZ } = layer;
  switch (activation instanceof Object ? activation.type : activation) {
    case 'softmax':
      return map(terms, (_, i, j) => A[i][j] * sum(terms[i].map((term, l) => (l === j ? 1 - A[i][l] : A[i][l]) * term)));
    case 'log_softmax':
      return map(terms, (term, i) => term + sum(terms[i]));
    default:
      return map(terms, (term, i, j) => (dA[i][j] === 0 ? 0 : Math.abs(dZ[i][j] / dA[i][j]) * term));
  }
}

function turned(layer: Trace): Trace {
  return Object.fromEntries(Object.entries(layer).map(([name, matrix]) => [name, turn(matrix)])) as Trace;
}

function turn(matrix: Matrix): number[][] {
  return matrix[0].map((_, j) => matrix.map((row) => row[j]));
}

function map(matrix: Matrix, f: (value: number, i: number, j: number) => number): number[][] {
  return matrix.map((row, i) => row.map((value, j) => f(value, i, j)));
}

function abs(matrix: Matrix): number[][] {
  return map(matrix, Math.abs);
}

/** Elementwise maximum of the numbers' magnitudes and their terms' magnitudes. */
function larger(matrix: Matrix, terms: Matrix): number[][] {
  return map(matrix, (value, i, j) => Math.max(Math.abs(value), terms[i][j]));
}

/** A B. */
function product(A: Matrix, B: Matrix): number[][] {
  const columns = turn(B);
  return A.map((row) => columns.map((column) => sum(row.map((value, k) => value * column[k]))));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
