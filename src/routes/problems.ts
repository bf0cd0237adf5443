// GET /problems/{type}: the meaning of an error, and what to do.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { Names } from '../../schemas/names.ts';
import { type ProblemType, problems } from '../../schemas/problem.ts';
import { html, pageResponse, sendPage } from '../http/html.ts';
import { type Language, languageQuery, negotiateLanguage } from '../http/language.ts';
import { handleNotFound } from '../http/problems.ts';
import { problemResponses } from '../http/responses.ts';
import { texts } from './page-texts.ts';

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
        querystring: languageQuery,
        response: {
          200: pageResponse('The meaning of the error', Meaning, meaningOf('overloaded', 'en')),
          ...problemResponses(400, 404),
        },
      },
    },
    (request, reply) => {
      const { type } = request.params;
      if (!Object.hasOwn(problems, type)) return handleNotFound(request, reply);
      const language = negotiateLanguage(request, reply);
      const labels = texts[language];
      const problem = meaningOf(type as ProblemType, language);
      const { status, title, meaning, remedy } = problem;
      const body = html`<h1>${title}</h1>
<p><code>${type}</code>${labels.status}${`${status}`}</p>
<h2>${labels.meaning}</h2>
<p>${meaning}</p>
<h2>${labels.remedy}</h2>
<p>${remedy}</p>
<p><a href="/">${labels.home}</a></p>`;
      return sendPage(request, reply, problem, { title, body, language });
    },
  );
}

function meaningOf(type: ProblemType, language: Language) {
  return { type: `/problems/${type}`, status: problems[type].status, ...texts[language].problems[type] };
}
