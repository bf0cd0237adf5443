// POST /hessian: the Hessian of the loss, or its Gauss-Newton part, and damped steps by it.
import { type DecodedHessian, HessianAnswer, HessianRequest, type HessianResult } from '../../schemas/curvature.ts';
import { hessianExamples } from '../../schemas/examples-curvature.ts';
import { conflicts } from '../../schemas/gradients.ts';
import { planHessian, planHessianParts } from '../work/curvature.ts';
import type { Operation } from './operation.ts';

export const hessian: Operation<DecodedHessian, HessianResult> = {
  name: 'hessian',
  summary: 'The Hessian of the loss',
  description:
    'Computes the Hessian matrix of the loss with respect to the parameters, or its Gauss-Newton part, and for each damping the step of ' +
    'Levenberg and Marquardt with the loss after it.',
  request: HessianRequest,
  answer: HessianAnswer,
  examples: hessianExamples,
  conflicts,
  plan: planHessian,
  parts: planHessianParts,
};
