// The steps of jobs in the loop of a thread, run on the main thread: what they compute, refuse and reserve.
import { EventEmitter } from 'node:events';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.ts';
import { PoolRunner } from '../../src/jobs/pool-runner.ts';
import { loadEngine } from '../../src/linalg/engines.ts';
import { Answerer } from '../../src/operations/answer.ts';
import { type Data, pointingAtDataset } from '../../src/operations/data.ts';
import { limitsOf } from '../../src/operations/limits.ts';
import type { StepTask } from '../../src/operations/steps.ts';
import { Budget, shareBudget } from '../../src/pool/budget.ts';
import type { FromThread, Outcome } from '../../src/pool/messages.ts';
import type { Pool } from '../../src/pool/pool.ts';
import { serve } from '../../src/pool/serve.ts';
import { Refusal } from '../../src/refusal.ts';
import { registry, taskOf } from '../pool/tasks.ts';
import { safetensors, startCatalog, upload } from '../store/catalog.ts';
import { wave } from '../support/numbers.ts';
import { FEATURES, matrix, network, planOf, refusalOf, requestOf, runJob } from './requests.ts';

const SAMPLES = 5000;

const limits = limitsOf(readConfig({ JOB_MAX_FLOPS: '100000000' }));
const budget = shareBudget(2 ** 30, 2);
const said: FromThread[] = [];
const port = Object.assign(new EventEmitter(), { postMessage: (message: FromThread) => said.push(message) });
serve(port, registry.operations, { engine: { name: 'portable' }, limits, budget, threads: 2 });

function outcomeOf(message: object): Outcome {
  port.emit('message', { place: 1, ...message });
  new Budget(budget).free(1);
  return said.pop() as Outcome;
}

/** A pool of this thread. */
const pool = {
  async step(task: StepTask, held: number) {
    const outcome = outcomeOf({ ...task, held });
    if ('refusal' in outcome) throw new Refusal(outcome.refusal.type, outcome.refusal.refused);
    return (outcome as Extract<Outcome, { value: unknown }>).value;
  },
} as unknown as Pool;

async function start(t: Test) {
  const { datasets } = startCatalog(t, { DATASET_LIMIT: 2 ** 28, STORE_LIMIT: 2 ** 30 });
  const inputs: [string, number[], ArrayBufferView] = ['F64', [SAMPLES, FEATURES], wave(SAMPLES * FEATURES, 1)];
  const put = (name: string, tensors: Parameters<typeof safetensors>[0]) =>
    datasets.put('owner', name, upload(safetensors(tensors), 2 ** 20), {});
  await put('targets', { inputs, targets: ['F64', [SAMPLES, 2], wave(SAMPLES * 2, 2)] });
  await put('classes', {
    inputs,
    classes: ['I64', [SAMPLES], BigInt64Array.from({ length: SAMPLES }, (_, i) => BigInt(i % 2))],
    // So small that the divisor is rescaled.
    sample_weights: ['F64', [SAMPLES], wave(SAMPLES, 3).map((w) => Math.abs(w) * 1e-200)],
  });
  const inline = async (request: { batch: { dataset?: string } }) => {
    const { dataset: name } = request.batch;
    const dataset = name === undefined ? undefined : await datasets.get('owner', name);
    const data = dataset && { name, samples: SAMPLES, first: 0, rows: await datasets.read(dataset, 0, SAMPLES) };
    const outcome = outcomeOf({ ...taskOf(request), data });
    return 'answer' in outcome ? `${Buffer.from(outcome.answer)}` : outcome;
  };
  return { runner: new PoolRunner(pool, datasets, 'own'), inline };
}

const run = async (runner: PoolRunner, request: object) => runJob(runner, await planOf(runner, request));

