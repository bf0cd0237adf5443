// POST /hvp: the product of the Hessian of the loss, or of its Gauss-Newton part, with a vector.
import { type DecodedHvp, HvpAnswer, HvpRequest, type HvpResult } from '../../schemas/curvature.ts';
import { hvpExamples } from '../../schemas/examples-curvature.ts';
import { conflicts } from '../../schemas/gradients.ts';
import { planHvp, planHvpParts } from '../work/curvature.ts';
import type { Operation } from './operation.ts';

export const hvp: Operation<DecodedHvp, HvpResult> = {
  name: 'hvp',
  summary: 'A Hessian-vector product',
  description:
    'Computes the product of the Hessian matrix of the loss with respect to the parameters, or of its Gauss-Newton part, with a vector, and the ' +
    'gradients beside it: for about the cost of three gradients, as torch.autograd.functional.hvp.',
  request: HvpRequest,
  answer: HvpAnswer,
  examples: hvpExamples,
  conflicts,
  plan: planHvp,
  parts: planHvpParts,
};
