// POST /jvp: the Jacobian-vector product: the derivatives of the outputs along tangents.
import { type DecodedJvp, JvpAnswer, JvpRequest, type JvpResult } from '../../schemas/derivatives.ts';
import { jvpExamples } from '../../schemas/examples-derivatives.ts';
import { conflictsWithoutLoss } from '../../schemas/gradients.ts';
import { planJvp } from '../work/derivatives.ts';
import type { Operation } from './operation.ts';

export const jvp: Operation<DecodedJvp, JvpResult> = {
  name: 'jvp',
  summary: 'A Jacobian-vector product',
  description:
    'Computes how the outputs change along a direction of the parameters and the inputs: one forward pass with tangents, as torch.func.jvp.',
  request: JvpRequest,
  answer: JvpAnswer,
  examples: jvpExamples,
  conflicts: conflictsWithoutLoss,
  plan: planJvp,
};
