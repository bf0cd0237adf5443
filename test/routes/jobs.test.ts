// Jobs over HTTP: submission, state, events, result, removal, and what belongs to whom.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { silent } from '../../src/observability/logger.ts';
import { ENGINE, startApp, startOwnApp, validRequest } from '../support/app.ts';

const SAFETENSORS = 'application/vnd.safetensors';
const ASYNC = { prefer: 'respond-async' };
const json = (value: unknown) => JSON.stringify(value);

function submit(app: FastifyInstance, body: object = validRequest(), headers: Record<string, string> = ASYNC) {
  return app.inject({
    method: 'POST',
    url: '/gradients',
    headers: { 'content-type': 'application/json', ...headers },
    payload: json(body),
  });
}

async function ask(app: FastifyInstance, url: string, headers: Record<string, string> = {}, method: 'GET' | 'DELETE' = 'GET') {
  return app.inject({ method, url, headers });
}

/** Waits until a job has ended, and returns its state. */
async function ended(app: FastifyInstance, url: string, headers: Record<string, string> = {}) {
  for (;;) {
    const job = (await ask(app, url, headers)).json();
    if (job.ended) return job;
    await setImmediate();
  }
}

/** A request whose second step fails, which only the computation shows. */
function infinite() {
  const request = validRequest();
  request.network.layers[0].weights = request.network.layers[0].weights.map((row) => row.map(() => 1e300));
  request.network.layers[0].activation = 'exp';
  return request;
}

t.test('a job from its submission to its removal', async (t) => {
  const app = await startApp();
  const inline = await submit(app, validRequest(), {});
  const made = await submit(app);
  t.equal(made.statusCode, 202);
  t.match(made.headers, {
    location: /^\/jobs\/[0-9a-f]{32}$/,
    'preference-applied': 'respond-async',
    'retry-after': '1',
    'content-type': 'application/json',
  });
  const url = made.headers.location as string;
  t.match(made.json(), { id: url.slice(6), operation: 'gradients', state: 'queued', parts: { total: 1, completed: 0 } });
  const job = await ended(app, url);
  t.match(job, { state: 'succeeded', parts: { total: 1, completed: 1 } });
  t.ok(Date.parse(job.created) <= Date.parse(job.started) && Date.parse(job.started) <= Date.parse(job.ended));
  t.equal(Date.parse(job.expires) - Date.parse(job.ended), 7 * 86_400_000);
  const state = await ask(app, url);
  t.equal(state.headers['retry-after'], undefined);
  const result = await ask(app, `${url}/result`);
  t.equal(result.headers['content-type'], 'application/json');
  t.equal(result.body, inline.body);
  const inTensors = await ask(app, `${url}/result`, { accept: SAFETENSORS });
  t.equal(inTensors.headers['content-type'], SAFETENSORS);
  t.strictSame(inTensors.rawPayload, (await submit(app, validRequest(), { accept: SAFETENSORS })).rawPayload);
  t.strictSame((await ask(app, '/jobs')).json(), { jobs: [job] });
  const removed = await ask(app, url, {}, 'DELETE');
  t.equal(removed.statusCode, 204);
  t.equal(removed.body, '');
  for (const [path, method] of [
    [url, 'GET'],
    [`${url}/result`, 'GET'],
    [url, 'DELETE'],
    ['/jobs/none', 'GET'],
  ] as const) {
    const missing = await ask(app, path, {}, method);
    t.equal(missing.statusCode, 404);
    t.match(missing.json(), { type: '/problems/not-found', detail: /^there is no such job/ });
  }
  t.strictSame((await ask(app, '/jobs')).json(), { jobs: [] });
});

t.test('a job on a dataset', async (t) => {
  const app = await startApp();
  const { inputs, targets } = validRequest().batch;
  const put = { method: 'PUT', url: '/datasets/small', headers: { 'content-type': 'application/json' } } as const;
  t.equal((await app.inject({ ...put, payload: json({ inputs, targets }) })).statusCode, 201);
  const waited = await submit(app, { ...validRequest(), batch: { dataset: 'small' } }, { prefer: 'respond-async, wait=30' });
  t.equal(waited.body, (await submit(app, validRequest(), {})).body);
});

