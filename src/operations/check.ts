// POST /check: whether a client's own backpropagation is right, and if not, which line is wrong.
import { CheckAnswer, CheckRequest, type DecodedCheck, emptyCandidate } from '../../schemas/check.ts';
import { checkExamples } from '../../schemas/check-examples.ts';
import { conflicts } from '../../schemas/gradients.ts';
import { planCheck } from '../work/check/plan.ts';
import type { Operation } from './operation.ts';

export const check: Operation<DecodedCheck, CheckAnswer> = {
  name: 'check',
  summary: 'Is my backpropagation right, and if not, which line is wrong?',
  description:
    'Compares what your own code computed (the `candidate`: loss, outputs, gradients, a trace, or any part of these) with the right numbers. ' +
    'Where they disagree, the backward pass is computed again with one line wrong, for each mistake in GET /mistakes; the one that gives ' +
    'your numbers is the diagnosis. The answer is always JSON.',
  request: CheckRequest,
  answer: CheckAnswer,
  answersJson: true,
  examples: checkExamples,
  conflicts: (document, isWrong) => [...conflicts(document, isWrong), ...emptyCandidate(document)],
  plan: planCheck,
};
