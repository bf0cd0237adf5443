// POST /vjp: the vector-Jacobian product: the derivatives of the outputs, multiplied by cotangents.
import { type DecodedVjp, VjpAnswer, VjpRequest, type VjpResult } from '../../schemas/derivatives.ts';
import { vjpExamples } from '../../schemas/examples-derivatives.ts';
import { conflictsWithoutLoss } from '../../schemas/gradients.ts';
import { planVjp } from '../work/derivatives.ts';
import type { Operation } from './operation.ts';

export const vjp: Operation<DecodedVjp, VjpResult> = {
  name: 'vjp',
  summary: 'A vector-Jacobian product',
  description:
    'Computes the gradients of the sum of the outputs, each multiplied by its cotangent, with respect to the parameters and the inputs: one backward ' +
    'pass from any gradient of the outputs, as torch.autograd.grad with grad_outputs.',
  request: VjpRequest,
  answer: VjpAnswer,
  examples: vjpExamples,
  conflicts: conflictsWithoutLoss,
  plan: planVjp,
};
