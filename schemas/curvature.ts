// The requests to POST /hvp and /hessian, the second derivatives of the loss, and their answers.
import { type Static, Type } from '@sinclair/typebox';
import { type ArrayBatch, Batch } from './batch.ts';
import { Loss } from './loss.ts';
import { Names } from './names.ts';
import { Network } from './network.ts';
import { List, Matrix, type MaybeRagged, type Tensors, Vector } from './numbers.ts';
import { AllParameters, Parameters } from './parameters.ts';
import { Penalty, PenaltyShare } from './penalty.ts';

const request = {
  network: Network,
  batch: Batch,
  loss: Type.Optional(Loss),
  penalty: Type.Optional(Penalty),
  matrix: Type.Optional(
    Names(['hessian', 'gauss_newton'], {
      $id: 'CurvatureMatrix',
      default: 'hessian',
      description:
        'the second derivatives of the loss, or their Gauss-Newton part J^T H J: J is the Jacobian of the outputs (after the last ' +
        'activation), H the second derivative of the loss with respect to them. With a penalty, `l2` is added to the diagonal of either',
    }),
  ),
};

const answer = {
  loss: Type.Number(),
  divisor: Type.Number({ description: 'what the reduction divided by' }),
  penalty: Type.Optional(PenaltyShare),
  gradients: AllParameters('d loss / d parameters'),
};

export const HvpRequest = Type.Object(
  { ...request, vector: Parameters('the vector to multiply') },
  { $id: 'HvpRequest', additionalProperties: false },
);
export type HvpRequest = Static<typeof HvpRequest>;

export const HvpAnswer = Type.Object(
  {
    ...answer,
    products: AllParameters('the product of the matrix and the vector'),
    curvature: Type.Number({ description: 'vector . products: the second derivative of the loss along the vector' }),
  },
  { $id: 'HvpAnswer' },
);
export type HvpAnswer = Static<typeof HvpAnswer>;

export const HessianRequest = Type.Object(
  {
    ...request,
    damping: Type.Optional(
      Vector(
        'at least 0: for each number mu, the step -(matrix + mu * I)^-1 * gradient is computed (Levenberg-Marquardt); ' +
          'left out: none',
      ),
    ),
  },
  { $id: 'HessianRequest', additionalProperties: false },
);
export type HessianRequest = Static<typeof HessianRequest>;

const DampedStep = Type.Object(
  {
    damping: Type.Number(),
    step: AllParameters('-(matrix + damping * I)^-1 * gradient'),
    loss: Type.Optional(
      Type.Number({ description: 'the loss with the step added to the parameters; left out where it is not a finite number' }),
    ),
  },
  { $id: 'DampedStep' },
);

export const HessianAnswer = Type.Object(
  {
    ...answer,
    hessian: Matrix(
      'parameters x parameters, symmetric: layer by layer, weights row by row, then biases, as parameters_to_vector of PyTorch',
    ),
    steps: Type.Optional(List(DampedStep, 'one per number in `damping`')),
  },
  { $id: 'HessianAnswer' },
);
export type HessianAnswer = Static<typeof HessianAnswer>;

type WithArrays<Request> = MaybeRagged<Omit<Request, 'batch'> & { batch: ArrayBatch }>;

/** Decoded requests that fit the schema, with the arrays of their batch. */
export type DecodedHvp = WithArrays<HvpRequest>;
export type DecodedHessian = WithArrays<HessianRequest>;

/** The answers, with flat arrays of float64. */
export type HvpResult = Tensors<HvpAnswer>;
export type HessianResult = Tensors<HessianAnswer>;
