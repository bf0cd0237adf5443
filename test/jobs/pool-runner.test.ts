// Jobs computed part by part in the pool, on rows of a dataset: the bits of the inline answer, and its refusals.
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.ts';
import { PoolRunner } from '../../src/jobs/pool-runner.ts';
import { chooseEngine } from '../../src/linalg/engines.ts';
import { startPool } from '../../src/pool/pool.ts';
import { registry } from '../pool/tasks.ts';
import { safetensors, startCatalog, upload } from '../store/catalog.ts';
import { ENGINE } from '../support/app.ts';
import { wave } from '../support/numbers.ts';
import { FEATURES, jobRequest, matrix, network, planOf, refusalOf, requestOf, runJob } from './requests.ts';

const SAMPLES = 3 * 4096 - 100;

async function start(t: Test, environment: Record<string, string> = {}) {
  const { datasets } = startCatalog(t, { DATASET_LIMIT: 2 ** 30, STORE_LIMIT: 2 ** 31 });
  const put = (name: string, tensors: Parameters<typeof safetensors>[0]) =>
    datasets.put('owner', name, upload(safetensors(tensors), 2 ** 20), {});
  const inputs = wave(SAMPLES * FEATURES, 1).map(Math.fround);
  const of: [string, number[], ArrayBufferView] = ['F32', [SAMPLES, FEATURES], Float32Array.from(inputs)];
  await put('regression', { inputs: of, targets: ['F64', [SAMPLES, 2], wave(SAMPLES * 2, 2)] });
  await put('classes', {
    inputs: of,
    classes: ['I64', [SAMPLES], BigInt64Array.from({ length: SAMPLES }, (_, i) => BigInt(i < 5000 ? -100 : i % 2))],
    sample_weights: ['F64', [SAMPLES], Float64Array.from({ length: SAMPLES }, (_, i) => i % 3)],
  });
  const config = readConfig({ ENGINE, BODY_LIMIT: `${2 ** 29}`, ...environment });
  const log = { error: (error: unknown) => void t.fail(`${error}`) };
  const pool = startPool(chooseEngine(config.ENGINE), registry, config, log, datasets);
  t.teardown(() => pool.close());
  const inline = async (request: object) => {
    const ticket = pool.admit('client');
    const task = { ...jobRequest(request), answerType: 'application/json' as const };
    try {
      return `${await pool.run(task, ticket, { phases: {} }, 'owner')}`;
    } finally {
      ticket.end();
    }
  };
  return { inline, runner: new PoolRunner(pool, datasets, 'own'), pool };
}

t.test('the bits of the inline answer', async (t) => {
  const { inline, runner } = await start(t);
  const indices = Array.from({ length: 5000 }, (_, i) => (i < 4500 ? i : (i * 37) % SAMPLES));
  for (const [batch, parts, more] of [
    [{ dataset: 'regression' }, 3],
    [{ dataset: 'regression', rows: [100, 4000] }, 1],
    [{ dataset: 'regression', rows: [1000, 9000] }, 2],
    [{ dataset: 'regression', indices }, 2],
    [{ dataset: 'regression' }, 3, { penalty: { l1: 0.1, l2: 0.2 }, include: ['squared_gradients', 'gradient_norms'] }],
    [{ dataset: 'classes' }, 3, { loss: 'cross_entropy' }],
    [{ dataset: 'classes', indices }, 2, { loss: { type: 'cross_entropy', reduction: 'sum' } }],
    [{ dataset: 'classes', rows: [4000, 9000] }, 2, { loss: 'cross_entropy' }],
    [{ dataset: 'regression', rows: [0, 5000], sample_weights: [...wave(5000, 3)].map(Math.abs) }, 2],
    [{ inputs: matrix(20, FEATURES, 30), targets: matrix(20, 2, 40) }, 1],
    [{ inputs: matrix(4097, FEATURES, 30), targets: matrix(4097, 2, 40) }, 2],
  ] as const) {
    const of = requestOf(batch, more);
    const job = await planOf(runner, of);
    t.equal(job.plan.parts, parts);
    t.ok((await runJob(runner, job)) === (await inline(of)), JSON.stringify(batch).slice(0, 60));
  }
});

t.test('what is wrong with the request is found by the plan', async (t) => {
  const { runner } = await start(t, { JOB_MAX_FLOPS: '100000000' });
  const refused = (of: object) => refusalOf(runner.plan('owner', jobRequest(of)));
  t.match(await refused(requestOf({ dataset: 'none' })), { type: 'unknown-dataset' });
  t.match(await refused(requestOf({ dataset: 'regression', rows: [0, SAMPLES + 1] })), { type: 'out-of-domain' });
  t.match(
    await refused(requestOf({ dataset: 'regression' }, { loss: 'cross_entropy', network: { layers: network.layers.slice(1) } })),
    {
      type: 'shape-mismatch',
    },
  );
  t.match(await refused(requestOf({ dataset: 'regression' }, { include: ['outputs'] })), { type: 'not-additive' });
  t.match(await refused(requestOf({ dataset: 'regression' })), {
    type: 'too-many-operations',
    errors: [{ detail: /more than the limit of 100000000 \(JOB_MAX_FLOPS\): send fewer samples at a time/ }],
  });
});

t.test('what only the data shows fails the job, with the row', async (t) => {
  const { runner, inline } = await start(t);
  const failed = async (of: object) => {
    const job = await planOf(runner, of);
    return refusalOf(runJob(runner, job));
  };
  t.match(await failed(requestOf({ dataset: 'regression', rows: [4000, 12000] }, { loss: 'binary_cross_entropy_with_logits' })), {
    type: 'out-of-domain',
    errors: [{ pointer: '/batch/dataset', detail: /^targets, row \d{4,5}, column [01]: expected a value from 0 to 1, got / }],
  });
  t.match(await failed(requestOf({ dataset: 'classes', rows: [0, 5000] }, { loss: 'cross_entropy' })), {
    type: 'out-of-domain',
    errors: [{ detail: /every sample has the weight 0 or an ignored target/ }],
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
  const of = requestOf({ dataset: 'regression', rows: [0, 5000] }, { network: huge });
  t.match(await failed(of), { type: 'non-finite-result' });
  t.strictSame(await failed(of), await refusalOf(inline(of)));
});

t.test('a step that finds no room, and one whose pool ends', async (t) => {
  const { runner, pool } = await start(t);
  const job = await planOf(runner, requestOf({ dataset: 'regression' }));
  const ticket = pool.admit('another');
  ticket.grow(2 ** 31 - 2 ** 20);
  t.match(await refusalOf(runner.part(job, { factor: 1, exponent: 0 }, 0)), { type: 'overloaded' });
  ticket.end();
  const part = refusalOf(runner.part(job, { factor: 1, exponent: 0 }, 0));
  await pool.close();
  t.match(await part, { type: 'overloaded' });
});

t.test('a part that is given up, before its computation and in the middle of it', async (t) => {
  const { runner, pool } = await start(t);
  await pool.ready;
  const job = await planOf(runner, requestOf({ inputs: matrix(4097, FEATURES, 30), targets: matrix(4097, 2, 40) }));
  const divisor = await runner.divisor(job);
  for (const isBegun of [false, true]) {
    const over = new AbortController();
    const part = runner.part(job, divisor, 0, over.signal);
    if (isBegun) while (pool.state.busy === 0) await setImmediate();
    over.abort(new Error('no longer wanted'));
    await t.rejects(part, { message: 'no longer wanted' });
  }
  t.ok((await runner.part(job, divisor, 0)).length > 0, 'the next one is computed');
});
