// Attacks on datasets and jobs: other owners' data, names and places that lead elsewhere, uploads that stall or break off, too much data.
import { once } from 'node:events';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { answersIn } from '../fuzz/client.ts';
import { startOwnApp, validRequest } from '../support/app.ts';
import { goesOn, refused, start } from '../support/attack.ts';
import type { Service } from '../support/process.ts';
import { fileOf, SAFETENSORS } from '../support/safetensors-file.ts';

const ARRAYS = { inputs: [[1, 2]], targets: [[1]] };
const network = validRequest().network;

type Headers = Record<string, string>;

/** Sends a request, and returns the status and the problem or the document. */
async function ask(origin: URL, method: string, path: string, headers: Headers = {}, body?: object | Buffer) {
  const bytes = body && (Buffer.isBuffer(body) ? Uint8Array.from(body) : JSON.stringify(body));
  const type = body && !Buffer.isBuffer(body) ? { 'content-type': 'application/json' } : {};
  const response = await fetch(new URL(path, origin), {
    method,
    headers: { ...type, ...headers },
    ...(bytes && { body: bytes }),
  });
  const text = await response.text();
  const document = text === '' ? {} : JSON.parse(text);
  return { ...document, status: response.status, type: document.type?.replace('/problems/', '') };
}

t.test('the names and ids of other owners', async (t) => {
  const service = await start(t, { API_KEYS: 'ann=key-of-ann,ben=key-of-ben' });
  const as = (owner: string) => ({ authorization: `Bearer key-of-${owner}` });
  const put = (owner: string, arrays: object) => ask(service.url, 'PUT', '/datasets/digits', as(owner), arrays);
  t.match(await put('ann', ARRAYS), { status: 201 });
  const submit = (owner: string) =>
    ask(
      service.url,
      'POST',
      '/gradients',
      { ...as(owner), prefer: 'respond-async', 'idempotency-key': 'one' },
      {
        network,
        batch: { dataset: 'digits' },
      },
    );
  const job = await submit('ann');
  t.match(job, { status: 202, id: /^[0-9a-f]{32}$/ });

  const missing = '0'.repeat(32);
  for (const [method, path] of [
    ['GET', '/datasets/NAME'],
    ['DELETE', '/datasets/NAME'],
    ['GET', '/jobs/ID'],
    ['GET', '/jobs/ID/result'],
    ['DELETE', '/jobs/ID'],
  ]) {
    const others = await ask(service.url, method, path.replace('NAME', 'digits').replace('ID', job.id), as('ben'));
    const none = await ask(service.url, method, path.replace('NAME', 'digitz').replace('ID', missing), as('ben'));
    t.match(others, refused(404, 'not-found'), `${method} ${path}`);
    t.equal(others.detail.replace('digits', 'digitz'), none.detail, 'as one that there is not');
  }
  t.match(await submit('ben'), { ...refused(422, 'unknown-dataset'), errors: [{ pointer: '/batch/dataset' }] });
  t.strictSame((await ask(service.url, 'GET', '/datasets', as('ben'))).datasets, []);
  t.strictSame((await ask(service.url, 'GET', '/jobs', as('ben'))).jobs, []);
  // A name, and an idempotency key, is that of an owner.
  t.match(await put('ben', { inputs: [[5, 6]], targets: [[7]] }), { status: 201 });
  const own = await submit('ben');
  t.equal(own.status, 202);
  t.not(own.id, job.id);
  t.match(await ask(service.url, 'GET', '/datasets/digits', as('ann')), { status: 200, samples: 1 });
  t.match(await ask(service.url, 'GET', `/jobs/${job.id}`, as('ann')), { status: 200, id: job.id });
  for (const path of ['/datasets', '/datasets/digits', '/jobs', `/jobs/${job.id}`])
    t.match(await ask(service.url, 'GET', path), refused(401, 'unauthorized'), path);
});

t.test('names that lead elsewhere', async (t) => {
  const folder = t.testdir({ secret: 'secret' });
  const app = await startOwnApp(t, { STORE: join(folder, 'store') });
  const payload = JSON.stringify(ARRAYS);
  const headers = { 'content-type': 'application/json' };
  await app.inject({ method: 'PUT', url: '/datasets/good', headers, payload });
  for (const name of [
    '..%2fsecret',
    '%2e%2e%2f%2e%2e',
    '.hidden',
    '%00',
    'a%00b',
    '%2fetc%2fpasswd',
    'C:%5ca',
    'A',
    'a'.repeat(65),
  ]) {
    for (const [method, url] of [
      ['PUT', `/datasets/${name}`],
      ['GET', `/datasets/${name}`],
      ['DELETE', `/datasets/${name}`],
      ['GET', `/jobs/${name}`],
      ['GET', `/jobs/${name}/result`],
      ['DELETE', `/jobs/${name}`],
    ] as const) {
      const { statusCode } = await app.inject({ method, url, headers, ...(method === 'PUT' && { payload }) });
      t.ok([400, 404, 405].includes(statusCode), `${method} ${url}: ${statusCode}`);
    }
  }
  t.strictSame(readdirSync(folder).sort(), ['secret', 'store']);
});

