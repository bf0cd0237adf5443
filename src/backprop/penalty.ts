// The penalty on large parameters: its value, gradient and second derivative. It is added once, to the sums over the whole batch.
import { type Penalty, penaltyDefaults } from '../../schemas/penalty.ts';
import type { Dense } from '../linalg/dense.ts';
import { largestOf, sumOfMagnitudes, sumOfSquares } from '../linalg/norm.ts';
import { Sum } from '../linalg/sum.ts';
import type { ParameterGradients } from './backward.ts';
import type { Results } from './finite.ts';
import type { Layer } from './network.ts';
import type { Direction } from './tangents.ts';

/** A penalty with its defaults filled in. */
export type BoundPenalty = Readonly<Required<Penalty>>;

type Parameters = Pick<Layer, 'W' | 'b'>;

/** The penalty of a request; undefined if it has none. */
export function bindPenalty(given: Penalty | undefined): BoundPenalty | undefined {
  return given && { ...penaltyDefaults, ...given };
}

/** l1 Σ|w| + l2/2 Σw² over the weights of all layers, and the biases if it applies to them. */
export function penaltyOf(penalty: BoundPenalty, layers: readonly Parameters[]): number {
  const { l1, l2, biases } = penalty;
  const sum = new Sum();
  const add = (values: Float64Array) => {
    const largest = largestOf(values);
    if (largest === 0) return;
    // Sums are relative to the largest value, so that they don't overflow before they are multiplied by a small factor.
    if (l1 > 0) sum.add(l1 * largest * sumOfMagnitudes(values, largest));
    if (l2 > 0) sum.add((l2 / 2) * largest * (sumOfSquares(values, largest) * largest));
  };
  for (const { W, b } of layers) {
    add(W.data);
    if (b && biases) add(b);
  }
  return sum.value;
}

/** Adds the gradient of the penalty, l1 sign(w) + l2 w, to the gradients of all layers. It is 0 at w = 0, as in PyTorch. */
export function addPenaltyGradients(
  penalty: BoundPenalty,
  layers: readonly Parameters[],
  gradients: readonly ParameterGradients[],
): void {
  const { l1, l2, biases } = penalty;
  const add = (values: Float64Array, into: Float64Array) => {
    for (let i = 0; i < values.length; i++) into[i] += l1 * Math.sign(values[i]) + l2 * values[i];
  };
  layers.forEach(({ W, b }, k) => {
    const { dW, db } = gradients[k];
    add(W.data, dW.data);
    if (b && biases) add(b, db as Float64Array);
  });
}

/** The second derivative of the penalty with respect to each weight or each bias; all mixed ones are 0. */
export function penaltyCurvature({ l2, biases }: BoundPenalty, of: 'weights' | 'biases'): number {
  return of === 'weights' || biases ? l2 : 0;
}

/**
 * Adds the second derivative of the penalty to the product of a curvature matrix with the `directions`, or to the diagonal of the matrix.
 */
export function addPenaltyCurvature(
  penalty: BoundPenalty,
  layers: readonly Parameters[],
  directions: readonly Direction[] | undefined,
  { products, matrix }: Pick<Results, 'products' | 'matrix'>,
): void {
  const ofWeights = penaltyCurvature(penalty, 'weights');
  const ofBiases = penaltyCurvature(penalty, 'biases');
  let diagonal = 0;
  const addToDiagonal = (factor: number, count: number, { data, columns }: Dense) => {
    for (let i = 0; i < count; i++, diagonal += columns + 1) data[diagonal] += factor;
  };
  layers.forEach(({ W, b }, k) => {
    if (matrix) {
      addToDiagonal(ofWeights, W.data.length, matrix);
      addToDiagonal(ofBiases, b?.length ?? 0, matrix);
    }
    addProduct(ofWeights, directions?.[k].RW?.data, products?.[k].dW.data);
    addProduct(ofBiases, directions?.[k].Rb, products?.[k].db);
  });
}

function addProduct(factor: number, values: Float64Array | undefined, into: Float64Array | undefined): void {
  if (values && into) for (let i = 0; i < values.length; i++) into[i] += factor * values[i];
}

/** The loss and gradients of a batch with the penalty added, and its share. The gradients are overwritten. */
export function withPenalty<Sums extends Pick<Results, 'loss' | 'gradients'>>(
  total: Sums,
  penalty: BoundPenalty | undefined,
  layers: readonly Parameters[],
): Sums & { readonly penalty?: number } {
  if (!penalty) return total;
  const share = penaltyOf(penalty, layers);
  addPenaltyGradients(penalty, layers, total.gradients);
  return { ...total, loss: total.loss + share, penalty: share };
}
