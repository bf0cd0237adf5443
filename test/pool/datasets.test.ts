// Requests that name a dataset: the bits of the inline answer, inline and in a thread; and which datasets stay in memory.
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.ts';
import { chooseEngine } from '../../src/linalg/engines.ts';
import { Budget, shareBudget } from '../../src/pool/budget.ts';
import { startPool } from '../../src/pool/pool.ts';
import { Resident } from '../../src/pool/resident.ts';
import type { Refusal } from '../../src/refusal.ts';
import { startCatalog, upload } from '../store/catalog.ts';
import { ENGINE } from '../support/app.ts';
import { registry, taskOf } from './tasks.ts';

const SAMPLES = 40;
const number = (i: number) => Math.sin(i + 1);
const rows = (n: number, width: number, seed: number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: width }, (_, j) => number(seed + i * width + j)));
const INPUTS = rows(SAMPLES, 3, 0);
const TARGETS = rows(SAMPLES, 2, 500);
const WEIGHTS = INPUTS.map((_, i) => 1 + (i % 3));
const layers = (hidden: number) => [
  { weights: rows(hidden, 3, 1000), biases: rows(1, hidden, 2000)[0], activation: 'tanh' },
  { weights: rows(2, hidden, 3000) },
];

async function put(datasets: ReturnType<typeof startCatalog>['datasets'], name: string, batch: object): Promise<void> {
  await datasets.put('owner', name, upload(Buffer.from(JSON.stringify(batch)), undefined, 'application/json'), {});
}

async function start(t: Test, environment: Record<string, string> = {}) {
  const { datasets } = startCatalog(t);
  await put(datasets, 'plain', { inputs: INPUTS, targets: TARGETS });
  await put(datasets, 'weighted', { inputs: INPUTS, targets: TARGETS, sample_weights: WEIGHTS });
  await put(datasets, 'unlabelled', { inputs: INPUTS });
  await put(datasets, 'classes', { inputs: INPUTS, classes: INPUTS.map((_, i) => i % 2) });
  const reads: string[] = [];
  const source = {
    isBroken: false,
    get(owner: string, name: string) {
      return source.isBroken ? Promise.reject(new Error('the store is broken')) : datasets.get(owner, name);
    },
    read(...given: Parameters<typeof datasets.read>) {
      reads.push(`${given[1]}-${given[2]}`);
      return datasets.read(...given);
    },
  };
  const config = readConfig({ ENGINE, ...environment });
  const pool = startPool(
    chooseEngine(config.ENGINE),
    registry,
    config,
    { error: (error: unknown) => void t.fail(`${error}`) },
    source,
  );
  t.teardown(() => pool.close());
  const answer = async (request: object, owner = 'owner') => {
    const ticket = pool.admit('client');
    try {
      return `${await pool.run(taskOf(request), ticket, { phases: {} }, owner)}`;
    } finally {
      ticket.end();
    }
  };
  return { pool, answer, datasets, reads, source };
}

/** A request whose batch is inline, or in a dataset. */
const request = (batch: object, hidden = 4, more: object = {}) => ({
  network: { layers: layers(hidden) },
  batch,
  include: ['outputs'],
  ...more,
});
const picked = <Item>(items: readonly Item[], indices: readonly number[]) => indices.map((i) => items[i]);
const all = INPUTS.map((_, i) => i);
const INDICES = [7, 3, 3, 39, 0];

for (const [where, hidden] of [
  ['on the event loop', 4],
  ['in a thread', 3000],
] as const) {
  t.test(`${where}: the whole, rows and indices give the inline answer`, async (t) => {
    const { answer, reads } = await start(t);
    for (const [selection, indices] of [
      [{}, all],
      [{ rows: [5, 30] }, all.slice(5, 30)],
      [{ indices: INDICES }, INDICES],
    ] as const) {
      const inline = { inputs: picked(INPUTS, indices), targets: picked(TARGETS, indices) };
      t.equal(await answer(request({ dataset: 'plain', ...selection }, hidden)), await answer(request(inline, hidden)));
      const weights = { sample_weights: picked(WEIGHTS, indices) };
      t.equal(
        await answer(request({ dataset: 'weighted', ...selection }, hidden)),
        await answer(request({ ...inline, ...weights }, hidden)),
      );
      const own = { sample_weights: indices.map((i) => 0.5 + i) };
      t.equal(
        await answer(request({ dataset: 'weighted', ...selection, ...own }, hidden)),
        await answer(request({ ...inline, ...own }, hidden)),
      );
      const columns = JSON.parse(await answer(request({ dataset: 'plain', samples: 'columns', ...selection }, hidden)));
      const inRows = JSON.parse(await answer(request(inline, hidden)));
      t.strictSame(
        columns.outputs,
        [0, 1].map((unit) => inRows.outputs.map((row: number[]) => row[unit])),
      );
    }
    t.strictSame(reads, ['0-40', '0-40'], 'each dataset was read once');
  });
}

