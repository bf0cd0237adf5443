// GET /mistakes and /mistakes/{name}: the catalogue of mistakes that POST /check names.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { type MistakeName, mistakes } from '../../schemas/mistake.ts';
import { Names } from '../../schemas/names.ts';
import { html, pageResponse, sendPage } from '../http/html.ts';
import { inSameLanguage, type Language, languageQuery, negotiateLanguage } from '../http/language.ts';
import { handleNotFound } from '../http/problems.ts';
import { problemResponses } from '../http/responses.ts';
import { texts } from './page-texts.ts';

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
  app.get(
    '/mistakes',
    {
      schema: {
        operationId: 'mistakes',
        summary: 'Mistakes in backpropagation',
        description: 'The catalogue of the mistakes that POST /check names.',
        tags: ['documentation'],
        querystring: languageQuery,
        response: {
          200: pageResponse('All mistakes', MistakeList, { mistakes: [described('derivative-at-pre-activation', 'en')] }),
          ...problemResponses(400),
        },
      },
    },
    (request, reply) => {
      const language = negotiateLanguage(request, reply);
      const { mistakesTitle: title, mistakesIntroduction, letters, home } = texts[language];
      const all = NAMES.map((name) => described(name, language));
      const rows = all.map(({ mistake, title }) => {
        const link = inSameLanguage(request, `/mistakes/${mistake}`);
        return html`<tr><td><a href="${link}"><code>${mistake}</code></a></td><td>${title}</td></tr>\n`;
      });
      const body = html`<h1>${title}</h1>
<p>${mistakesIntroduction} ${letters}</p>
<table>
${rows}</table>
<p><a href="/">${home}</a></p>`;
      return sendPage(request, reply, { mistakes: all }, { title, body, language });
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
        querystring: languageQuery,
        response: {
          200: pageResponse('The mistake', Mistake, described('derivative-at-pre-activation', 'en')),
          ...problemResponses(400, 404),
        },
      },
    },
    (request, reply) => {
      const { name } = request.params;
      if (!Object.hasOwn(mistakes, name)) return handleNotFound(request, reply);
      const language = negotiateLanguage(request, reply);
      const labels = texts[language];
      const mistake = described(name as MistakeName, language);
      const { title, wrong, right, sign, remedy } = mistake;
      const body = html`<h1>${title}</h1>
<p><code>${name}</code></p>
<h2>${labels.wrong}</h2>
<pre>${wrong}</pre>
<h2>${labels.right}</h2>
<pre>${right}</pre>
<h2>${labels.sign}</h2>
<p>${sign}</p>
<h2>${labels.remedy}</h2>
<p>${remedy}</p>
<p>${labels.letters}</p>
<p><a href="${inSameLanguage(request, '/mistakes')}">${labels.allMistakes}</a></p>`;
      return sendPage(request, reply, mistake, { title, body, language });
    },
  );
}

function described(name: MistakeName, language: Language) {
  return { mistake: name, ...texts[language].mistakes[name] };
}
