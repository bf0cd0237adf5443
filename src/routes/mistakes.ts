// GET /mistakes and /mistakes/{name}: the catalogue of mistakes that POST /check names.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { type MistakeName, mistakes } from '../../schemas/mistake.ts';
import { Names } from '../../schemas/names.ts';
import { html, pageResponse, sendPage } from '../http/html.ts';
import { handleNotFound } from '../http/problems.ts';
import { problemResponses } from '../http/responses.ts';

const NAMES = Object.keys(mistakes) as MistakeName[];

const Mistake = Type.Object(
  {
    mistake: Type.String(),
    title: Type.String({ description: 'the mistake in one line' }),
    wrong: Type.String({ description: 'the line in NumPy, as it is when wrong' }),
    right: Type.String({ description: 'the line in NumPy, as it should be' }),
    sign: Type.String({ description: 'how to recognise it' }),
    remedy: Type.String(),
  },
  { $id: 'Mistake' },
);

const MistakeList = Type.Object({ mistakes: Type.Array(Mistake) }, { $id: 'MistakeList' });

export function mistakesRoutes(app: FastifyInstance): void {
  const all = { mistakes: NAMES.map(described) };
  app.get(
    '/mistakes',
    {
      schema: {
        operationId: 'mistakes',
        summary: 'Mistakes in backpropagation',
        description: 'The catalogue of the mistakes that POST /check names.',
        tags: ['documentation'],
        response: {
          200: pageResponse('All mistakes', MistakeList, { mistakes: [described('derivative-at-pre-activation')] }),
        },
      },
    },
    (request, reply) => {
      const title = 'Mistakes in backpropagation';
      const rows = NAMES.map(
        (name) => html`<tr><td><a href="/mistakes/${name}"><code>${name}</code></a></td><td>${mistakes[name].title}</td></tr>
`,
      );
      const body = html`<h1>${title}</h1>
<p>POST /check names the one that your code makes; <a href="/#view=check">the page</a> takes what your program prints. W is outputs x inputs, samples are rows.</p>
<table>
${rows}</table>
<p><a href="/">Back to the service</a></p>`;
      return sendPage(request, reply, all, title, body);
    },
  );
  app.get<{ Params: { name: string } }>(
    '/mistakes/:name',
    {
      schema: {
        operationId: 'mistake',
        summary: 'A mistake in backpropagation: how to recognise it and what to do',
        description: 'The `mistake` of a diagnosis is the name in the path.',
        tags: ['documentation'],
        params: Type.Object({ name: Names(NAMES) }),
        response: {
          200: pageResponse('The mistake', Mistake, described('derivative-at-pre-activation')),
          ...problemResponses(404),
        },
      },
    },
    (request, reply) => {
      const { name } = request.params;
      if (!Object.hasOwn(mistakes, name)) return handleNotFound(request, reply);
      const mistake = described(name as MistakeName);
      const { title, wrong, right, sign, remedy } = mistake;
      const body = html`<h1>${title}</h1>
<p><code>${name}</code></p>
<h2>Wrong</h2>
<pre>${wrong}</pre>
<h2>Right</h2>
<pre>${right}</pre>
<h2>How to recognise it</h2>
<p>${sign}</p>
<h2>What to do</h2>
<p>${remedy}</p>
<p><a href="/mistakes">All mistakes</a></p>`;
      return sendPage(request, reply, mistake, title, body);
    },
  );
}

function described(name: MistakeName) {
  return { mistake: name, ...mistakes[name] };
}
