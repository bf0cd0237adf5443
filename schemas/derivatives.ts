// The requests to POST /vjp, /jvp and /jacobian, the derivatives of the network's outputs, and their answers.
import { type Static, Type } from '@sinclair/typebox';
import { type ArrayInputs, InputBatch } from './batch.ts';
import { Names } from './names.ts';
import { Network } from './network.ts';
import { List, Matrix, type MaybeRagged, type Tensor, type Tensors } from './numbers.ts';
import { AllParameters, Parameters } from './parameters.ts';

const OUTPUTS = "samples x outputs: the network's outputs";

export const VjpRequest = Type.Object(
  {
    network: Network,
    batch: InputBatch,
    cotangents: Matrix('samples x outputs: the factors of the outputs; outputs x samples with samples "columns"'),
  },
  { $id: 'VjpRequest', additionalProperties: false },
);
export type VjpRequest = Static<typeof VjpRequest>;

export const VjpAnswer = Type.Object(
  {
    outputs: Matrix(OUTPUTS),
    gradients: AllParameters('d sum(cotangents * outputs) / d parameters, summed over the samples'),
    input_gradients: Matrix('samples x features: d sum(cotangents * outputs) / d inputs'),
  },
  { $id: 'VjpAnswer' },
);
export type VjpAnswer = Static<typeof VjpAnswer>;

const Tangents = Type.Object(
  {
    parameters: Type.Optional(Parameters('the direction of the parameters')),
    inputs: Type.Optional(
      Matrix('samples x features: the direction of the inputs; features x samples with samples "columns"; left out: 0'),
    ),
  },
  { $id: 'Tangents', additionalProperties: false, description: 'the direction along which to differentiate' },
);

export const JvpRequest = Type.Object(
  { network: Network, batch: InputBatch, tangents: Tangents },
  { $id: 'JvpRequest', additionalProperties: false },
);
export type JvpRequest = Static<typeof JvpRequest>;

export const JvpAnswer = Type.Object(
  {
    outputs: Matrix(OUTPUTS),
    output_tangents: Matrix('samples x outputs: the derivatives of the outputs along the tangents'),
  },
  { $id: 'JvpAnswer' },
);
export type JvpAnswer = Static<typeof JvpAnswer>;

export const JacobianRequest = Type.Object(
  {
    network: Network,
    batch: InputBatch,
    of: Names(['inputs', 'parameters'], { description: 'with respect to what to differentiate the outputs' }),
  },
  { $id: 'JacobianRequest', additionalProperties: false },
);
export type JacobianRequest = Static<typeof JacobianRequest>;

/** The Jacobian with respect to the parameters of a layer. */
export interface LayerJacobian {
  readonly weights: number[][][][];
  readonly biases?: number[][][];
}

export const JacobianAnswer = Type.Object(
  {
    outputs: Matrix(OUTPUTS),
    // A choice of two lists, which some client generators cannot express.
    jacobian: Type.Unsafe<number[][][] | LayerJacobian[]>(
      List(
        Type.Any(),
        'of inputs: samples x outputs x features. Of parameters: per layer {weights, biases}, `weights` samples x outputs of the network ' +
          'x outputs x inputs, `biases` samples x outputs of the network x outputs',
      ),
    ),
  },
  { $id: 'JacobianAnswer' },
);
export type JacobianAnswer = Static<typeof JacobianAnswer>;

type WithInputs<Request> = MaybeRagged<Omit<Request, 'batch'> & { batch: ArrayInputs }>;

/** Decoded requests that fit the schema, with the inputs of their batch. */
export type DecodedVjp = WithInputs<VjpRequest>;
export type DecodedJvp = WithInputs<JvpRequest>;
export type DecodedJacobian = WithInputs<JacobianRequest>;

/** The answers, with flat arrays of float64. */
export type VjpResult = Tensors<VjpAnswer>;
export type JvpResult = Tensors<JvpAnswer>;
export interface JacobianResult {
  readonly outputs: Tensor;
  readonly jacobian: Tensor | { readonly weights: Tensor; readonly biases?: Tensor }[];
}
