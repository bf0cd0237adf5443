// PUT, GET and DELETE /datasets/{name}, GET /datasets: answers, conditions, refusals, owners.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { FastifyInstance, InjectOptions } from 'fastify';
import t from 'tap';
import { post, startApp, startOwnApp, storeOf, validRequest } from '../support/app.ts';
import { SAFETENSORS } from '../support/safetensors-file.ts';

const JSON_TYPE = 'application/json';
const CSV = 'text/csv';

const arrays = {
  inputs: [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  targets: [[1], [-1], [0]],
};
const others = { ...arrays, targets: [[2], [2], [2]] };

type Headers = Record<string, string>;

async function ask(app: FastifyInstance, method: string, path: string, more: Partial<InjectOptions> = {}) {
  return app.inject({ method: method as 'GET', url: path, ...more } as InjectOptions);
}

/** Puts a dataset, in JSON unless the headers say otherwise. */
function put(app: FastifyInstance, name: string, body: object | string | Buffer, headers: Headers = {}) {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return ask(app, 'PUT', `/datasets/${name}`, { headers: { 'content-type': JSON_TYPE, ...headers }, payload });
}

t.test('put, get, list, delete', async (t) => {
  const app = await startOwnApp(t, { DATASET_TTL: '3600' });
  t.strictSame((await ask(app, 'GET', '/datasets')).json(), { datasets: [] });
  const before = Date.now();
  const created = await put(app, 'd-1', arrays);
  t.equal(created.statusCode, 201, created.body);
  t.equal(created.headers.location, '/datasets/d-1');
  t.equal(created.headers['content-type'], 'application/json; charset=utf-8');
  const { etag, expires, ...description } = created.json();
  t.strictSame(description, { name: 'd-1', samples: 3, features: 2, targets: 1, dtype: 'F64', bytes: 72 });
  t.match(etag, /^[0-9a-f]{64}$/);
  t.equal(created.headers.etag, `"${etag}"`);
  t.ok(Date.parse(expires) >= before + 3_600_000 && Date.parse(expires) <= Date.now() + 3_600_000, expires);

  const again = await put(app, 'd-1', arrays);
  t.equal(again.statusCode, 200);
  t.equal(again.headers.location, undefined);
  t.equal(again.headers.etag, `"${etag}"`);
  const replaced = await put(app, 'd-1', others);
  t.equal(replaced.statusCode, 200);
  t.not(replaced.headers.etag, `"${etag}"`);

  const got = await ask(app, 'GET', '/datasets/d-1');
  t.equal(got.statusCode, 200);
  t.strictSame(got.json(), replaced.json());
  t.equal(got.headers.etag, replaced.headers.etag);
  const head = await ask(app, 'HEAD', '/datasets/d-1');
  t.strictSame([head.statusCode, head.headers.etag, head.body], [200, replaced.headers.etag, '']);

  const classes = await put(app, 'a?classes=c', 'x,c\n1,0\n2,1\n', { 'content-type': `${CSV}; charset=utf-8` });
  t.match(classes.json(), { name: 'a', samples: 2, features: 1, targets: 0, dtype: 'F64' });
  const none = await put(app, 'n', { inputs: [[1]] });
  t.notOk('targets' in none.json());
  const { datasets } = (await ask(app, 'GET', '/datasets')).json();
  t.strictSame(datasets, [classes.json(), replaced.json(), none.json()], 'by their names');

  const deleted = await ask(app, 'DELETE', '/datasets/d-1');
  t.strictSame([deleted.statusCode, deleted.body], [204, '']);
  for (const method of ['GET', 'DELETE']) {
    const missing = await ask(app, method, '/datasets/d-1');
    t.equal(missing.statusCode, 404);
    t.match(missing.json(), { type: '/problems/not-found', detail: 'there is no dataset "d-1"' });
  }
});

t.test('conditions', async (t) => {
  const app = await startApp();
  const failed = (response: { statusCode: number; json(): unknown }, detail: string, message: string) => {
    t.equal(response.statusCode, 412, message);
    t.match(response.json(), { type: '/problems/precondition-failed', detail }, message);
  };
  failed(await put(app, 'd', arrays, { 'if-match': '*' }), 'but there is none', 'If-Match: * at first');
  const etag = `${(await put(app, 'd', arrays, { 'if-none-match': '*' })).headers.etag}`;
  failed(await put(app, 'd', others, { 'if-none-match': '*' }), 'but there is one', 'If-None-Match: * again');
  failed(await put(app, 'd', others, { 'if-match': '"x"' }), `but it is ${etag}`, 'another ETag');
  t.equal((await ask(app, 'GET', '/datasets/d')).headers.etag, etag, 'nothing has changed');
  for (const given of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const same = await ask(app, 'GET', '/datasets/d', { headers: { 'if-none-match': given } });
    t.strictSame([same.statusCode, same.headers.etag, same.body], [304, etag, ''], given);
  }
  t.equal((await ask(app, 'GET', '/datasets/d', { headers: { 'if-none-match': '"x"' } })).statusCode, 200);
  t.equal((await ask(app, 'GET', '/datasets/d', { headers: { 'if-match': etag } })).statusCode, 200);
  failed(await ask(app, 'GET', '/datasets/d', { headers: { 'if-match': '"x"' } }), 'If-Match', 'GET with another ETag');
  for (const name of ['if-match', 'if-none-match']) {
    const wrong = await ask(app, 'GET', '/datasets/d', { headers: { [name]: 'x' } });
    t.match(wrong.json(), { type: '/problems/invalid-request', detail: 'expected * or ETags in double quotes' });
  }
  t.equal((await put(app, 'd', others, { 'if-match': etag })).statusCode, 200);
  failed(await ask(app, 'DELETE', '/datasets/d', { headers: { 'if-match': etag } }), 'If-Match', 'DELETE of what has changed');
  t.equal((await ask(app, 'DELETE', '/datasets/d', { headers: { 'if-match': '*' } })).statusCode, 204);
});

t.test('names', async (t) => {
  const STORE = storeOf(t);
  const app = await startOwnApp(t, { STORE });
  const long = 'x'.repeat(64);
  for (const name of ['0', 'a.b_c-d', long, 'a..b']) t.equal((await put(app, name, arrays)).statusCode, 201, name);
  const traversal = ['..%2fd', '..%5cd', '%2fetc%2fpasswd', 'a%2f..%2fb', '.hidden', 'd%00', 'c%3a'];
  for (const name of [...traversal, 'A', '-a', '_a', 'a%20b', '%C3%A4', `${long}x`, 'x'.repeat(2000), ''])
    for (const method of ['PUT', 'GET', 'DELETE']) {
      const response = await ask(app, method, `/datasets/${name}`, {
        ...(method === 'PUT' && { headers: { 'content-type': JSON_TYPE }, payload: JSON.stringify(arrays) }),
      });
      t.equal(response.statusCode, 400, `${method} ${name}`);
      t.match(response.json(), {
        type: '/problems/invalid-request',
        detail: /^expected the name of a dataset in the path: 1 to 64 lower-case letters, digits, .*, got "/,
      });
    }
  for (const path of ['/datasets/../d', '/datasets/a/b', '/datasets/../../etc/passwd'])
    t.equal((await ask(app, 'GET', path)).statusCode, 404, path);
  t.equal((await ask(app, 'POST', '/datasets/d')).headers.allow, 'GET, HEAD, DELETE, PUT');
  t.notOk(
    (await readdir(STORE, { recursive: true })).some((path) => /a\.b_c|xxx|passwd/.test(path)),
    'a name is never a file name',
  );
});

t.test('refusals', async (t) => {
  const STORE = storeOf(t);
  const app = await startOwnApp(t, { STORE, DATASET_LIMIT: '2000', BODY_LIMIT: '1000', STORE_LIMIT: '3000' });
  const refused = async (name: string, body: object | string | Buffer, headers: Headers, problem: object) => {
    const response = await put(app, name, body, headers);
    const { type, status, ...more } = response.json();
    t.match({ type: type.replace('/problems/', ''), ...more }, problem, response.body);
    t.equal(response.statusCode, status);
  };
  const types = 'expected the Content-Type application/vnd.safetensors, application/json, text/csv, got';
  await refused('d', 'x', { 'content-type': 'text/plain' }, { type: 'unsupported-media-type', detail: `${types} text/plain` });
  const untyped = await ask(app, 'PUT', '/datasets/d');
  t.equal(untyped.statusCode, 415);
  t.match(untyped.json(), { detail: `${types} none` });
  t.notOk('accept-post' in untyped.headers, 'that is for POST');
  t.match((await put(app, 'd', '{}', { 'content-encoding': 'x' })).json(), { type: '/problems/unsupported-media-type' });
  const query = (detail: string | RegExp) => ({ type: 'invalid-request', detail });
  await refused('d?target=y', 'x,y\n1,2\n', { 'content-type': CSV }, query('?target: unknown parameter: there are ?targets=a,b'));
  await refused('d?targets=x&targets=y', 'x,y\n1,2\n', { 'content-type': CSV }, query('?targets: expected it once'));
  await refused('d?classes=y', arrays, {}, query('?classes names columns of text/csv, but the body is application/json'));
  t.notOk(existsSync(STORE) && (await readdir(STORE)).includes('objects'), 'nothing has been stored so far');

  const over = (most: number, setting: string) => ({
    type: 'body-too-large',
    detail: `expected at most ${most} bytes (${setting})`,
  });
  await refused('d', ' '.repeat(1001), {}, over(1000, 'BODY_LIMIT'));
  await refused('d', Buffer.alloc(2001), { 'content-type': SAFETENSORS }, over(2000, 'DATASET_LIMIT'));
  const zeros = gzipSync(`x\n${'0\n'.repeat(100_000)}`);
  await refused('d', zeros, { 'content-type': CSV, 'content-encoding': 'gzip' }, over(2000, 'DATASET_LIMIT'));
  await refused(
    'd',
    gzipSync(' '.repeat(1001)),
    { 'content-encoding': 'gzip' },
    { type: 'body-too-large', detail: 'BODY_LIMIT' },
  );
  await refused(
    'd',
    'x',
    { 'content-encoding': 'gzip' },
    {
      type: 'malformed-body',
      detail: 'the body is not gzip, as Content-Encoding says',
    },
  );
  await refused('d', '{"inputs": [[1,]]}', {}, { type: 'malformed-body' });
  await refused('d', { inputs: [[1], [1, 2]] }, {}, { type: 'shape-mismatch', errors: [{ pointer: '/inputs/1' }] });
  await refused('d', { url: 'file:///etc/passwd' }, {}, { type: 'place-not-allowed' });
  const rows = (n: number) => `x\n${'1\n'.repeat(n)}`;
  t.equal((await put(app, 'first', rows(200), { 'content-type': CSV })).statusCode, 201);
  await refused(
    'second',
    rows(201),
    { 'content-type': CSV },
    { type: 'storage-full', detail: 'more than 3000 bytes (STORE_LIMIT)' },
  );
  t.equal((await ask(app, 'DELETE', '/datasets/first')).statusCode, 204);
  t.equal((await put(app, 'second', rows(201), { 'content-type': CSV })).statusCode, 201);
});

t.test('compressed uploads have the ETags of the plain ones', async (t) => {
  const app = await startApp();
  const text = JSON.stringify(arrays);
  const etag = (await put(app, 'plain', text)).headers.etag;
  for (const [encoding, bytes] of Object.entries({ gzip: gzipSync(text), zstd: zstdCompressSync(text) })) {
    const response = await put(app, encoding, bytes, { 'content-encoding': encoding });
    t.strictSame([response.statusCode, response.headers.etag], [201, etag], encoding);
  }
});

t.test('owners do not see each other; all keys of an owner see the same', async (t) => {
  const app = await startOwnApp(t, { API_KEYS: 'a=one,a=two,b=three,four,five' });
  const as = (key: string): Headers => ({ 'x-api-key': key });
  for (const [method, path] of [
    ['PUT', '/datasets/d'],
    ['GET', '/datasets/d'],
    ['DELETE', '/datasets/d'],
    ['GET', '/datasets'],
  ])
    t.equal((await ask(app, method, path)).statusCode, 401, `${method} ${path} without a key`);
  const etagOf = async (key: string) => (await ask(app, 'GET', '/datasets/d', { headers: as(key) })).headers.etag;
  t.equal((await put(app, 'd', arrays, as('one'))).statusCode, 201);
  t.strictSame([await etagOf('three'), await etagOf('four')], [undefined, undefined]);
  t.equal((await ask(app, 'DELETE', '/datasets/d', { headers: as('three') })).statusCode, 404);
  t.strictSame((await ask(app, 'GET', '/datasets', { headers: as('four') })).json(), { datasets: [] });
  t.equal((await put(app, 'd', others, as('four'))).statusCode, 201, 'a name of its own');
  t.equal(await etagOf('two'), await etagOf('one'));
  t.not(await etagOf('four'), await etagOf('one'));
  t.equal(await etagOf('five'), undefined, 'keys without an owner do not share');
  const { network } = validRequest();
  const lossFor = async (key: string) => (await post(app, { network, batch: { dataset: 'd' } }, as(key))).json();
  t.match(await lossFor('three'), { type: '/problems/unknown-dataset' });
  t.same(await lossFor('one'), await lossFor('two'));
  t.not((await lossFor('one')).loss, (await lossFor('four')).loss);
  t.equal((await ask(app, 'DELETE', '/datasets/d', { headers: as('two') })).statusCode, 204);
  t.match(await lossFor('one'), { type: '/problems/unknown-dataset' });
  t.equal((await post(app, { network, batch: { dataset: 'd' } }, as('four'))).statusCode, 200);
});

t.test('the store is not made before it is used', async (t) => {
  const STORE = storeOf(t);
  const app = await startOwnApp(t, { STORE });
  t.equal((await post(app, validRequest())).statusCode, 200);
  t.equal((await ask(app, 'GET', '/datasets/A')).statusCode, 400);
  t.notOk(existsSync(STORE));
});
