// How the documentation describes the answers that several routes share.
import { ProblemWith, problems } from '../../schemas/problem.ts';
import { PROBLEM_MEDIA_TYPE } from '../problems.ts';

/** The responses with a problem document, by status. */
export function problemResponses(...statuses: number[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: Object.values(problems)
          .filter((problem) => problem.status === status)
          .map(({ title }) => title)
          .join('. '),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: ProblemWith(status) } },
      },
    ]),
  );
}
