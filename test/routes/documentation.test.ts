// The documentation: GET /, /openapi.json, /docs and /problems/{type}.
import type { TSchema } from '@sinclair/typebox';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { buildPage } from '../../deploy/page.ts';
import { activations } from '../../schemas/activation.ts';
import { examples } from '../../schemas/examples.ts';
import { losses } from '../../schemas/loss.ts';
import { type ProblemType, problems } from '../../schemas/problem.ts';
import { problemExamples } from '../../schemas/problem-examples.ts';
import type { Declarations } from '../../schemas/variant.ts';
import { problemOf } from '../../src/http/problems.ts';
import { post, startApp, startOwnApp } from '../support/app.ts';

t.test('OpenAPI 3.1, generated from the schemas', async (t) => {
  const app = await startApp();
  const response = await app.inject({ url: '/openapi.json' });
  const { openapi, paths, components } = response.json();
  t.equal(openapi, '3.1.0');
  t.strictSame(Object.keys(paths).toSorted(), [
    '/',
    '/check',
    '/datasets',
    '/datasets/{name}',
    '/gradients',
    '/hessian',
    '/hvp',
    '/jacobian',
    '/jobs',
    '/jobs/{id}',
    '/jobs/{id}/result',
    '/jvp',
    '/livez',
    '/metrics',
    '/mistakes',
    '/mistakes/{name}',
    '/openapi.json',
    '/problems/{type}',
    '/readyz',
    '/vjp',
  ]);
  const { requestBody, responses } = paths['/gradients'].post;
  t.strictSame(Object.keys(responses), [
    '200',
    '202',
    '400',
    '401',
    '406',
    '408',
    '409',
    '413',
    '415',
    '422',
    '429',
    '431',
    '500',
    '503',
    '504',
  ]);

  t.strictSame(Object.keys(components.securitySchemes), ['bearer', 'header']);
  for (const { security } of [paths['/gradients'].post, paths['/metrics'].get])
    t.strictSame(security, [{}, { bearer: [] }, { header: [] }]);
  t.notOk('security' in paths['/livez'].get);

  const request = requestBody.content['application/json'];
  const named = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const { schemas } = components;
  t.strictSame(request.schema, named('GradientsRequest'));
  t.strictSame(responses[200].content['application/json'].schema, named('GradientsAnswer'));
  t.strictSame(schemas.Layer.properties.activation, { anyOf: [{ type: 'null' }, named('Activation')] });
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const [choice, declared] of Object.entries<Declarations>({ Activation: activations, Loss: losses })) {
    t.strictSame(schemas[choice].oneOf, [{ type: 'string', enum: Object.keys(declared) }, named(`${choice}WithOptions`)]);
    t.strictSame(schemas[`${choice}Name`].enum, Object.keys(declared));
    for (const { formula } of Object.values(declared)) t.match(schemas[`${choice}Name`].description, formula);
    const { properties, required, additionalProperties } = schemas[`${choice}WithOptions`];
    t.strictSame(properties.type, named(`${choice}Name`));
    t.strictSame([required, additionalProperties], [['type'], false]);
    const accepts = (value: object) => ajv.validate({ $ref: `#/components/schemas/${choice}`, components }, value);
    const examples: Record<string, unknown> = { number: 0.5, integer: 1, boolean: true, array: [1], string: 'tanh' };
    const options = Object.values(declared).flatMap(({ options }) => Object.entries<TSchema>(options));
    for (const [name, { options: own }] of Object.entries(declared)) {
      t.ok(accepts({ type: name }), name);
      for (const [option, { type }] of options)
        t.equal(accepts({ type: name, [option]: examples[type] }), Object.hasOwn(own, option), `${name} with ${option}`);
    }
    for (const option of Object.values<Record<string, unknown>>(properties))
      t.notOk('default' in option, 'generated clients would send it');
    t.notOk(accepts({ type: Object.keys(declared)[0], other: 1 }));
  }
  const { properties, dependentSchemas } = schemas.ActivationWithOptions;
  t.strictSame(properties.alpha, {
    type: 'number',
    format: 'double',
    description:
      'of elu: -alpha is the limit for very negative x, in units of the output; by default 1. ' +
      'of celu: -alpha is the limit for very negative x, in units of x; by default 1',
  });
  t.match(dependentSchemas.alpha.anyOf[1].properties, { type: { enum: ['celu'] }, alpha: { exclusiveMinimum: 0, default: 1 } });
  t.match(schemas.LossWithOptions.properties, {
    reduction: named('Reduction'),
    ignore_index: { type: 'integer', format: 'int64' },
  });
  for (const [name, { title }] of Object.entries<{ title: string }>(schemas)) t.equal(title, name);

  for (const [name, { summary, request: sent, answer }] of Object.entries(examples)) {
    t.strictSame(request.examples[name], { summary, value: sent }, `${name}: the request`);
    t.strictSame(responses[200].content['application/json'].examples[name], { summary, value: answer }, `${name}: the answer`);
  }
  const { put, get, delete: remove } = paths['/datasets/{name}'];
  t.strictSame(Object.keys(put.responses), [
    ...['200', '201', '400', '401', '403', '408', '412', '413', '415', '422', '429', '431', '500', '503', '507'],
  ]);
  t.strictSame(Object.keys(get.responses), ['200', '304', '400', '401', '404', '412', '429', '431', '500', '503']);
  t.strictSame(Object.keys(remove.responses), ['204', '400', '401', '404', '412', '429', '431', '500', '503']);
  t.strictSame(Object.keys(put.requestBody.content), ['application/json', 'application/vnd.safetensors', 'text/csv']);
  t.strictSame(put.requestBody.content['application/json'].schema, {
    anyOf: [named('DatasetArrays'), named('SafetensorsReference'), named('NpyReferences')],
  });
  for (const status of ['200', '201'])
    t.strictSame(put.responses[status].content['application/json'].schema, named('DatasetDescription'));
  t.strictSame(
    put.parameters.map((parameter: { in: string; name: string }) => `${parameter.in} ${parameter.name}`),
    ['query targets', 'query classes', 'path name', 'header If-Match', 'header If-None-Match'],
  );

  const result = paths['/jobs/{id}/result'].get;
  t.strictSame(Object.keys(result.responses), ['200', '401', '404', '406', '409', '422', '429', '431', '500', '503']);
  const events = paths['/jobs/{id}'].get.responses[200].content;
  t.strictSame(Object.keys(events), ['application/json', 'text/event-stream']);
  t.strictSame(events['application/json'].schema, named('Job'));
  t.strictSame(responses[202].content['application/json'].schema, named('Job'));

  const statuses = new Set([responses, put.responses, get.responses, result.responses].flatMap((some) => Object.keys(some)));
  const types = [...statuses].flatMap((status) => {
    const { enum: names } = schemas[`Problem${status}`]?.properties.type ?? {};
    return names ?? [];
  });
  t.strictSame(
    new Set(types),
    new Set(
      Object.keys(problems)
        .filter((type) => type !== 'method-not-allowed')
        .map((type) => `/problems/${type}`),
    ),
  );
});