t.test('small bodies that need a thread, and some that do not, in turns', async (t) => {
  const { answer } = await start(t);
  const long = Array.from({ length: 20_000 }, (_, i) => i % SAMPLES);
  for (const indices of [long, INDICES, long, long, INDICES, INDICES]) {
    const inline = { inputs: picked(INPUTS, indices), targets: picked(TARGETS, indices) };
    t.equal(await answer(request({ dataset: 'plain', indices })), await answer(request(inline)));
  }
});

async function refusalOf(work: Promise<unknown>): Promise<object> {
  const { type, refused } = (await work.catch((error) => error)) as Refusal;
  return { type, errors: refused.errors };
}

t.test('refusals point at the dataset, and name its rows', async (t) => {
  const { answer, datasets } = await start(t);
  const at = (pointer: string, detail: string) => [{ pointer, detail }];
  for (const [batch, type, errors, loss] of [
    [
      { dataset: 'none' },
      'unknown-dataset',
      at('/batch/dataset', 'there is no dataset "none": PUT it at /datasets/{name}; GET /datasets lists those that there are'),
    ],
    [
      { dataset: 'plain', rows: [30, 50] },
      'out-of-domain',
      at('/batch/rows', 'expected the first row and the one after the last, within 0 and 40, the number of rows, got [30, 50]'),
    ],
    [
      { dataset: 'plain', rows: [3, 3] },
      'out-of-domain',
      at('/batch/rows', 'expected the first row and the one after the last, within 0 and 40, the number of rows, got [3, 3]'),
    ],
    [{ dataset: 'plain', indices: [0, 40] }, 'out-of-domain', at('/batch/indices/1', 'expected a row from 0 to 39, got 40')],
    [{ dataset: 'plain', indices: [-1] }, 'out-of-domain', at('/batch/indices/0', 'expected a row from 0 to 39, got -1')],
    [
      { dataset: 'unlabelled' },
      'invalid-request',
      at('/batch/dataset', 'targets: expected targets, or class indices under the key classes, but both keys are missing'),
    ],
    [
      { dataset: 'plain', sample_weights: [1, 2] },
      'shape-mismatch',
      at('/batch/sample_weights', 'expected 40 weights, one per sample, got 2'),
    ],
    [
      { dataset: 'plain', rows: [1, 3] },
      'out-of-domain',
      [
        { pointer: '/batch/dataset', detail: `targets, row 1, column 1: expected a value from 0 to 1, got ${TARGETS[1][1]}` },
        { pointer: '/batch/dataset', detail: `targets, row 2, column 0: expected a value from 0 to 1, got ${TARGETS[2][0]}` },
      ].slice(0, 1),
      'binary_cross_entropy_with_logits',
    ],
  ] as const) {
    const refusal = (await refusalOf(answer(request(batch, 4, loss && { loss })))) as { type: string; errors: object[] };
    t.equal(refusal.type, type);
    if (loss)
      t.match(refusal.errors[0], {
        pointer: '/batch/dataset',
        detail: /^targets, row [12], column [01]: expected a value from 0 to 1, got -/,
      });
    else t.strictSame(refusal.errors, errors);
  }
  t.match(await refusalOf(answer(request({ dataset: 'plain' }), 'stranger')), { type: 'unknown-dataset' });
  t.match(await refusalOf(answer(request({ dataset: 'x'.repeat(100) }))), {
    errors: [{ detail: /^there is no dataset "x{64}…"/ }],
  });
  await datasets.remove('owner', 'plain', {});
  t.match(await refusalOf(answer(request({ dataset: 'plain' }))), { type: 'unknown-dataset' });
});

t.test('keys of a batch that do not go together', async (t) => {
  const { answer } = await start(t);
  for (const [batch, pointer, detail] of [
    [{ dataset: 'plain', inputs: INPUTS }, '/batch/inputs', 'expected either a dataset or inputs, got both'],
    [{ dataset: 'plain', targets: TARGETS }, '/batch/targets', 'expected either a dataset or targets, got both'],
    [{ dataset: 'plain', rows: [0, 1], indices: [0] }, '/batch/indices', 'expected either rows or indices, got both'],
    [
      { dataset: 'plain', rows: [0, 1, 2] },
      '/batch/rows',
      'expected two numbers: the first row and the one after the last, such as [0, 1000]',
    ],
    [
      { inputs: INPUTS, targets: TARGETS, rows: [0, 1] },
      '/batch/rows',
      'expected a dataset beside rows, which are rows of it, but the key dataset is missing',
    ],
  ] as const)
    t.strictSame(await refusalOf(answer(request(batch))), { type: 'invalid-request', errors: [{ pointer, detail }] });
});

