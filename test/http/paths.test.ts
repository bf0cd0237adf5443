// Paths that are almost right, and preflights without CORS_ORIGINS: what the errors say.
import t from 'tap';
import { startApp } from '../support/app.ts';

t.test('a path that is almost right: the error says which path there is', async (t) => {
  const app = await startApp();
  const meant: Record<string, string | undefined> = {
    '/gradients/': '/gradients',
    '/gradients//?a=/metrics': '/gradients',
    '//gradients': '/gradients',
    '/Gradients': '/gradients',
    '/gradient': '/gradients',
    '/api/v1/gradients': '/gradients',
    '/livez/': '/livez',
    '/v1/metric': '/metrics',
    '/openapi.json/': '/openapi.json',
    '/problems/not-found/': '/problems/not-found',
    '/problems/unknown': undefined,
    '/nothing': undefined,
    '/gradients/nothing': undefined,
    '/health?/gradients': undefined,
    '/%zz/gradients': '/gradients',
  };
  for (const [url, path] of Object.entries(meant)) {
    const method = url.startsWith('/problems') ? 'GET' : 'POST';
    const { status, detail } = (
      await app.inject({ method, url, headers: { 'content-type': 'application/json' }, payload: '{}' })
    ).json();
    t.equal(status, 404, url);
    t.equal(detail, `there is nothing at ${url}${path ? `: the path is ${path}` : ''}`);
  }
});

t.test('a preflight without CORS_ORIGINS names the setting; another OPTIONS does not', async (t) => {
  const app = await startApp();
  const options = async (headers: Record<string, string>) => {
    const response = await app.inject({ method: 'OPTIONS', url: '/gradients', headers });
    t.equal(response.statusCode, 405);
    t.equal(response.headers.allow, 'POST');
    return response.json().detail;
  };
  const origin = 'http://localhost:5173';
  t.equal(
    await options({ origin, 'access-control-request-method': 'POST' }),
    `expected POST, got OPTIONS: this is a CORS preflight, and pages of ${origin} may not use this service; its operator can allow them by CORS_ORIGINS`,
  );
  t.equal(await options({ origin }), 'expected POST, got OPTIONS');
  t.equal(await options({ 'access-control-request-method': 'POST' }), 'expected POST, got OPTIONS');
  const get = await app.inject({ url: '/gradients', headers: { origin, 'access-control-request-method': 'POST' } });
  t.equal(get.json().detail, 'expected POST, got GET');
});
