// The example programs: their output for the article, for an invalid request, and for a service that is busy or broken.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { examples } from '../../schemas/examples.ts';
import type { GradientsAnswer } from '../../schemas/gradients.ts';
import type { Finding } from '../../schemas/problem.ts';
import { launchBrowser, noBrowser } from '../page/browser.ts';
import type { Outcome } from '../support/languages.ts';
import { startService } from '../support/process.ts';
import { startFront, WAIT } from './front.ts';
import { browse, page, pageWith } from './pages.ts';
import { articles, run, skipped } from './programs.ts';

const KEY = 'the-key-of-the-examples';
const answer: GradientsAnswer = examples.article.answer;
/** Has three errors. */
const wrong = {
  network: { layers: [{ weights: [[1, 2]], biases: [1, 2] }] },
  batch: {
    inputs: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    targets: [[1], [2]],
  },
};
/** The same request as safetensors. */
const wrongTensors: [name: string, shape: number[], numbers: number[]][] = [
  ['network.layers.0.weights', [1, 2], [1, 2]],
  ['network.layers.0.biases', [2], [1, 2]],
  ['batch.inputs', [2, 3], [1, 2, 3, 4, 5, 6]],
  ['batch.targets', [2, 1], [1, 2]],
];

const folder = await mkdtemp(join(tmpdir(), 'examples-'));
t.teardown(() => rm(folder, { recursive: true }));
await writeFile(join(folder, 'wrong.json'), JSON.stringify(wrong));
await writeFile(join(folder, 'wrong.safetensors'), safetensors(wrongTensors));

const front = await startFront(t);
const origin = `http://127.0.0.1:${front.port}`;
/** The same address under another name: for a browser, a different origin. */
const pageOrigin = `http://localhost:${front.port}`;
const service = await startService({ environment: { API_KEYS: KEY, CORS_ORIGINS: pageOrigin } });
t.teardown(async () => {
  service.process.kill();
  await service.exit;
});
front.service = service.url;
const withKey = (page: string) => page.replace('name="key"', `name="key" value="${KEY}"`);
front.pages.set('article', withKey(page));
front.pages.set('wrong', withKey(pageWith(JSON.stringify(wrong))));

const response = await fetch(new URL('/gradients', service.url), {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
  body: JSON.stringify(wrong),
});
const said = (await response.json()) as { title: string; detail: string; errors?: Finding[] };
const skips = await Promise.all(articles.map(skipped));
const browser = noBrowser ? undefined : await launchBrowser();
t.teardown(() => browser?.close());
// Everything is started: from here on, tap waits only for the tests.
t.equal(said.errors?.length, 2, 'the wrong request has two errors');
const errors = (said.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`);
const explained = `${said.title}: ${said.detail}${errors.join('')}`;

// The tests run in parallel, since they mostly wait. Those with the longest compilation come first.
t.equal(articles.length, 14);
t.jobs = 4;
const slow = ['browser', 'java', 'go', 'rust'];
for (const program of articles.toSorted((a, b) => slow.indexOf(b.language) - slow.indexOf(a.language))) {
  const { file, language } = program;
  const name = file.replaceAll('/', '-');
  const isPage = language === 'browser';

  /** Runs the program with a front that is `busy`, `broken` or `straight`. */
  const visit = (path: string, request: 'article' | 'wrong'): Promise<Outcome> => {
    const url = `${origin}/${path}`;
    const retryTime = path.startsWith('broken') ? '0' : '60';
    if (browser && isPage) {
      const at = new URL(`/page/${request}`, pageOrigin);
      at.search = `${new URLSearchParams({ url, retryTime })}`;
      return browse(browser, at);
    }
    const wrongFile = join(folder, language === 'numpy' ? 'wrong.safetensors' : 'wrong.json');
    const environment = { GRADIENTS_API_KEY: KEY, GRADIENTS_RETRY_TIME: retryTime };
    return run(program, url, { args: request === 'wrong' ? [wrongFile] : [], environment });
  };
  /** Asserts that a program prints this text and fails; pages have no exit status. */
  const fails = (t: Test, { code, stdout, stderr }: Outcome, text: string) => {
    t.match(isPage ? stdout : stderr, text, 'it says why');
    t.notMatch(stdout, 'loss', 'it has no answer');
    if (!isPage) t.ok(code, 'it ends with another status than 0');
  };

  t.test(file, { buffered: true, skip: skips[articles.indexOf(program)] }, async (t) => {
    await t.test('the article, with a service that is busy at first', async (t) => {
      const { code, stdout, stderr } = await visit(`busy/${name}`, 'article');
      t.equal(code, 0, 'it succeeds', { stderr });
      // Octave sometimes gets the last digit of a number wrong.
      const digits = language === 'octave' ? 15 : 17;
      t.strictSame(answerOf(stdout, digits), rounded(answer, digits));
      const [first, second, ...more] = front.posted.get(`busy/${name}`) ?? [];
      t.equal(more.length, 0, 'it asked twice');
      t.ok(second - first > 1000 * WAIT - 100, `it waited as long as it was told to: ${second - first} ms`);
    });
    await t.test('an invalid request', async (t) => fails(t, await visit(`straight/${name}`, 'wrong'), explained));
    await t.test('a broken service', async (t) => {
      fails(t, await visit(`broken/${name}/503`, 'article'), 'answered 503');
      t.equal(front.posted.get(`broken/${name}`)?.length, 1, 'it does not try again after its retry time');
    });
  });
}

/** The numbers printed by a program, rounded, by the labels of the lines. */
function answerOf(stdout: string, digits: number): Record<string, string[]> {
  const lines = [...stdout.matchAll(/^(loss|layer \d+ \w+): (.*)$/gm)];
  return Object.fromEntries(
    lines.map(([, label, values]) => [label, (values.match(/-?[\d.]+(e[-+]\d+)?/g) ?? []).map((text) => round(text, digits))]),
  );
}

/** The same numbers, from an answer. */
function rounded({ loss, gradients }: GradientsAnswer, digits: number): Record<string, string[]> {
  const arrays = gradients.flatMap((layer, number) =>
    Object.entries(layer).map(([name, values]) => [`layer ${number} ${name}`, values.flat()] as const),
  );
  const all = [['loss', [loss]] as const, ...arrays];
  return Object.fromEntries(all.map(([label, values]) => [label, values.map((value) => round(value, digits))]));
}

const round = (value: number | string, digits: number) => Number(value).toPrecision(digits);

/** A file of tensors, with "{}" as the rest of the request. */
function safetensors(tensors: readonly [name: string, shape: number[], numbers: number[]][]): Buffer {
  let end = 0;
  const entries = tensors.map(([name, shape, numbers]) => {
    const data_offsets = [end, end + 8 * numbers.length];
    end = data_offsets[1];
    return [name, { dtype: 'F64', shape, data_offsets }];
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.from(new Float64Array(tensors.flatMap(([, , numbers]) => numbers)).buffer)]);
}
