// A request as code in each language: what the code sends and prints, and how it reports problems.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { examples } from '../../schemas/examples.ts';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { asCode } from '../../src/page/code/as-code.ts';
import { literal } from '../../src/page/code/literal.ts';
import { en } from '../../src/page/text/en.ts';
import { gradients, startIdleApp } from '../support/app.ts';
import { type LanguageName, missing, type Outcome, runSource } from '../support/languages.ts';
import { arraysOf } from '../support/numbers.ts';

const request: GradientsRequest = examples.article.request;

/** The language that runs each client. */
const runners: Record<string, LanguageName> = {
  curl: 'shell',
  Python: 'python',
  JavaScript: 'javascript',
  R: 'r',
  Java: 'java',
  Go: 'go',
};

/** A request that fits no schema, with texts and numbers that languages could misread. */
const odd = {
  ...request,
  'quotes\' " ` """ \'\'\' and ends )" END */ ': [
    '\\',
    '\\u0041 \\n',
    '$(x) #{x} %s %d',
    '\u0000\t\r\n',
    'é 漢 😀 \ud800 \u2028',
  ],
  ['__proto__']: { hidden: true, no: false, nothing: null, empty: [], none: {} },
  numbers: [-0, 1e300, 5e-324, 0.1 + 0.2, 2 ** 65, -1e21],
};

/** Too large to be part of a program, but still fast. */
const large: GradientsRequest = {
  ...request,
  batch: { ...request.batch, inputs: [3, 4].map((x) => wide(x)), targets: [1, 2].map((y) => wide(y)) },
};

function wide(start: number): number[] {
  return Array.from({ length: 1000 }, (_, i) => start + Math.sin(i));
}

/** Writes a program and the file of its request, and runs the program. */
async function run(label: string, request: unknown, origin: string): Promise<Outcome> {
  const snippet = asCode(request as GradientsRequest, origin, en.code).find((each) => each.label === label);
  if (!snippet) throw new Error(`there is no code for ${label}`);
  const folder = await mkdtemp(join(tmpdir(), 'as-code-'));
  try {
    if (snippet.note) await writeFile(join(folder, 'request.json'), JSON.stringify(request));
    await writeFile(join(folder, snippet.file), snippet.text);
    return await runSource(runners[label], join(folder, snippet.file));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** All numbers that a program has printed, without the labels of layers, rows and columns. */
function printed(stdout: string): number[] {
  const values = stdout.replaceAll(/layer \d+|"divisor".*|\[\d*,\d*\]|^ *\[\d+\](?= +-?\d)/gm, '');
  return values.match(/-?\d[\d.e+-]*/gi)?.map(Number) ?? [];
}

function numbersOf({ loss, gradients }: GradientsAnswer): number[] {
  return [loss, ...arraysOf(gradients).flatMap(([, numbers]) => numbers)];
}

/** A service that records requests, and refuses them. */
async function startRefusal(t: Test) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(await text(request));
    const errors = [{ pointer: '/batch/inputs/1', detail: 'expected 2 values, got 3' }];
    response.writeHead(422, { 'Content-Type': 'application/problem+json' });
    response.end(JSON.stringify({ type: '/problems/x', title: 'Shapes do not fit', status: 422, detail: '1 problem', errors }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

t.test('clients', async (t) => {
  const app = await startIdleApp();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const answerToLarge = numbersOf(await gradients(app, large));
  const refusal = await startRefusal(t);
  t.strictSame(
    asCode(request, origin, en.code).map(({ label }) => label),
    [...Object.keys(runners), 'PyTorch'],
  );
  for (const [label, language] of Object.entries(runners)) {
    t.test(label, { skip: await missing(language) }, async (t) => {
      const { code, stdout, stderr } = await run(label, request, origin);
      t.strictSame([code, stderr], [0, ''], 'runs');
      t.strictSame(printed(stdout), numbersOf(examples.article.answer), "the article's numbers");

      const fromFile = await run(label, large, origin);
      t.equal(fromFile.code, 0, `with a large request: ${fromFile.stderr}`);
      t.strictSame(printed(fromFile.stdout), answerToLarge, 'the numbers of a large request');

      const refused = await run(label, odd, refusal.origin);
      t.strictSame(
        JSON.parse(refusal.bodies.pop() ?? ''),
        JSON.parse(JSON.stringify(odd)),
        'sends what it shall, to the last bit',
      );
      t.equal(refused.code === 0, false, 'ends with an error');
      for (const part of ['422', 'Shapes do not fit', '1 problem', '/batch/inputs/1', 'expected 2 values, got 3'])
        t.match(refused.stdout + refused.stderr, part);
    });
  }
});

t.test('literals of any value', async (t) => {
  const same = fc.property(
    fc.jsonValue({ maxDepth: 5 }),
    (value) => JSON.stringify(JSON.parse(literal(value))) === JSON.stringify(value),
  );
  t.doesNotThrow(() => fc.assert(same, { seed: 5, numRuns: 300 }));
});

t.test('an incomplete request', async (t) => {
  const labels = (request: unknown) => asCode(request as GradientsRequest, '', en.code).map(({ label }) => label);
  for (const unfinished of [{}, { network: {} }, { network: { layers: [null] }, batch: {} }, { network: { layers: [{}] } }])
    t.strictSame(labels(unfinished), Object.keys(runners), JSON.stringify(unfinished));
  const anything = fc.property(fc.jsonValue(), (value) => {
    const layer = { weights: value, activation: value };
    const parts = { network: { layers: [layer] }, batch: { inputs: value, targets: value, sample_weights: value }, loss: value };
    for (const unfinished of [parts, { ...parts, network: { layers: value } }, { ...parts, batch: value }]) labels(unfinished);
  });
  t.doesNotThrow(() => fc.assert(anything, { seed: 5, numRuns: 100 }));
  const misspelt = { ...request, network: { layers: [{ weights: [[1]], activation: 'tahn' }] }, loss: 'msee' };
  const [{ text }] = asCode(misspelt as GradientsRequest, '', en.code).slice(-1);
  t.match(text, 'activations = [F.tahn]');
  t.match(text, 'loss = F.msee(outputs, targets)');
});
