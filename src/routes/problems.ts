// GET /problems/{type}: the meaning of an error, and what to do.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { Names } from '../../schemas/names.ts';
import { type ProblemType, problems } from '../../schemas/problem.ts';
import { html, pageResponse, sendPage } from '../http/html.ts';
import { handleNotFound } from '../http/problems.ts';
import { problemResponses } from '../http/responses.ts';

const Meaning = Type.Object(
  {
    type: Type.String(),
    status: Type.Integer(),
    title: Type.String(),
    meaning: Type.String(),
    remedy: Type.String(),
  },
  { $id: 'ProblemMeaning' },
);

export function problemsRoutes(app: FastifyInstance): void {
  app.get<{ Params: { type: string } }>(
    '/problems/:type',
    {
      schema: {
        operationId: 'problem',
        summary: 'What an error type means and what to do',
        description: 'The `type` of a problem document is a path of this route.',
        tags: ['documentation'],
        params: Type.Object({ type: Names(Object.keys(problems)) }),
        response: {
          200: pageResponse('The meaning of the error', Meaning, meaningOf('overloaded')),
          ...problemResponses(404),
        },
      },
    },
    (request, reply) => {
      const { type } = request.params;
      if (!Object.hasOwn(problems, type)) return handleNotFound(request, reply);
      const problem = meaningOf(type as ProblemType);
      const { status, title, meaning, remedy } = problem;
      const body = html`<h1>${title}</h1>
<p><code>${type}</code>, status ${`${status}`}</p>
<h2>What it means</h2>
<p>${meaning}</p>
<h2>What to do</h2>
<p>${remedy}</p>
<p><a href="/">Back to the service</a></p>`;
      return sendPage(request, reply, problem, title, body);
    },
  );
}

function meaningOf(type: ProblemType) {
  return { type: `/problems/${type}`, ...problems[type] };
}
