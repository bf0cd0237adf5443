// GET /: what this service is, for a person who comes upon it.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { examples } from '../../schemas/examples.ts';
import { problems } from '../../schemas/problem.ts';
import { html, pageResponse, sendPage } from './page.ts';
import { problemResponses } from './responses.ts';

const Home = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    documentation: Type.String(),
    routes: Type.Object({}, { additionalProperties: Type.String() }),
    example: Type.String({ description: 'a command line to try' }),
  },
  { $id: 'Home', additionalProperties: false },
);

const EXAMPLE = {
  name: packageJson.name,
  description: packageJson.description,
  documentation: '/docs',
  routes: { 'POST /gradients': "A network's gradients on a batch" },
  example: "curl http://127.0.0.1:3000/gradients -H 'Content-Type: application/json' -d @request.json",
};

export function homeRoutes(app: FastifyInstance): void {
  app.get(
    '/',
    {
      schema: {
        operationId: 'home',
        summary: 'What this service is',
        description: 'Its routes, and a request to try.',
        tags: ['documentation'],
        response: { 200: pageResponse('The service and its routes', Home, EXAMPLE), ...problemResponses(429, 431) },
      },
    },
    (request, reply) => {
      const { name, description } = packageJson;
      const origin = `${request.protocol}://${request.host}`;
      const example = `curl ${origin}/gradients -H 'Content-Type: application/json' -d '${JSON.stringify(examples.article.request)}'`;
      const routes = documentedRoutes(app);
      const links = Object.entries(routes).map(([route, meaning]) => {
        const path = route.replace('GET ', '');
        const link = /^GET [^{]*$/.test(route) ? html`<a href="${path}">${route}</a>` : html`${route}`;
        return html`<tr><td><code>${link}</code></td><td>${meaning}</td></tr>\n`;
      });
      const errors = Object.entries(problems).map(
        ([type, { status, title }]) =>
          html`<tr><td>${`${status}`}</td><td><a href="/problems/${type}">${type}</a></td><td>${title}</td></tr>\n`,
      );
      const body = html`<h1>${name}</h1>
<p>${description} <a href="/docs">Documentation</a></p>
<table>
${links}</table>
<h2>Try it</h2>
<pre><code>${example}</code></pre>
<h2>Errors</h2>
<table>
${errors}</table>`;
      return sendPage(request, reply, { name, description, documentation: '/docs', routes, example }, name, body);
    },
  );
}

/** Every route of the documentation, with what it says of it. */
function documentedRoutes(app: FastifyInstance): Record<string, string> {
  const paths = Object.entries(app.swagger().paths as Record<string, Record<string, { summary: string }>>);
  return Object.fromEntries(
    paths.flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { summary }]) => [`${method.toUpperCase()} ${path}`, summary]),
    ),
  );
}
