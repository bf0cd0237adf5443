// What the README shows is what happens: its curl, its answer, its examples.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import t from 'tap';
import { examples } from '../schemas/examples.ts';
import { post, startApp, validRequest } from './helper.ts';

const run = promisify(execFile);
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

t.test('the examples', async (t) => {
  const app = await startApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  // While its threads multiply nothing: see the test of safetensors.
  await app.readiness.started;
  const python = await run('python3', ['--version']).catch(() => undefined);
  const expected = examples.article.answer;
  const clients: [command: string, file: string, skip: string | false][] = [
    [process.execPath, 'gradients.mjs', false],
    ['python3', 'gradients.py', !python && 'there is no python3 here'],
  ];
  for (const [command, file, skip] of clients) {
    t.test(file, { skip }, async (t) => {
      const path = new URL(`../examples/${file}`, import.meta.url).pathname;
      const { stdout } = await run(command, [path, url]);
      const [loss, ...biases] = stdout.match(/-?[\d.]+/g)?.map(Number) ?? [];
      t.equal(loss, expected.loss);
      t.strictSame(biases, expected.gradients[2].biases);
    });
  }
});
