// OpenAPI descriptions of responses that several routes share.
import type { TSchema } from '@sinclair/typebox';
import { type ProblemType, ProblemWith, problems } from '../../schemas/problem.ts';
import { problemExamples } from '../../schemas/problem-examples.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from './problems.ts';

/** Descriptions of the problem documents, by status. */
export function problemResponses(...statuses: number[]) {
  return Object.fromEntries(statuses.map((status) => [status, problemResponse(status)]));
}

function problemResponse(status: number) {
  const types = (Object.keys(problems) as ProblemType[]).filter((type) => problems[type].status === status);
  const titles = types.map((type) => problems[type].title);
  const exampleOf = (type: ProblemType) => ({ summary: problems[type].title, value: problemOf(type, problemExamples[type]) });
  const examples = Object.fromEntries(types.map((type) => [type, exampleOf(type)]));
  return {
    description: titles.join('. '),
    content: { [PROBLEM_MEDIA_TYPE]: { schema: ProblemWith(status), examples } },
  };
}

/** The description of an answer in JSON. */
export function jsonResponse(schema: TSchema, description: string, example: object) {
  return { description, content: { 'application/json': { schema, example } } };
}