t.test('waiting for the answer; preferences that are none', async (t) => {
  const app = await startApp();
  const inline = await submit(app, validRequest(), {});
  const waited = await submit(app, validRequest(), { prefer: 'respond-async, wait=30' });
  t.equal(waited.statusCode, 200);
  t.equal(waited.body, inline.body);
  t.equal(waited.headers['preference-applied'], 'respond-async, wait=30');
  const [{ id }] = (await ask(app, '/jobs')).json().jobs;
  t.equal(waited.headers['content-location'], `/jobs/${id}/result`);
  const failed = await submit(app, infinite(), { prefer: 'respond-async, wait=30' });
  t.equal(failed.statusCode, 422);
  t.match(failed.json(), { type: '/problems/non-finite-result', layer: 0, step: 'outputs' });
  const none = await submit(app, validRequest(), { prefer: 'respond-async, wait=0' });
  t.ok([200, 202].includes(none.statusCode));
  for (const prefer of ['wait=30', 'return=minimal', '']) {
    const now = await submit(app, validRequest(), { prefer });
    t.equal(now.body, inline.body);
    t.equal(now.headers['preference-applied'], undefined);
  }
});

t.test('a job that fails has its problem, also as its result', async (t) => {
  const app = await startApp();
  const inline = (await submit(app, infinite(), {})).json();
  const url = (await submit(app, infinite())).headers.location as string;
  const job = await ended(app, url);
  t.equal(job.state, 'failed');
  t.strictSame(job.problem, inline);
  const result = await ask(app, `${url}/result`);
  t.equal(result.statusCode, 422);
  t.strictSame(result.json(), inline);
});

t.test('refused at once: what is wrong by itself, and values per sample', async (t) => {
  const app = await startApp();
  const wrong = await submit(app, { network: {} });
  t.equal(wrong.statusCode, 400);
  t.match(wrong.json(), { type: '/problems/invalid-request' });
  for (const name of ['outputs', 'per_sample_gradient_norms'] as const) {
    const perSample = await submit(app, { ...validRequest(), include: ['squared_gradients', name] });
    t.equal(perSample.statusCode, 422);
    t.match(perSample.json(), {
      type: '/problems/not-additive',
      errors: [{ pointer: '/include', detail: `expected no values per sample, which a job does not keep, got ${name}` }],
    });
  }
  t.match((await submit(app, { ...validRequest(), batch: { dataset: 'none' } })).json(), {
    type: '/problems/unknown-dataset',
    errors: [{ pointer: '/batch/dataset' }],
  });
  const key = await submit(app, validRequest(), { ...ASYNC, 'idempotency-key': 'ä' });
  t.match(key.json(), { status: 400, detail: /^expected an Idempotency-Key of 1 to 255 visible ASCII characters/ });
  t.match((await ask(app, '/jobs')).json(), { jobs: [] });
});

t.test('the same key is the same job; too many jobs', async (t) => {
  const app = await startOwnApp(t, { MAX_JOBS: '2' });
  const headers = { ...ASYNC, 'idempotency-key': 'one' };
  const [a, b] = await Promise.all([submit(app, validRequest(), headers), submit(app, validRequest(), headers)]);
  t.equal(a.headers.location, b.headers.location);
  const other = await submit(app, { ...validRequest(), loss: 'l1' }, headers);
  t.match(other.json(), { status: 422, type: '/problems/idempotency-key-reused' });
  await submit(app);
  t.match((await submit(app)).json(), { status: 429, type: '/problems/too-many-jobs' });
});

t.test('unfinished; media types that there are not', async (t) => {
  const app = await startApp();
  const url = (await submit(app)).headers.location as string;
  const early = await ask(app, `${url}/result`);
  if (early.statusCode !== 200) {
    t.match(early.json(), {
      status: 409,
      type: '/problems/not-finished',
      detail: /^the job is (queued|running): [01] of 1 parts/,
    });
    t.equal(early.headers['retry-after'], '1');
  }
  await ended(app, url);
  for (const path of [url, `${url}/result`]) t.equal((await ask(app, path, { accept: 'text/html' })).statusCode, 406);
});

