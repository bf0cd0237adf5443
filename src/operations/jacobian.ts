// POST /jacobian: the derivatives of each sample's outputs with respect to its inputs, or to the parameters.
import { type DecodedJacobian, JacobianAnswer, JacobianRequest, type JacobianResult } from '../../schemas/derivatives.ts';
import { jacobianExamples } from '../../schemas/examples-derivatives.ts';
import { conflictsWithoutLoss } from '../../schemas/gradients.ts';
import { planJacobian } from '../work/derivatives.ts';
import type { Operation } from './operation.ts';

export const jacobian: Operation<DecodedJacobian, JacobianResult> = {
  name: 'jacobian',
  summary: 'The Jacobian of the outputs',
  description:
    "Computes the derivatives of each of a sample's outputs with respect to its inputs, or to the parameters, as torch.func.jacrev.",
  request: JacobianRequest,
  answer: JacobianAnswer,
  examples: jacobianExamples,
  conflicts: conflictsWithoutLoss,
  plan: planJacobian,
};
