// GET / in a browser, and the files of the page: how they are sent.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type FastifyInstance, fastify } from 'fastify';
import t from 'tap';
import { buildPage } from '../../deploy/page.ts';
import { problems } from '../../schemas/problem.ts';
import { BUILT_PAGE } from '../../src/http/assets.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { forPage } from '../../src/page/request/for-page.ts';
import { homeRoutes } from '../../src/routes/home.ts';
import { startApp, startOwnApp } from '../support/app.ts';

/** The Accept header of browsers. */
const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

/** The most bytes, compressed, of what the first view loads, its answer included, and of all files. */
const MAX_BYTES = { first: 110_000, all: 330_000 };

await buildPage();
const app = await startApp();

function get(url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET', from: FastifyInstance = app) {
  return from.inject({ method, url, headers: { accept: HTML, ...headers } });
}

const index = (await get('/')).body;

/** The files that the page loads before it runs. */
const assets = [...new Set([...index.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map(([, path]) => `/${path}`))];

t.test('the page: routes, errors, and nothing inline', async (t) => {
  const page = await get('/');
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  t.equal(page.headers.vary, 'accept, accept-encoding');
  t.equal(page.headers['cache-control'], 'no-cache');
  const policy = `${page.headers['content-security-policy']}`;
  t.equal(
    policy,
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  t.equal(page.headers['x-frame-options'], 'DENY');
  t.notMatch(page.body, /<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|\{\{/);
  t.match(page.body, '<code>POST /gradients</code>');
  t.match(page.body, '<a href="./openapi.json">GET /openapi.json</a>');
  for (const [type, { title }] of Object.entries(problems)) {
    t.match(page.body, `<a href="problems/${type}">`);
    t.match(page.body, title);
  }
});

t.test('its files: correct media types, cached for ever', async (t) => {
  const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };
  t.ok(assets.length >= 3, `${assets.length} files`);
  for (const url of assets) {
    t.match(url, /^\/page\/\w+-[0-9A-Z]{8}\.\w+$/);
    const file = await get(url);
    t.equal(file.statusCode, 200, url);
    t.equal(file.headers['content-type'], types[url.split('.').pop() as keyof typeof types], url);
    t.equal(file.headers['cache-control'], 'public, max-age=31536000, immutable', url);
  }
});

t.test('source maps are served, and the page does not load them', async (t) => {
  for (const url of assets.filter((url) => !url.endsWith('.svg'))) {
    const { body } = await get(url);
    t.match(body, `# sourceMappingURL=${url.slice('/page/'.length)}.map`);
    const map = await get(`${url}.map`);
    t.equal(map.statusCode, 200);
    // A file that only loads others has no source of its own.
    t.equal(map.json().sourcesContent.length, map.json().sources.length);
  }
});

t.test('sizes: what the first view loads, and all files together', async (t) => {
  const sizeOf = async (url: string, encoding: string) => {
    const { headers, rawPayload } = await get(url, { 'accept-encoding': encoding });
    t.equal(headers['content-encoding'], encoding, url);
    t.equal(Number(headers['content-length']), rawPayload.length);
    return rawPayload.length;
  };
  const all = readdirSync(BUILT_PAGE)
    .filter((name) => /\.(js|css|svg)$/.test(name))
    .map((name) => `/page/${name}`);
  t.ok(all.length > assets.length, 'some files are loaded later');
  const chinese = all.find((url) => url.startsWith('/page/zh-')) as string;
  for (const encoding of ['br', 'zstd', 'gzip']) {
    const sizes = new Map<string, number>();
    for (const url of ['/', ...all]) sizes.set(url, await sizeOf(url, encoding));
    const sum = (urls: Iterable<string>) => [...urls].reduce((total, url) => total + (sizes.get(url) as number), 0);
    const { statusCode, rawPayload } = await app.inject({
      method: 'POST',
      url: '/gradients',
      headers: { 'accept-encoding': encoding },
      payload: forPage(pageExamples[0].request),
    });
    t.equal(statusCode, 200);
    const sums = { first: sum(['/', ...assets, chinese]) + rawPayload.length, all: sum(sizes.keys()) };
    for (const [what, most] of Object.entries(MAX_BYTES)) {
      const bytes = sums[what as keyof typeof sums];
      t.ok(bytes <= most, `${encoding}, ${what}: ${bytes} of ${most} bytes`);
    }
  }
});

t.test('encodings, and files that a browser has already', async (t) => {
  for (const url of ['/', assets[0]]) {
    const plain = (await get(url)).body;
    const tags = new Set<string>();
    const unpack: Record<string, (bytes: Buffer) => Buffer> = {
      'br, gzip': brotliDecompressSync,
      gzip: gunzipSync,
      'identity;q=0, deflate': (bytes) => bytes,
    };
    for (const [encoding, unpacked] of Object.entries(unpack)) {
      const response = await get(url, { 'accept-encoding': encoding });
      t.equal(`${unpacked(response.rawPayload)}`, plain, `${url} in ${encoding}`);
      const tag = `${response.headers.etag}`;
      t.match(tag, /^"[\w-]+"$/, 'strong');
      tags.add(tag);
      for (const known of [tag, `"other", W/${tag}`, '*']) {
        const again = await get(url, { 'accept-encoding': encoding, 'if-none-match': known });
        t.equal(again.statusCode, 304, known);
        t.equal(again.rawPayload.length, 0);
        t.equal(again.headers.etag, tag);
      }
      t.equal((await get(url, { 'accept-encoding': encoding, 'if-none-match': '"other"' })).statusCode, 200);
      const head = await get(url, { 'accept-encoding': encoding }, 'HEAD');
      t.equal(head.statusCode, 200);
      t.equal(head.rawPayload.length, 0);
      t.equal(head.headers['content-length'], response.headers['content-length']);
    }
    t.equal(tags.size, 3, 'a tag for each encoding');
  }
});

t.test('files of another build, and unknown files', async (t) => {
  const other = await get(`${assets[0].slice(0, -'K2QX7ZB4.svg'.length)}K2QX7ZB4.svg`);
  t.equal(other.statusCode, 200);
  t.equal(other.headers['cache-control'], 'no-cache');
  t.equal(other.body, (await get(assets[0])).body);
  // Scripts name it without a digest.
  const licences = await get('/page/licenses.txt');
  t.match(licences.headers, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' });
  t.match(licences.body, '@codemirror/view');
  for (const path of [
    'index.html',
    'packages.json',
    'main.ts',
    '../../package.json',
    '%2e%2e%2f%2e%2e%2fpackage.json',
    '',
    'constructor',
  ]) {
    const missing = await get(`/page/${path}`);
    t.equal(missing.statusCode, 404, path);
    t.match(missing.json(), { type: '/problems/not-found' });
  }
});

t.test('a page that has not been built says so, until it is', async (t) => {
  const folder = t.testdir({});
  const app = fastify().decorate('swagger', () => ({ openapi: '3.1.0', info: { title: '', version: '' }, paths: {} }));
  homeRoutes(app, pathToFileURL(`${folder}/`));
  const html = () => app.inject({ url: '/', headers: { accept: HTML } });
  const missing = await html();
  t.match(missing.body, 'npm run build:page');
  t.equal(missing.headers['cache-control'], 'no-cache');
  t.equal((await app.inject({ url: '/', headers: { accept: 'application/json' } })).json().documentation, '/docs');
  writeFileSync(`${folder}/index.html`, '<p>{{routes}}built</p>');
  t.equal((await html()).body, '<p>built</p>');
  rmSync(`${folder}/index.html`);
  t.match((await html()).body, 'npm run build:page');
});

t.test('the page needs no key, even if keys are configured', async (t) => {
  const locked = await startOwnApp(t, { API_KEYS: 'secret' });
  t.equal((await get('/', {}, 'GET', locked)).statusCode, 200);
  t.equal((await get(assets[0], {}, 'GET', locked)).statusCode, 200);
});

t.test('over a connection, in the best encoding that the client accepts', async (t) => {
  const listening = await startOwnApp(t);
  const address = await listening.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(address, { headers: { accept: HTML, 'accept-encoding': 'gzip, deflate, br, zstd' } });
  t.equal(response.headers.get('content-encoding'), 'br');
  t.equal(await response.text(), index);
});
