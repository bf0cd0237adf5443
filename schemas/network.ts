// The schema of a network.
import { type Static, Type } from '@sinclair/typebox';
import { Activation } from './activation.ts';
import { List, Matrix, Vector } from './numbers.ts';

export const Layer = Type.Object(
  {
    weights: Matrix('outputs x inputs: one row per unit'),
    biases: Type.Optional(Vector('outputs: one per unit; left out: the layer has no bias')),
    activation: Type.Optional(Type.Union([Type.Null(), Activation])),
  },
  { $id: 'Layer', additionalProperties: false, description: "computes activation(inputs * weights' + biases)" },
);
export type Layer = Static<typeof Layer>;

export const Network = Type.Object(
  { layers: List(Layer, 'first to last; a layer has as many inputs as the one before has outputs') },
  { $id: 'Network', additionalProperties: false },
);
export type Network = Static<typeof Network>;
