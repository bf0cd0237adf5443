// Adding an operation to the registry is enough for its route, media types, threads, limits, documentation and metrics.
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { ENGINE } from '../support/app.ts';
import { fileOf, read, SAFETENSORS } from '../support/safetensors-file.ts';
import { gram } from './second-operation.ts';

const registry = new URL('second-operation.ts', import.meta.url);

async function start(t: Test, environment: Record<string, string> = {}): Promise<FastifyInstance> {
  const app = await buildApp(readConfig({ ENGINE, ...environment }), undefined, registry);
  t.teardown(() => app.close());
  return app;
}

const ask = (app: FastifyInstance, body: object | Buffer, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/gram',
    headers: { 'content-type': Buffer.isBuffer(body) ? SAFETENSORS : 'application/json', ...headers },
    payload: Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });

const { request, answer } = gram.examples.two as { request: object; answer: { gram: number[][] } };

t.test('in JSON, with samples in rows and in columns', async (t) => {
  const app = await start(t);
  const response = await ask(app, request);
  t.equal(response.headers['content-type'], 'application/json');
  t.strictSame(response.json(), answer);
  const turned = {
    gram: [
      [10, 14],
      [14, 20],
    ],
  };
  t.strictSame((await ask(app, { ...request, samples: 'columns' })).json(), turned);
  t.equal(
    (await app.inject({ method: 'POST', url: '/gradients', payload: '{', headers: { 'content-type': 'application/json' } }))
      .statusCode,
    400,
  );
});

t.test('in safetensors, in the dtype of its weights', async (t) => {
  const app = await start(t);
  for (const dtype of ['F64', 'F32'] as const) {
    const file = fileOf(request, dtype);
    const response = await ask(app, file, { accept: SAFETENSORS });
    t.equal(response.headers['content-type'], SAFETENSORS);
    t.strictSame(read(response.rawPayload), { dtypes: new Set([dtype]), tensors: new Map([['gram', answer.gram]]) }, dtype);
  }
});

t.test('in a thread, if it costs too much for the event loop', async (t) => {
  const app = await start(t);
  await app.readiness.started;
  const rows = 600;
  const weights = Array.from({ length: rows }, (_, i) => Array.from({ length: 40 }, (_, j) => (i * 40 + j) % 7));
  const response = await ask(app, { weights });
  t.equal(response.statusCode, 200);
  const expected = weights.map((a) => weights.map((b) => a.reduce((sum, value, j) => sum + value * b[j], 0)));
  t.strictSame(response.json(), { gram: expected });
  const { body } = await app.inject({ url: '/metrics' });
  t.match(body, /^gradients_phase_duration_seconds_count\{phase="queue"\} 1$/m, 'it waited for a thread');
});

t.test('refused like any other: invalid keys, shapes, limits', async (t) => {
  const app = await start(t, { MAX_FLOPS: '15' });
  const refusal = async (body: object) => {
    const { type, errors } = (await ask(app, body)).json();
    return [type, errors[0].pointer];
  };
  t.strictSame(await refusal({}), ['/problems/invalid-request', '/weights']);
  t.strictSame(await refusal({ ...request, weight: 1 }), ['/problems/invalid-request', '/weight']);
  t.strictSame(await refusal({ weights: [[1, '2']] }), ['/problems/invalid-request', '/weights/0/1']);
  t.strictSame(await refusal(request), ['/problems/too-many-operations', '/weights']);
  t.equal((await ask(app, request, { accept: 'text/csv' })).statusCode, 406);
  t.equal((await app.inject({ url: '/gram' })).headers.allow, 'POST');
});

t.test('in the documentation, on the page and in the metrics', async (t) => {
  const app = await start(t);
  const { paths, components } = (await app.inject({ url: '/openapi.json' })).json();
  const { post } = paths['/gram'];
  t.match(post, { operationId: 'gram', summary: gram.summary });
  t.strictSame(Object.keys(post.requestBody.content), ['application/json', SAFETENSORS]);
  t.match(post.requestBody.content['application/json'], {
    schema: { $ref: '#/components/schemas/GramRequest' },
    examples: { two: { value: request } },
  });
  t.match(post.responses[200].content['application/json'], {
    schema: { $ref: '#/components/schemas/GramAnswer' },
    examples: { two: { value: answer } },
  });
  const others = Object.keys(paths['/gradients'].post.responses).filter((status) => status !== '202');
  t.strictSame(Object.keys(post.responses), others, 'the same refusals, but no jobs');
  t.strictSame(components.schemas.GramRequest.required, ['weights']);
  t.match((await app.inject({ url: '/' })).json().routes, { 'POST /gram': gram.summary });
  await ask(app, request);
  const { body } = await app.inject({ url: '/metrics' });
  t.match(body, /^http_requests_total\{method="POST",route="\/gram",status="200"\} 1$/m);
});