t.test('a dataset that was put again is read again; a request in a thread gets the one that was used last at once', async (t) => {
  const { answer, datasets, reads } = await start(t);
  const before = await answer(request({ dataset: 'plain' }, 3000));
  await put(datasets, 'plain', { inputs: TARGETS.map((row) => [...row, 1]), targets: TARGETS });
  t.not(await answer(request({ dataset: 'plain' }, 3000)), before);
  await answer(request({ dataset: 'classes' }, 3000, { loss: 'cross_entropy' }));
  await answer(request({ dataset: 'plain' }, 3000));
  t.strictSame(reads, ['0-40', '0-40', '0-40']);
});

t.test('while the store is broken, requests that name no dataset are answered, whatever their owner used before', async (t) => {
  const { answer, source } = await start(t);
  await answer(request({ dataset: 'plain' }, 3000));
  const inline = request({ inputs: INPUTS, targets: TARGETS }, 3000);
  const before = await answer(inline);
  source.isBroken = true;
  t.equal(await answer(inline), before);
  t.equal(await answer({ ...inline, loss: { type: 'mse' } }), before);
  await t.rejects(answer(request({ dataset: 'plain' }, 3000)), /the store is broken/);
  source.isBroken = false;
  t.equal(await answer(request({ dataset: 'plain' }, 3000)), before);
});

t.test('of a dataset that is too large to stay, the rows are read, and counted', async (t) => {
  const { answer, reads, pool } = await start(t, { MEMORY_BUDGET: '6000', MAX_MEMORY: '1500' });
  const inline = await answer(request({ inputs: INPUTS.slice(2, 5), targets: TARGETS.slice(2, 5) }, 1));
  t.equal(await answer(request({ dataset: 'plain', rows: [2, 5] }, 1)), inline);
  t.strictSame(reads, ['2-5']);
  t.match(await refusalOf(answer(request({ dataset: 'plain' }))), {
    type: 'too-much-memory',
    errors: [
      {
        pointer: '/batch/dataset',
        detail: /^the rows take 1600 bytes, more than the limit of 1500 \(MAX_MEMORY\): select fewer rows/,
      },
    ],
  });
  t.match(await refusalOf(answer(request({ dataset: 'plain', rows: [-5, 2] }))), { type: 'out-of-domain' });
  t.equal(pool.state.memory, 0);
});

t.test('datasets give way to each other, and to requests', async (t) => {
  const { datasets } = startCatalog(t);
  await put(datasets, 'a', { inputs: INPUTS });
  await put(datasets, 'b', { inputs: TARGETS });
  const budget = new Budget(shareBudget(4096, 1));
  const resident = new Resident(datasets, budget);
  budget.release = (bytes) => resident.release(bytes);
  const use = (dataset: string) => resident.rowsFor('owner', { dataset, first: 0, end: undefined }, () => t.fail('held'));
  await use('a');
  t.equal(resident.bytes, 960);
  t.equal(budget.used, 1024);
  t.match(await resident.likely('owner'), { name: 'a', samples: 40 });
  await use('b');
  t.equal(resident.bytes, 640, 'both do not fit in a quarter of the budget');
  budget.change(0, 3072);
  t.equal(budget.used, 4096);
  t.notOk(budget.spent, 'what datasets take is there for requests');
  budget.change(3072, 4096);
  t.ok(budget.spent);
  budget.change(4096, 2048);
  budget.check(2048, 0);
  t.equal(resident.bytes, 0);
  t.equal(await resident.likely('owner'), undefined);
  t.throws(() => budget.check(4096, 0), { type: 'overloaded' } as never);
  t.equal(await resident.likely('stranger'), undefined);
  const named = Uint8Array.from(Buffer.from('{"dataset": "a"}'));
  t.equal(resident.mayName('owner', named), true);
  t.equal(resident.mayName('owner', Uint8Array.from(Buffer.from('{"inputs": []}'))), false);
  t.equal(resident.mayName('stranger', named), false);
});

t.test('a dataset that cannot be read does not stay', async (t) => {
  const { datasets } = startCatalog(t);
  await put(datasets, 'a', { inputs: INPUTS });
  let fails = true;
  const resident = new Resident(
    {
      get: (owner, name) => datasets.get(owner, name),
      read: (...given) => (fails ? Promise.reject(new Error('the disk is broken')) : datasets.read(...given)),
    },
    new Budget(shareBudget(4096, 1)),
  );
  const use = () => resident.rowsFor('owner', { dataset: 'a', first: 0, end: undefined }, () => {});
  await t.rejects(Promise.all([use(), use()]), /the disk is broken/);
  t.equal(resident.bytes, 0);
  fails = false;
  t.match(await use(), { samples: 40 });
});