t.test('/docs loads nothing from other hosts', async (t) => {
  const app = await startApp();
  const page = await app.inject({ url: '/docs' });
  t.equal(page.statusCode, 200);
  t.match(page.headers['content-type'], 'text/html');
  t.equal(page.headers['content-security-policy'], "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'");
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
  t.ok(assets.length >= 5, `${assets.length} assets`);
  for (const url of assets) {
    t.match(url, /^\/docs\/static\//);
    t.equal((await app.inject({ url })).statusCode, 200, url);
  }
  t.strictSame((await app.inject({ url: '/docs/json' })).json(), (await app.inject({ url: '/openapi.json' })).json());
});

t.test('a path outside the folder of the documentation is not found', async (t) => {
  const app = await startApp();
  for (const url of ['/docs/static/%2e%2e/%2e%2e/package.json', '/docs/static/..%5c..%5cpackage.json']) {
    const response = await app.inject({ url });
    t.equal(response.statusCode, 404, url);
    t.match(response.json(), { type: '/problems/not-found' });
  }
});

t.test('GET /, as JSON and as a page', async (t) => {
  await buildPage();
  const app = await startApp();
  await app.readiness.started;
  const home = (await app.inject({ url: '/', headers: { host: 'example.org:3000' } })).json();
  t.match(home, {
    name: 'gradient-service',
    routes: { 'POST /gradients': /gradients/ },
    example: /^curl http:\/\/example\.org:3000\/gradients /,
  });
  const body = /-d '(.*)'$/.exec(home.example)?.[1] as string;
  t.strictSame(JSON.parse(body), examples.article.request);
  const statuses: Record<string, number> = {
    'PUT /datasets/{name}': 415,
    'GET /datasets/{name}': 404,
    'DELETE /datasets/{name}': 404,
    'GET /jobs/{id}': 404,
    'GET /jobs/{id}/result': 404,
    'DELETE /jobs/{id}': 404,
  };
  for (const route of Object.keys(home.routes)) {
    const [method, url] = route
      .replace('{type}', 'internal')
      .replace('mistakes/{name}', 'mistakes/sign-reversed')
      .replace('{name}', 'digits')
      .replace('{id}', '0')
      .split(' ');
    const response = await app.inject({ method: method as 'GET', url });
    t.equal(response.statusCode, statuses[route] ?? (method === 'GET' ? 200 : 400), route);
  }
  const page = await app.inject({
    url: '/',
    headers: { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' },
  });
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  const preferred = await app.inject({ url: '/', headers: { accept: 'application/json; q=0.5, text/html; q=0.9' } });
  t.equal(preferred.headers['content-type'], 'text/html; charset=utf-8');
  t.match(page.body, 'gradient-service');
  for (const [route, meaning] of Object.entries<string>(home.routes)) {
    t.match(page.body, `${route}<`);
    t.match(page.body, `<td>${meaning}</td>`);
  }
  t.match(page.headers.vary, /^accept\b/);
});

t.test('GET /problems/{type}, for every type', async (t) => {
  const app = await startApp();
  for (const [type, problem] of Object.entries(problems)) {
    const url = `/problems/${type}`;
    t.strictSame((await app.inject({ url })).json(), { type: url, ...problem });
    const page = await app.inject({ url, headers: { accept: 'text/html' } });
    t.match(page.body, `<h1>${problem.title}</h1>`);
    t.match(page.body, problem.meaning.replaceAll('"', '&quot;'));
  }
});

t.test('the examples of problems agree with the service', async (t) => {
  const request = { network: { layers: [{ weights: [[0.5, -0.25]] }] }, batch: { inputs: [[1, 2]], targets: [[1]] } };
  const { network, batch } = request;
  const sent: [type: ProblemType, body: object | string, headers?: Record<string, string>][] = [
    ['malformed-body', '{"network": {"layers": [}'],
    ['invalid-request', { network, batch: { inputs: batch.inputs, target: batch.targets } }],
    ['not-acceptable', request, { accept: 'text/csv' }],
    ['unsupported-media-type', request, { 'content-type': 'text/csv' }],
    ['unknown-dataset', { network, batch: { dataset: 'digits' } }],
    ['shape-mismatch', { network, batch: { ...batch, inputs: [[1, 2, 3]] } }],
    ['out-of-domain', { network, batch: { ...batch, targets: [[2]] }, loss: 'binary_cross_entropy_with_logits' }],
    ['non-finite-result', { network: { layers: [{ weights: [[1000, 0]], activation: 'exp' }] }, batch }],
  ];
  const app = await startApp();
  for (const [type, body, headers] of sent) {
    const response = await post(app, body, headers);
    t.strictSame(response.json(), problemOf(type, problemExamples[type]));
  }
  const put = (url: string, body: object, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'PUT',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify(body),
    });
  t.equal((await put('/datasets/digits', batch)).statusCode, 201);
  const answers: [type: ProblemType, response: Promise<{ json(): unknown }>][] = [
    ['place-not-allowed', put('/datasets/elsewhere', { url: 'file:///etc/passwd' })],
    ['precondition-failed', put('/datasets/digits', batch, { 'if-none-match': '*' })],
    ['not-found', app.inject({ url: '/problems/unknown' })],
    ['method-not-allowed', app.inject({ url: '/gradients' })],
  ];
  for (const [type, response] of answers) t.strictSame((await response).json(), problemOf(type, problemExamples[type]), type);
  const asJob = { prefer: 'respond-async', 'idempotency-key': 'one' };
  const busy = await startOwnApp(t, { MAX_JOBS: '1' });
  t.equal((await post(busy, request, asJob)).statusCode, 202);
  t.strictSame(
    (await post(busy, { ...request, loss: 'l1' }, asJob)).json(),
    problemOf('idempotency-key-reused', problemExamples['idempotency-key-reused']),
  );
  const tooMany = problemExamples['too-many-jobs'].detail.replace('100', '1');
  t.strictSame((await post(busy, request, { prefer: 'respond-async' })).json(), problemOf('too-many-jobs', { detail: tooMany }));
  t.strictSame(
    (await post(app, { ...request, include: ['outputs'] }, { prefer: 'respond-async' })).json(),
    problemOf('not-additive', problemExamples['not-additive']),
  );
  const full = await startOwnApp(t, { STORE_LIMIT: '8' });
  const response = await full.inject({
    method: 'PUT',
    url: '/datasets/digits',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(batch),
  });
  const { detail } = problemExamples['storage-full'];
  t.strictSame(response.json(), problemOf('storage-full', { detail: detail.replace('68719476736', '8') }));
});
