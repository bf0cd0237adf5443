// GET /: the page for browsers, which shows how gradients are computed; for programs, a list of the routes as JSON.
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import packageJson from '../../package.json' with { type: 'json' };
import { examples } from '../../schemas/examples.ts';
import { problems } from '../../schemas/problem.ts';
import { preferred } from '../http/accept.ts';
import {
  type Asset,
  type Assets,
  asset,
  assetsVersion,
  BUILT_PAGE,
  readAssets,
  sendAsset,
  withoutDigest,
} from '../http/assets.ts';
import { type Html, html, pageResponse, sendPage } from '../http/html.ts';
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

const NOT_BUILT = html`<h1>The page has not been built</h1>
<p>Run <code>npm run build:page</code>, then reload. The API works without it: see <a href="docs">its documentation</a>.</p>`;

/** For the files of the page, whose names contain digests. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** The page as it is sent, of one build. */
interface Page {
  readonly index?: Asset;
  readonly assets: Assets;
}

const NO_PAGE: Page = { assets: { version: undefined, index: '', files: new Map(), current: new Map() } };

/** `folder` has the built page; it may be built while the service runs. */
export function homeRoutes(app: FastifyInstance, folder = BUILT_PAGE): void {
  let latest = NO_PAGE;
  const page = async () => {
    const version = await assetsVersion(folder);
    if (version !== latest.assets.version) latest = version === undefined ? NO_PAGE : await readPage(app, folder);
    return latest;
  };
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
        reply.header('cache-control', 'no-cache');
        if (!index) return sendPage(request, reply, {}, { title: 'The page has not been built', body: NOT_BUILT });
        return sendAsset(request, reply.header('content-security-policy', CONTENT_SECURITY_POLICY), index);
      }
      const { name, description } = packageJson;
      const origin = `${request.protocol}://${request.host}`;
      const example = `curl ${origin}/gradients -H 'Content-Type: application/json' -d '${JSON.stringify(examples.article.request)}'`;
      return reply.send({ name, description, documentation: '/docs', routes: documentedRoutes(app), example });
    },
  );
  app.get<{ Params: { name: string } }>('/page/:name', { schema: { hide: true } }, async (request, reply) => {
    const { assets } = await page();
    const file = assets.files.get(request.params.name);
    if (file) return sendAsset(request, reply.header('cache-control', FOR_EVER), file);
    // While replicas are being replaced, pages of other builds ask for files: serve the current ones, uncached.
    const current = assets.current.get(withoutDigest(request.params.name));
    if (current) return sendAsset(request, reply.header('cache-control', 'no-cache'), current);
    return handleNotFound(request, reply);
  });
}

async function readPage(app: FastifyInstance, folder: URL): Promise<Page> {
  const assets = await readAssets(folder);
  const slots: Record<string, Html> = {
    routes: html`${Object.entries(documentedRoutes(app)).map(routeRow)}`,
    errors: html`${Object.entries(problems).map(
      ([type, { status, title }]) =>
        html`<tr><td>${`${status}`}</td><td><a href="problems/${type}">${type}</a></td><td>${title}</td></tr>\n`,
    )}`,
  };
  const text = assets.index.replace(/\{\{(\w+)\}\}/g, (_, name) => slots[name].text);
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