t.test('references to other files and hosts', async (t) => {
  const folder = t.testdir({ secret: fileOf(ARRAYS), allowed: {} });
  const allowed = join(folder, 'allowed');
  writeFileSync(join(allowed, 'good'), fileOf(ARRAYS));
  symlinkSync(join(folder, 'secret'), join(allowed, 'link'));
  mkdirSync(join(allowed, 'folder'));
  const service = await start(t, { DATA_ALLOW: `file://${allowed}/` });
  const put = (url: string) => ask(service.url, 'PUT', '/datasets/digits', {}, { url });
  t.match(await put(`file://${allowed}/good`), { status: 201, samples: 1 });
  t.match(await put(`file://${allowed}/folder`), refused(400, 'invalid-request'), 'no file');
  for (const url of [
    `file://${folder}/secret`,
    `file://${allowed}/../secret`,
    `file://${allowed}/%2e%2e/secret`,
    `file://${allowed}/link`,
    'file:///etc/passwd',
    'file://elsewhere/etc/passwd',
    'http://169.254.169.254/latest/meta-data/',
    `${service.url}readyz`,
    's3://bucket/key',
    'ftp://127.0.0.1/a',
  ])
    t.match(await put(url), refused(403, 'place-not-allowed'), url);
  await goesOn(t, service);
});

/** Begins an upload over a new connection, and returns all answers until the service closes it. */
async function upload(service: Service, length: number, part: Buffer, then: 'waits' | 'ends') {
  const socket = connect(Number(service.url.port), service.url.hostname);
  await once(socket, 'connect');
  const all = buffer(socket).catch(() => Buffer.alloc(0));
  socket.write(`PUT /datasets/half HTTP/1.1\r\nHost: a\r\nContent-Type: ${SAFETENSORS}\r\nContent-Length: ${length}\r\n\r\n`);
  socket.write(part);
  if (then === 'ends') socket.end();
  return answersIn(await all).map(({ status, body }) => ({ status, type: JSON.parse(`${body}`).type.replace('/problems/', '') }));
}

/**
 * Asserts that the store has no object, as soon as the service has noticed the end of the upload: otherwise the test times out. It looks
 * no second time, since the service may begin the file of an upload only after its end.
 */
async function isEmpty(t: Test, store: string, service: Service) {
  t.match(await ask(service.url, 'GET', '/datasets/half'), refused(404, 'not-found'));
  const files = () => readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  let left = files();
  for (; left.length > 0; left = files()) await setImmediate();
  t.strictSame(left, [], 'nothing of it is left');
}

t.test('uploads that stall, and that break off', async (t) => {
  const store = t.testdir();
  const service = await start(t, { STORE: store, UPLOAD_IDLE_MS: '200' });
  const file = fileOf(ARRAYS);
  const begun = file.subarray(0, file.length - 4);
  t.strictSame(await upload(service, file.length, begun, 'waits'), [refused(408, 'request-timeout')]);
  await isEmpty(t, store, service);
  for (const { status } of await upload(service, file.length, begun, 'ends')) t.equal(status, 400);
  await isEmpty(t, store, service);
  await goesOn(t, service);
  await isEmpty(t, store, service);
});

t.test('too much data', async (t) => {
  const store = t.testdir();
  const service = await start(t, { STORE: store, DATASET_LIMIT: '4000', STORE_LIMIT: '6000' });
  const put = (name: string, samples: number) => {
    const inputs = Array.from({ length: samples }, (_, i) => [i, samples]);
    return ask(service.url, 'PUT', `/datasets/${name}`, { 'content-type': SAFETENSORS }, fileOf({ inputs }));
  };
  t.match(await put('half', 300), refused(413, 'body-too-large'));
  await isEmpty(t, store, service);
  t.match(await put('a', 200), { status: 201 });
  t.match(await put('half', 201), refused(507, 'storage-full'));
  t.match(await ask(service.url, 'GET', '/datasets/half'), refused(404, 'not-found'));
  t.match(await ask(service.url, 'DELETE', '/datasets/a'), { status: 204 });
  t.match(await put('half', 201), { status: 201 }, 'there is room again');
  await goesOn(t, service);
});

t.test('too many jobs, and too large ones', async (t) => {
  const service = await start(t, { MAX_JOBS: '1', JOB_MAX_FLOPS: '1000' });
  const submit = (request: object) => ask(service.url, 'POST', '/gradients', { prefer: 'respond-async' }, request);
  const inputs = Array.from({ length: 1000 }, () => [1, 2]);
  t.match(await submit({ network, batch: { inputs, targets: inputs.map(() => [1]) } }), refused(413, 'too-many-operations'));
  const { id, status } = await submit(validRequest());
  t.equal(status, 202);
  t.match(await submit(validRequest()), refused(429, 'too-many-jobs'));
  t.match(await ask(service.url, 'DELETE', `/jobs/${id}`), { status: 204 });
  t.match(await submit(validRequest()), { status: 202 });
  await goesOn(t, service);
});
