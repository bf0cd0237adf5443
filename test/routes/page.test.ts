// GET / in a browser, and the files of the page: how they are sent.
import { readFileSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { problems } from '../../schemas/problem.ts';
import { startApp, startOwnApp } from '../support/app.ts';

/** The Accept header of browsers. */
const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

/** The most bytes for the whole page, compressed. */
const MOST = 300_000;

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
  const types = {
    ts: 'text/javascript; charset=utf-8',
    js: 'text/javascript; charset=utf-8',
    css: 'text/css; charset=utf-8',
    svg: 'image/svg+xml',
  };
  t.ok(assets.length > 20, `${assets.length} files`);
  for (const url of assets) {
    const file = await get(url);
    t.equal(file.statusCode, 200, url);
    t.equal(file.headers['content-type'], types[url.split('.').pop() as keyof typeof types], url);
    t.equal(file.headers['cache-control'], 'public, max-age=31536000, immutable', url);
  }
});

t.test('modules have no types, and the same line numbers as their sources', async (t) => {
  const modules = assets.filter((url) => url.endsWith('.ts'));
  for (const url of modules) {
    const { body } = await get(url);
    const path = url.replace(/^\/page\/[^/]+\//, '');
    const source = readFileSync(path, 'utf8');
    t.equal(body.split('\n').length, source.split('\n').length, path);
    t.notMatch(body, /^(import|export) type|^export interface/m, path);
    for (const [, imported] of body.matchAll(/from '(\.[^']+)'/g)) {
      const needed = new URL(imported, `http://a${url}`).pathname;
      t.ok(modules.includes(needed), `${path} needs ${needed}, which the page names`);
    }
  }
  t.ok(modules.some((url) => url.endsWith('/schemas/examples.ts')));
});

t.test(`the whole page takes less than ${MOST} bytes`, async (t) => {
  for (const encoding of ['br', 'gzip']) {
    let sum = 0;
    for (const url of ['/', ...assets]) {
      const { headers, rawPayload } = await get(url, { 'accept-encoding': encoding });
      t.equal(headers['content-encoding'], encoding, url);
      t.equal(Number(headers['content-length']), rawPayload.length);
      sum += rawPayload.length;
    }
    t.comment(`${encoding}: ${sum} bytes`);
    t.ok(sum < MOST, `${encoding}: ${sum} bytes`);
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

t.test('files of another version, and unknown files', async (t) => {
  const other = await get(assets[0].replace(/^\/page\/[^/]+/, '/page/old'));
  t.equal(other.statusCode, 200);
  t.equal(other.headers['cache-control'], 'no-cache');
  for (const path of [
    'src/server.ts',
    'src/page/tsconfig.json',
    '../../package.json',
    '%2e%2e/%2e%2e/package.json',
    'src/page/',
    'constructor',
  ]) {
    const missing = await get(`/page/old/${path}`);
    t.equal(missing.statusCode, 404, path);
    t.match(missing.json(), { type: '/problems/not-found' });
  }
});

t.test('the page needs no key, even if keys are configured', async (t) => {
  const locked = await startOwnApp(t, { API_KEYS: 'secret' });
  t.equal((await get('/', {}, 'GET', locked)).statusCode, 200);
  t.equal((await get(assets[0], {}, 'GET', locked)).statusCode, 200);
});

t.test('the page is built once the service listens', async (t) => {
  const listening = await startApp();
  const address = await listening.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(address, { headers: { accept: HTML, 'accept-encoding': 'gzip, deflate, br, zstd' } });
  t.equal(response.headers.get('content-encoding'), 'br', 'the best of those that the client takes');
  t.equal(await response.text(), index);
});
