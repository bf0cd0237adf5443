// GET /mistakes and /mistakes/{name}: the catalogue as JSON and as pages.
import t from 'tap';
import { mistakes } from '../../schemas/mistake.ts';
import { startApp } from '../support/app.ts';

t.test('all mistakes', async (t) => {
  const app = await startApp();
  const response = await app.inject('/mistakes');
  t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', vary: 'accept, accept-language' });
  const listed = response.json().mistakes;
  t.strictSame(
    listed.map(({ mistake }: { mistake: string }) => mistake),
    Object.keys(mistakes),
  );
  t.ok(listed.length >= 40);
  const page = await app.inject({ url: '/mistakes', headers: { accept: 'text/html' } });
  for (const [name, { title }] of Object.entries(mistakes)) {
    t.match(page.body, `<a href="/mistakes/${name}"><code>${name}</code></a>`);
    t.match(page.body, title.replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll('&', '&'));
  }
});

t.test('each mistake', async (t) => {
  const app = await startApp();
  for (const [name, texts] of Object.entries(mistakes)) {
    t.strictSame((await app.inject(`/mistakes/${name}`)).json(), { mistake: name, ...texts });
    t.ok(
      Object.values(texts).every((text) => text.length > 0 && /^[\x20-\x7e]+$/.test(text)),
      name,
    );
    t.not(texts.wrong, texts.right, name);
  }
  const page = await app.inject({ url: '/mistakes/derivative-at-output', headers: { accept: 'text/html' } });
  t.match(page.body, '<pre>dZ = dA * dsigmoid(Z)</pre>');
  t.match(page.body, '<h2>How to recognise it</h2>');
});

t.test('an unknown mistake', async (t) => {
  const app = await startApp();
  for (const name of ['none', 'constructor', 'toString']) t.equal((await app.inject(`/mistakes/${name}`)).statusCode, 404);
});