t.test('jobs of others', async (t) => {
  const app = await startOwnApp(t, { API_KEYS: 'me=mine,me=second,you=yours' });
  const key = (value: string) => ({ 'x-api-key': value });
  t.equal((await submit(app)).statusCode, 401);
  for (const path of ['/jobs', '/jobs/x', '/jobs/x/result']) t.equal((await ask(app, path)).statusCode, 401);
  const url = (await submit(app, validRequest(), { ...ASYNC, ...key('mine') })).headers.location as string;
  await ended(app, url, key('second'));
  for (const path of [url, `${url}/result`]) {
    t.equal((await ask(app, path, key('second'))).statusCode, 200);
    t.equal((await ask(app, path, key('yours'))).statusCode, 404);
  }
  t.equal((await ask(app, url, key('yours'), 'DELETE')).statusCode, 404);
  t.strictSame((await ask(app, '/jobs', key('yours'))).json(), { jobs: [] });
});

/** Opens a stream of events. */
async function events(port: number, path: string): Promise<IncomingMessage> {
  const request = get({ port, host: '127.0.0.1', path, headers: { accept: 'text/event-stream' }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response.setEncoding('utf8');
}

async function textOf(stream: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

interface Listening {
  readonly app: FastifyInstance;
  readonly port: number;
  /** A job that does not end before the test. */
  readonly endless: string;
}

const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => Array(columns).fill(0.001));

/** A request that takes longer than the tests. */
const long = {
  network: { layers: Array.from({ length: 60 }, () => ({ weights: ones(200, 200) })) },
  batch: { inputs: ones(8000, 200), targets: ones(8000, 200) },
};

async function listen(t: Test): Promise<Listening> {
  const app = await startOwnApp(t, { MAX_QUEUE: '4' });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  return { app, port, endless: (await submit(app, long)).headers.location as string };
}

t.test('events: each state, and the end', async (t) => {
  const { app, port, endless } = await listen(t);
  const stream = await events(port, endless);
  t.match(stream.headers, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  const [first] = await once(stream, 'data');
  t.match(first, /^event: (queued|running)\ndata: \{"id":"[0-9a-f]{32}".*\}\n\n/);
  const rest = textOf(stream);
  t.equal((await ask(app, endless, {}, 'DELETE')).statusCode, 204);
  t.match(await rest, /event: removed\ndata: \{"id":"[0-9a-f]{32}"\}\n\n$/);

  const short = (await submit(app)).headers.location as string;
  await ended(app, short);
  const whole = await textOf(await events(port, short));
  t.match(whole, /^event: succeeded\ndata: \{.*\}\n\n$/);
  t.strictSame(JSON.parse(whole.split('data: ')[1]), (await ask(app, short)).json());
});

t.test('streams of events end when the service does, and are bounded', async (t) => {
  const { app, port, endless } = await listen(t);
  const streams = await Promise.all(Array.from({ length: 100 }, () => events(port, endless)));
  const refused = await events(port, endless);
  t.equal(refused.statusCode, 503);
  t.match(await textOf(refused), /streams of events: 100, as many as one client may have/);
  streams[0].destroy();
  const next = await freed(port, endless);
  t.equal(next.statusCode, 200);
  const texts = Promise.all([...streams.slice(1), next].map(textOf));
  await app.close();
  for (const text of await texts) t.notMatch(text, /removed|succeeded|failed/);
});

t.test('a job that is deleted while its client waits for the answer', async (t) => {
  const app = await startOwnApp(t);
  const jobs = async () => (await ask(app, '/jobs')).json().jobs;
  const removed = (async () => {
    let [job] = await jobs();
    while (!job) [job] = await jobs();
    return ask(app, `/jobs/${job.id}`, {}, 'DELETE');
  })();
  const waiting = await submit(app, long, { prefer: 'respond-async, wait=30' });
  t.equal((await removed).statusCode, 204);
  t.equal(waiting.statusCode, 404);
});

t.test('jobs that cannot be read at the start: the log says why, and requests are answered', async (t) => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    AWS_REGION: 'r',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  });
  const errors: string[] = [];
  const error = (_error: unknown, message: string) => void errors.push(message);
  const log = Object.assign(Object.create(silent), { error });
  const app = await buildApp(readConfig({ ENGINE, STORE: 's3://bucket/prefix' }), log);
  t.teardown(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.equal((await submit(app, validRequest(), {})).statusCode, 200);
  while (!errors.includes('the jobs that were interrupted could not be read')) await setImmediate();
  t.equal((await ask(app, '/jobs')).statusCode, 503);
});

/** A stream, as soon as there may be one more. */
async function freed(port: number, path: string): Promise<IncomingMessage> {
  for (;;) {
    const stream = await events(port, path);
    if (stream.statusCode === 200) return stream;
    await textOf(stream);
  }
}