t.test('a job has the bits of the inline answer', async (t) => {
  const { runner, inline } = await start(t);
  const indices = Array.from({ length: 4200 }, (_, i) => (i < 3000 ? i : (i * 7) % SAMPLES));
  for (const request of [
    requestOf({ dataset: 'targets' }),
    requestOf({ dataset: 'targets', rows: [7, 99] }),
    requestOf({ dataset: 'targets', indices, sample_weights: indices.map((i) => i % 3) }),
    requestOf({ dataset: 'classes' }, { loss: 'cross_entropy' }),
    requestOf({ dataset: 'classes', indices }, { loss: 'cross_entropy' }),
    requestOf({ dataset: 'classes', rows: [0, 4500] }, { loss: { type: 'nll', reduction: 'sum' } }),
    requestOf({ inputs: matrix(9, FEATURES, 5), targets: matrix(9, 2, 6) }),
  ])
    t.ok((await run(runner, request)) === (await inline(request)), JSON.stringify(request.batch).slice(0, 60));
});

t.test('refusals', async (t) => {
  const { runner } = await start(t);
  t.match(await refusalOf(run(runner, requestOf({ dataset: 'none' }))), { type: 'unknown-dataset' });
  t.match(await refusalOf(run(runner, requestOf({ dataset: 'targets', rows: [1, 9000] }))), { type: 'out-of-domain' });
  const wide = { layers: [{ weights: matrix(90, FEATURES, 10) }, { weights: matrix(2, 90, 20) }] };
  t.match(await refusalOf(run(runner, requestOf({ dataset: 'targets' }, { network: wide }))), {
    type: 'too-many-operations',
    errors: [{ detail: /more than the limit of 100000000 \(JOB_MAX_FLOPS\): send fewer samples at a time/ }],
  });
  const huge = {
    layers: [
      network.layers[0],
      {
        weights: [
          [1e200, 0, 0],
          [0, 0, 0],
        ],
      },
    ],
  };
  t.match(await refusalOf(run(runner, requestOf({ dataset: 'targets' }, { network: huge }))), { type: 'non-finite-result' });
  t.match(await refusalOf(run(runner, requestOf({ dataset: 'targets' }, { loss: 'binary_cross_entropy_with_logits' }))), {
    type: 'out-of-domain',
    errors: [{ pointer: '/batch/dataset', detail: /^targets, row \d+, column [01]: / }],
  });
});

t.test('refusals of a batch in the request, and faults, stay as they are', async (t) => {
  const { runner } = await start(t);
  const wrong = requestOf(
    {
      inputs: matrix(2, FEATURES, 5),
      targets: [
        [0, 2],
        [1, 1],
      ],
    },
    { loss: 'binary_cross_entropy' },
  );
  t.match(await refusalOf(run(runner, wrong)), { type: 'out-of-domain', errors: [{ pointer: '/batch/targets/0/1' }] });
  const fail = () => {
    throw new TypeError('a fault');
  };
  t.throws(() => pointingAtDataset({ batch: { dataset: 'x' } }, fail), /a fault/);
});

t.test('a request that wants a dataset goes back', async (t) => {
  const task = taskOf(requestOf({ dataset: 'x' }));
  const outcome = outcomeOf(task);
  t.match(outcome, { wanted: { dataset: 'x', first: 0 } });
  t.equal('bytes' in outcome && outcome.bytes, task.bytes);
});

t.test('a request that wants rows, of which others are there', async (t) => {
  const engine = loadEngine({ name: 'portable' });
  const answerer = new Answerer(registry.operations, engine, limits);
  const rows = { inputs: { shape: [3, FEATURES], data: wave(3 * FEATURES, 1) }, targets: { shape: [3, 2], data: wave(6, 2) } };
  const data: Data = { name: 'x', samples: 10, first: 4, rows };
  const prepare = (batch: object) =>
    engine.scratch.recycle(() => answerer.prepare({ ...taskOf(requestOf(batch)), data }, { phases: {} }));
  t.strictSame(prepare({ dataset: 'x', rows: [3, 6] }), { dataset: 'x', first: 3, end: 6 });
  t.strictSame(prepare({ dataset: 'x' }), { dataset: 'x', first: 0, end: undefined });
  t.strictSame(prepare({ dataset: 'y', indices: [4, 6] }), { dataset: 'y', first: 4, end: 7 });
  t.match(prepare({ dataset: 'x', indices: [6, 4] }), { computedBytes: Number });
});
