// GET /: the page for browsers, which shows how gradients are computed; for programs, a list of the routes as JSON.
import { readFile } from 'node:fs/promises';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { examples } from '../../schemas/examples.ts';
import { problems } from '../../schemas/problem.ts';
import { preferred } from '../http/accept.ts';
import { type Asset, type Assets, asset, buildAssets, libraries, sendAsset, styles } from '../http/assets.ts';
import { html, pageResponse } from '../http/html.ts';
import { handleNotFound } from '../http/problems.ts';

const Home = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    documentation: Type.String(),
    routes: Type.Object({}, { additionalProperties: Type.String() }),
    example: Type.String({ description: 'a command line to try' }),
  },
  { $id: 'Home' },
);

const EXAMPLE = {
  name: packageJson.name,
  description: packageJson.description,
  documentation: '/docs',
  routes: { 'POST /gradients': "A network's gradients on a batch" },
  example: "curl http://127.0.0.1:3000/gradients -H 'Content-Type: application/json' -d @request.json",
};
/** Own resources only, nothing inline. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** For the files of the page, whose paths contain a version. */
const FOR_EVER = 'public, max-age=31536000, immutable';

interface Page {
  readonly index: Asset;
  readonly assets: Assets;
}

export function homeRoutes(app: FastifyInstance): void {
  let built: Promise<Page> | undefined;
  const page = () => {
    built ??= buildPage(app);
    return built;
  };
  // Builds the page in advance, but only after the service is ready.
  app.addHook('onListen', (done) => {
    // Errors are ignored here: every request for the page will report them.
    Promise.allSettled([app.readiness.started.then(page)]);
    done();
  });
  app.get(
    '/',
    {
      schema: {
        operationId: 'home',
        summary: 'The service and its routes',
        description: 'The page for browsers; for programs, the routes and an example request.',
        tags: ['documentation'],
        response: { 200: pageResponse('The service and its routes', Home, EXAMPLE) },
      },
    },
    async (request, reply) => {
      reply.header('vary', 'accept');
      if (preferred(request, ['application/json', 'text/html']) === 'text/html') {
        const { index } = await page();
        reply.header('content-security-policy', CONTENT_SECURITY_POLICY).header('cache-control', 'no-cache');
        return sendAsset(request, reply, index);
      }
      const { name, description } = packageJson;
      const origin = `${request.protocol}://${request.host}`;
      const example = `curl ${origin}/gradients -H 'Content-Type: application/json' -d '${JSON.stringify(examples.article.request)}'`;
      return reply.send({ name, description, documentation: '/docs', routes: documentedRoutes(app), example });
    },
  );
  app.get<{ Params: { version: string; '*': string } }>(
    '/page/:version/*',
    { schema: { hide: true } },
    async (request, reply) => {
      const { assets } = await page();
      const file = assets.files.get(request.params['*']);
      if (!file) return handleNotFound(request, reply);
      // While replicas are being replaced, pages of other versions ask for files: serve the current version, uncached.
      reply.header('cache-control', request.params.version === assets.version ? FOR_EVER : 'no-cache');
      return sendAsset(request, reply, file);
    },
  );
}

async function buildPage(app: FastifyInstance): Promise<Page> {
  const assets = await buildAssets();
  // Relative, so that a proxy may serve the page under any path.
  const base = `page/${assets.version}`;
  const slots = {
    scripts: html`${Object.keys(libraries).map((path) => html`<script src="${base}/${path}" defer></script>\n`)}`,
    styles: html`${styles.map((path) => html`<link rel="stylesheet" href="${base}/${path}">\n`)}`,
    modules: html`${assets.modules.map((path) => html`<link rel="modulepreload" href="${base}/${path}">\n`)}`,
    routes: html`${Object.entries(documentedRoutes(app)).map(routeRow)}`,
    errors: html`${Object.entries(problems).map(
      ([type, { status, title }]) =>
        html`<tr><td>${`${status}`}</td><td><a href="problems/${type}">${type}</a></td><td>${title}</td></tr>\n`,
    )}`,
    base: html`${base}`,
  };
  const template = await readFile(new URL('../page/index.html', import.meta.url), 'utf8');
  const text = template.replace(/\{\{(\w+)\}\}/g, (_, name) => slots[name as keyof typeof slots].text);
  return { index: await asset('text/html; charset=utf-8', text), assets };
}

function routeRow([route, meaning]: [string, string]) {
  const path = route.replace('GET /', './');
  const link = /^GET [^{]*$/.test(route) ? html`<a href="${path}">${route}</a>` : html`${route}`;
  return html`<tr><td><code>${link}</code></td><td>${meaning}</td></tr>\n`;
}

/** All documented routes, with their summaries. */
function documentedRoutes(app: FastifyInstance): Record<string, string> {
  const paths = Object.entries(app.swagger().paths as Record<string, Record<string, { summary: string }>>);
  return Object.fromEntries(
    paths.flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { summary }]) => [`${method.toUpperCase()} ${path}`, summary]),
    ),
  );
}
