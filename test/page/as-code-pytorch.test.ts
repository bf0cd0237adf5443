// The generated PyTorch code, run by PyTorch: its results agree with the service for every activation, loss and reduction.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { activations } from '../../schemas/activation.ts';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { losses } from '../../schemas/loss.ts';
import { asCode } from '../../src/page/code/as-code.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { en } from '../../src/page/text/en.ts';
import { gradients, startIdleApp } from '../support/app.ts';
import { findPython, runCommand } from '../support/languages.ts';
import { sameNumbers } from '../support/numbers.ts';
import { scalesOf } from '../support/scales.ts';

interface Case {
  readonly name: string;
  readonly request: GradientsRequest;
  readonly expected: Pick<GradientsAnswer, 'loss' | 'gradients'>;
}

/** A weight for each sample, or each class. */
const WEIGHTS = Array.from({ length: 30 }, (_, i) => 1 + (i % 4));

const found = await findPython('import torch; print(torch.__version__)');
const python = found?.python;
/** Cases in which PyTorch 1 differs from PyTorch 2, whose derivatives at kinks the service has (2.15). */
const changed = /hardswish'}|'beta': 0\.0/;
const isOld = found?.stdout.startsWith('1.');
const reason = 'there is no PyTorch here: apt-get install python3-torch';

/** Runs all programs in one process, each in its folder: loading PyTorch takes seconds. */
const runAll = `
import contextlib, io, json, os, runpy, sys
printed = []
for folder in sys.argv[1:]:
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runpy.run_path("gradients_pytorch.py")
    printed.append(out.getvalue())
print(json.dumps(printed))
`;

/** Asserts that PyTorch prints the expected values of each case. */
async function compare(t: Test, app: FastifyInstance, cases: Case[]): Promise<void> {
  const printed = await runPytorch(cases.map(({ request }) => request));
  t.equal(printed.length, cases.length);
  for (const [i, { name, request, expected }] of cases.entries()) {
    const { loss, gradients } = expected;
    sameNumbers(t, parsed(printed[i]), { loss, gradients }, name, { scales: await scalesOf(app, request) });
  }
}

/** The output of the code for each request. */
async function runPytorch(requests: GradientsRequest[]): Promise<string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'pytorch-'));
  try {
    const folders = requests.map((_, i) => join(scratch, `${i}`));
    for (const [i, request] of requests.entries()) {
      const snippet = asCode(request, 'http://127.0.0.1', en.code).find(({ label }) => label === 'PyTorch');
      await mkdir(folders[i]);
      if (snippet?.note) await writeFile(join(folders[i], 'request.json'), JSON.stringify(request));
      await writeFile(join(folders[i], 'gradients_pytorch.py'), snippet?.text ?? '');
    }
    const { code, stdout, stderr } = await runCommand([python ?? '', '-W', 'error', '-c', runAll, ...folders]);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** The loss and the gradients in the output of a program. */
function parsed(text: string): unknown {
  const gradients: Record<string, unknown>[] = [];
  for (const [, k, name, values] of text.matchAll(/^layer (\d+) (\w+) (.*)$/gm)) {
    gradients[Number(k)] ??= {};
    gradients[Number(k)][name] = JSON.parse(values);
  }
  return { loss: Number(/^loss (.*)$/m.exec(text)?.[1]), gradients };
}

function nameOf(spec: unknown): unknown {
  return spec instanceof Object && 'type' in spec ? spec.type : spec;
}

const folder = new URL('../vectors/', import.meta.url);
const vectors: Case[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')));

t.test('every vector', { skip: !python && reason }, async (t) => {
  const used = (of: (request: GradientsRequest) => unknown[]) =>
    new Set(vectors.flatMap(({ request }) => of(request)).map(nameOf));
  t.strictSame(
    used(({ network }) => network.layers.map(({ activation }) => activation ?? 'identity')),
    new Set(Object.keys(activations)),
  );
  t.strictSame(
    used(({ loss = 'mse' }) => [loss]),
    new Set(Object.keys(losses)),
  );
  const reductions = used(({ loss }) => [loss instanceof Object ? loss.reduction : undefined]);
  t.strictSame(reductions, new Set([undefined, 'mean', 'sum', 'batchmean']));
  await compare(
    t,
    await startIdleApp(),
    vectors.filter(({ name }) => !isOld || !changed.test(name)),
  );
});

t.test('requests that the page offers, and requests read from a file', { skip: !python && reason }, async (t) => {
  const app = await startIdleApp();
  const requests: Record<string, GradientsRequest> = {
    ...Object.fromEntries(pageExamples.map(({ name, request }) => [name, request])),
    'large, with class weights': wide({ type: 'cross_entropy', weight: WEIGHTS, ignore_index: 3 }, [...WEIGHTS.keys()]),
    classes: {
      network: {
        layers: [
          {
            weights: [
              [1, 2],
              [-1, 0.5],
              [0, 1],
            ],
          },
        ],
      },
      batch: {
        inputs: [
          [1, -1],
          [2, 0.5],
        ],
        classes: [2, 0],
      },
      loss: 'cross_entropy',
    },
    'large, with pos_weight': wide(
      { type: 'binary_cross_entropy_with_logits', pos_weight: WEIGHTS },
      WEIGHTS.map(() => WEIGHTS.map((weight) => weight / 4)),
    ),
  };
  const cases: Case[] = [];
  for (const [name, request] of Object.entries(requests)) cases.push({ name, request, expected: await gradients(app, request) });
  await compare(t, app, cases);
});

/** A request with 40 inputs, 30 outputs and 30 samples, too long to be part of a program. */
function wide(loss: GradientsRequest['loss'], targets: number[] | number[][]): GradientsRequest {
  const matrix = (rows: number, columns: number) =>
    Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(columns * i + j)));
  return {
    network: { layers: [{ weights: matrix(30, 40) }] },
    batch: { inputs: matrix(30, 40), targets, sample_weights: WEIGHTS },
    ...(loss && { loss }),
  };
}
