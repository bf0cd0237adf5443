// The second derivatives of the loss with respect to the parameters: the Hessian matrix, and its Gauss-Newton part Jᵀ H J, where J is the
// Jacobian of the outputs and H the second derivative of the loss with respect to them.
import { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Linear } from './activation.ts';
import { type Backward, backward, type ParameterGradients } from './backward.ts';
import type { Forward } from './forward.ts';
import type { Layer } from './network.ts';
import { backwardTangents, type Direction, type ForwardTangents, forwardTangents, ownTangent } from './tangents.ts';

export type CurvatureMatrix = 'hessian' | 'gauss_newton';

/** The values of the forward and the backward pass over some samples, all of them kept. */
export interface Passes {
  readonly layers: readonly Layer[];
  readonly steps: readonly Forward[];
  readonly linear: readonly Linear[];
  readonly gradients: readonly Backward[];
  /** H RY: the derivative of dY along a direction of the outputs. */
  curvatureOf(RY: Dense): Dense;
}

/** The product of a curvature matrix with a vector of parameters. The first layer's inputs are fixed. */
export function curvatureProduct(
  passes: Passes,
  matrix: CurvatureMatrix,
  directions: readonly Direction[],
  engine: Engine,
): ParameterGradients[] {
  const { layers, steps, linear } = passes;
  const ownOf = (k: number) => ownTangent(directions[k], steps[k].X, engine);
  const tangents = forwardTangents(layers, linear, undefined, ownOf, engine);
  return productOf(passes, matrix, tangents, directions, engine);
}

function productOf(
  { layers, steps, linear, gradients, curvatureOf }: Passes,
  matrix: CurvatureMatrix,
  tangents: readonly ForwardTangents[],
  directions: readonly Direction[],
  engine: Engine,
): ParameterGradients[] {
  const RY = tangents[tangents.length - 1].RA;
  const RdY = RY && curvatureOf(RY);
  if (matrix === 'hessian') return backwardTangents(layers, steps, linear, tangents, gradients, RdY, directions, engine);
  return backward(layers, steps, RdY ?? zerosLike(steps[steps.length - 1].A, engine), engine, false, false);
}

function zerosLike({ rows, columns }: Dense, { scratch }: Engine): Dense {
  return new Dense(rows, columns, scratch.filled(rows * columns, 0));
}

/** The number of parameters of each layer. */
export function parametersOf(layers: readonly Pick<Layer, 'W' | 'b'>[]): number[] {
  return layers.map(({ W, b }) => W.data.length + (b?.length ?? 0));
}

/**
 * A curvature matrix, parameters x parameters: layer by layer, weights row by row, then biases. Only the rows' parts from the diagonal on
 * are computed, the others are mirrored. For the parameters of layer k, the layers before it are fixed.
 */
export function curvatureMatrix(passes: Passes, matrix: CurvatureMatrix, engine: Engine): Dense {
  const { layers, steps, linear, gradients, curvatureOf } = passes;
  const counts = parametersOf(layers);
  const size = counts.reduce((sum, n) => sum + n, 0);
  const result = new Dense(size, size, engine.scratch.take(size * size));
  let first = 0;
  layers.forEach(({ W }, k) => {
    const after = {
      layers: layers.slice(k),
      steps: steps.slice(k),
      linear: linear.slice(k),
      gradients: gradients.slice(k),
      curvatureOf,
    };
    for (let own = 0; own < counts[k]; own++) {
      engine.scratch.reuse(() => {
        const RZ = unitTangent(own, W, steps[k].X, engine);
        const tangents = forwardTangents(after.layers, after.linear, undefined, (j) => (j === 0 ? RZ : undefined), engine);
        const row = productOf(after, matrix, tangents, [], engine);
        writeRow(result, first, own, row);
      });
    }
    first += counts[k];
  });
  return result;
}

/** The tangent of pre-activations for one parameter of a layer: a weight's is a column of inputs, a bias's a column of ones. */
function unitTangent(parameter: number, W: Dense, X: Dense, engine: Engine): Dense {
  const RZ = zerosLike({ rows: X.rows, columns: W.rows } as Dense, engine);
  const isWeight = parameter < W.data.length;
  const unit = isWeight ? Math.floor(parameter / W.columns) : parameter - W.data.length;
  const input = parameter % W.columns;
  for (let i = 0; i < X.rows; i++) RZ.data[i * RZ.columns + unit] = isWeight ? X.data[i * X.columns + input] : 1;
  return RZ;
}

/** Writes the derivatives of the gradients of a layer and those after it, whose parameters begin at `first`, into a row and a column. */
function writeRow(matrix: Dense, first: number, own: number, row: readonly ParameterGradients[]): void {
  const { data, columns } = matrix;
  const at = first + own;
  let to = first;
  for (const { dW, db } of row) {
    for (const values of db ? [dW.data, db] : [dW.data]) {
      for (let i = Math.max(0, at - to); i < values.length; i++) {
        data[at * columns + to + i] = values[i];
        data[(to + i) * columns + at] = values[i];
      }
      to += values.length;
    }
  }
}
