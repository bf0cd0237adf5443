// What explains the service: GET /, /openapi.json, /docs and /problems/{type}.
import t from 'tap';
import { activations } from '../../schemas/activation.ts';
import { examples } from '../../schemas/examples.ts';
import { losses } from '../../schemas/loss.ts';
import { problems } from '../../schemas/problem.ts';
import { startApp } from '../helper.ts';

t.test('OpenAPI 3.1, made from the schemas', async (t) => {
  const app = await startApp(t);
  const response = await app.inject({ url: '/openapi.json' });
  const { openapi, paths, components } = response.json();
  t.equal(openapi, '3.1.0');
  t.strictSame(Object.keys(paths).toSorted(), [
    '/',
    '/gradients',
    '/livez',
    '/metrics',
    '/openapi.json',
    '/problems/{type}',
    '/readyz',
  ]);
  const { requestBody, responses } = paths['/gradients'].post;
  t.strictSame(Object.keys(responses), ['200', '400', '401', '406', '408', '413', '415', '422', '429', '500', '503', '504']);

  t.strictSame(Object.keys(components.securitySchemes), ['bearer', 'header']);
  for (const { security } of [paths['/gradients'].post, paths['/metrics'].get])
    t.strictSame(security, [{}, { bearer: [] }, { header: [] }]);
  t.notOk('security' in paths['/livez'].get);

  const request = requestBody.content['application/json'];
  const layer = request.schema.properties.network.properties.layers.items.properties;
  const [none, activation] = layer.activation.anyOf;
  t.strictSame(none, { type: 'null' });
  t.strictSame(activation.enum, Object.keys(activations));
  for (const { formula } of Object.values(activations)) t.match(activation.description, formula);
  const [loss] = request.schema.properties.loss.anyOf;
  t.strictSame(loss.enum, Object.keys(losses));
  for (const { formula } of Object.values(losses)) t.match(loss.description, formula);
  const elu = layer.activation.anyOf.find(({ title }: { title?: string }) => title === 'elu');
  t.match(elu.properties, { type: { enum: ['elu'] }, alpha: { type: 'number', default: 1 } });
  t.equal(elu.additionalProperties, false);

  for (const [name, { summary, request: sent, answer }] of Object.entries(examples)) {
    t.strictSame(request.examples[name], { summary, value: sent }, `${name}: the request`);
    t.strictSame(responses[200].content['application/json'].examples[name], { summary, value: answer }, `${name}: the answer`);
  }
  const types = Object.values(responses).flatMap(
    (one) =>
      (one as { content: Record<string, { schema: { properties: { type: { enum: string[] } } } }> }).content[
        'application/problem+json'
      ]?.schema.properties.type.enum ?? [],
  );
  t.strictSame(
    new Set(types),
    new Set(
      Object.keys(problems)
        .filter((type) => !/not-found|method-not-allowed|headers-too-large/.test(type))
        .map((type) => `/problems/${type}`),
    ),
  );
});

t.test('/docs, with nothing from outside', async (t) => {
  const app = await startApp(t);
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

t.test('a path out of the folder of the documentation is not found', async (t) => {
  const app = await startApp(t);
  for (const url of ['/docs/static/%2e%2e/%2e%2e/package.json', '/docs/static/..%5c..%5cpackage.json']) {
    const response = await app.inject({ url });
    t.equal(response.statusCode, 404, url);
    t.match(response.json(), { type: '/problems/not-found' });
  }
});

t.test('GET /, as JSON and as a page', async (t) => {
  const app = await startApp(t);
  await app.readiness.started;
  const home = (await app.inject({ url: '/', headers: { host: 'example.org:3000' } })).json();
  t.match(home, {
    name: 'gradient-service',
    routes: { 'POST /gradients': /gradients/ },
    example: /^curl http:\/\/example\.org:3000\/gradients /,
  });
  const body = /-d '(.*)'$/.exec(home.example)?.[1] as string;
  t.strictSame(JSON.parse(body), examples.article.request);
  for (const route of Object.keys(home.routes)) {
    const [method, url] = route.replace('{type}', 'internal').split(' ');
    const response = await app.inject({ method: method as 'GET', url });
    t.equal(response.statusCode, method === 'GET' ? 200 : 400, route);
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
  const app = await startApp(t);
  for (const [type, problem] of Object.entries(problems)) {
    const url = `/problems/${type}`;
    t.strictSame((await app.inject({ url })).json(), { type: url, ...problem });
    const page = await app.inject({ url, headers: { accept: 'text/html' } });
    t.match(page.body, `<h1>${problem.title}</h1>`);
    t.match(page.body, problem.meaning.replaceAll('"', '&quot;'));
  }
});
