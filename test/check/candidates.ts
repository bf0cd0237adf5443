// Checks candidates without HTTP.
import type { CheckAnswer } from '../../schemas/check.ts';
import { readConfig } from '../../src/config.ts';
import { chooseEngine } from '../../src/linalg/engines.ts';
import { planCheck } from '../../src/work/check/plan.ts';
import { ENGINE } from '../support/app.ts';
import { flat } from '../support/flat.ts';

export const { engine } = chooseEngine(readConfig({ ENGINE }).ENGINE);

/** The answer to a request to /check. */
export function check(request: object): CheckAnswer {
  return engine.scratch.recycle(() => planCheck(flat(request) as Parameters<typeof planCheck>[0]).run(engine));
}

/** The pointers of the arrays that disagree. */
export function wrongIn({ checks }: CheckAnswer): string[] {
  return checks.filter(({ agrees }) => !agrees).map(({ pointer }) => pointer);
}

/** Whether the diagnoses explain everything that disagrees. */
export function explainsAll(answer: CheckAnswer): boolean {
  const explained = new Set(answer.diagnoses.flatMap(({ explains }) => explains));
  return wrongIn(answer).every((pointer) => explained.has(pointer));
}
