// The extra values of an answer, which a request asks for in `include`.
import type { Extra, GradientsResult } from '../../schemas/gradients.ts';
import { type Tensor, tensor } from '../../schemas/numbers.ts';
import type { Dense } from '../linalg/dense.ts';
import { norm } from '../linalg/norm.ts';
import type { Scratch } from '../memory/scratch.ts';
import { slopesOf } from './activation.ts';
import type { ParameterGradients } from './backward.ts';
import type { Computed } from './finite.ts';
import type { Layer } from './network.ts';
import { sampleGradientNorms } from './squares.ts';

/** Orients a matrix for the answer: samples in rows or in columns. */
type Oriented = (matrix: Dense) => Dense;

/** The extra values that have an item per sample. */
export type SampleExtra = Exclude<Extra, 'gradient_norms' | 'squared_gradients'>;

/** How the values of some samples are taken from their computation. */
export const sampleExtras: {
  readonly [Name in SampleExtra]: (
    computed: Computed,
    oriented: Oriented,
    layers: readonly Layer[],
    scratch: Scratch,
  ) => NonNullable<GradientsResult[Name]>;
} = {
  outputs: ({ steps }, oriented) => oriented(steps[steps.length - 1].A),
  input_gradients: ({ gradients }, oriented) => oriented(gradients[0].dX as Dense),
  per_sample_losses: ({ reduced }) => reduced.shares,
  per_sample_gradients: ({ steps, gradients }) =>
    gradients.map(({ dZ, db }, k) => sampleGradients(dZ, steps[k].X, db !== undefined)),
  per_sample_gradient_norms: sampleGradientNorms,
  trace: ({ steps, gradients }, oriented, layers, scratch) =>
    steps.map(({ X, Z, A }, k) => {
      const slopes = slopesOf(layers[k].f, Z, A, scratch);
      return {
        inputs: oriented(X),
        pre_activations: oriented(Z),
        outputs: oriented(A),
        output_gradients: oriented(gradients[k].dA),
        pre_activation_gradients: oriented(gradients[k].dZ),
        input_gradients: oriented(gradients[k].dX as Dense),
        ...(slopes && { slopes: oriented(slopes) }),
      };
    }),
};

/** Whether samples are in columns if they are in the request; per_sample_gradients have them first in any case. */
export const isOriented = (name: string): boolean => name !== 'per_sample_gradients';

/** Each sample's share of a layer's gradient: the outer product of its rows of dZ and X. */
export function sampleGradients(dZ: Dense, X: Dense, biases: boolean): { weights: Tensor; biases?: Tensor } {
  const data = new Float64Array(dZ.rows * dZ.columns * X.columns);
  let at = 0;
  for (let i = 0; i < dZ.rows; i++) {
    const x = X.row(i);
    for (const dz of dZ.row(i)) for (let j = 0; j < x.length; j++) data[at++] = dz * x[j];
  }
  return { weights: tensor([dZ.rows, dZ.columns, X.columns], data), ...(biases && { biases: dZ }) };
}

/** L2 norms of the gradients of all layers, and of all of them together. */
export function gradientNorms(gradients: readonly ParameterGradients[]): NonNullable<GradientsResult['gradient_norms']> {
  const layers = gradients.map(({ dW, db }) => ({ weights: norm(dW.data), ...(db && { biases: norm(db) }) }));
  return { layers, total: norm(Float64Array.from(layers.flatMap((layer) => Object.values(layer)))) };
}
