// What the README shows is what happens: its curl, its answer, its error.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { examples } from '../schemas/examples.ts';
import { post, startApp, validRequest } from './helper.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

t.test('the curl and its answer', async (t) => {
  const app = await startApp(t);
  const [, body] = /curl [^']*'[^']*'[^']*'(\{.*?\})'/s.exec(readme) ?? [];
  t.strictSame(JSON.parse(body), examples.article.request);
  const [, answer] = /```json\n(\{"loss".*?)\n```/s.exec(readme) ?? [];
  t.equal((await post(app, body)).body, answer);
});

t.test('the error', async (t) => {
  const app = await startApp(t);
  const request = validRequest();
  request.batch.inputs[1] = [1, 2, 3];
  const [, answer] = /```json\n(\{"type".*?)\n```/s.exec(readme) ?? [];
  t.equal((await post(app, request)).body, answer);
});
