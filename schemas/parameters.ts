// Vectors of parameters in requests and answers: directions, products and steps, layer by layer.
import { type Static, Type } from '@sinclair/typebox';
import { LayerGradients } from './gradients.ts';
import { List, Matrix, Vector } from './numbers.ts';

export const LayerParameters = Type.Object(
  { weights: Type.Optional(Matrix('outputs x inputs')), biases: Type.Optional(Vector('outputs')) },
  { $id: 'LayerParameters', additionalProperties: false },
);

/** The schema of a vector in a request. Whatever is left out is 0. */
export function Parameters(description: string) {
  return Type.Array(LayerParameters, {
    description: `${description}: [k] belongs to network.layers[k]; keys left out, {} and the end of a shorter list mean 0`,
  });
}
export type Parameters = Static<typeof LayerParameters>[];

/** The schema of a vector in an answer. */
export function AllParameters(description: string) {
  return List(LayerGradients, `${description}: [k] has the shape of network.layers[k]`);
}
