// POST /gradients on a dataset: the answer is that for the same arrays inline, byte for byte.

import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { GradientsRequest } from '../../schemas/gradients.ts';
import { namesOf } from '../../schemas/names.ts';
import { safetensors } from '../store/catalog.ts';
import { post, startApp, startOwnApp } from '../support/app.ts';
import { wave } from '../support/numbers.ts';
import { fileOf, SAFETENSORS } from '../support/safetensors-file.ts';

const JSON_TYPE = 'application/json';

interface Arrays {
  readonly inputs: number[][];
  readonly targets?: number[][];
  readonly classes?: number[];
  readonly sample_weights?: number[];
}

function matrix(rows: number, columns: number, seed = 0): number[][] {
  const numbers = Array.from(wave(rows * columns + seed, columns)).slice(seed);
  return Array.from({ length: rows }, (_, i) => numbers.slice(i * columns, (i + 1) * columns));
}

function dataOf(samples: number, features: number, outputs: number): Required<Omit<Arrays, 'classes'>> {
  return {
    inputs: matrix(samples, features),
    targets: matrix(samples, outputs, 7),
    sample_weights: Array.from({ length: samples }, (_, i) => 1 + (i % 3)),
  };
}

function networkOf(features: number, hidden: number, outputs: number) {
  const layers = [{ weights: matrix(hidden, features, 3), biases: matrix(1, hidden, 5)[0], activation: 'tanh' }];
  return { layers: [...layers, { weights: matrix(outputs, hidden, 11) }] };
}

const put = (app: FastifyInstance, name: string, body: string | Buffer, type: string, query = '') =>
  app.inject({ method: 'PUT', url: `/datasets/${name}${query}`, headers: { 'content-type': type }, payload: body });

function fileWith({ inputs, targets, classes, sample_weights }: Arrays): Buffer {
  const of = (rows: number[][]): ['F64', number[], Float64Array] => [
    'F64',
    [rows.length, rows[0].length],
    Float64Array.from(rows.flat()),
  ];
  return safetensors({
    inputs: of(inputs),
    ...(targets && { targets: of(targets) }),
    ...(classes && { classes: ['I64', [classes.length], BigInt64Array.from(classes, BigInt)] }),
    ...(sample_weights && { sample_weights: ['F64', [sample_weights.length], Float64Array.from(sample_weights)] }),
  });
}

/** Puts arrays as a dataset, in a format. */
async function store(t: Test, app: FastifyInstance, name: string, arrays: Arrays, type: string): Promise<void> {
  const body = type === JSON_TYPE ? JSON.stringify(arrays) : fileWith(arrays);
  const response = await put(app, name, body, type);
  t.equal(response.statusCode, 201, response.body);
}

/** Some rows of arrays. */
function rowsOf({ inputs, targets, classes, sample_weights }: Arrays, rows: readonly number[]): Arrays {
  const pick = <T>(values: readonly T[]) => rows.map((row) => values[row]);
  return {
    inputs: pick(inputs),
    ...(targets && { targets: pick(targets) }),
    ...(classes && { classes: pick(classes) }),
    ...(sample_weights && { sample_weights: pick(sample_weights) }),
  };
}

const transposed = (rows: number[][]) => rows[0].map((_, j) => rows.map((row) => row[j]));
const range = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i);

/** Asserts that a request on a dataset has the answer of the one with the arrays inline, in both media types. */
async function same(t: Test, app: FastifyInstance, named: object, inline: object, message: string): Promise<void> {
  for (const type of [JSON_TYPE, SAFETENSORS]) {
    const ask = (document: object) =>
      post(app, type === JSON_TYPE ? document : fileOf(document), { 'content-type': type, accept: type });
    const [expected, answer] = [await ask(inline), await ask(named)];
    t.equal(answer.statusCode, 200, `${message}, ${type}: ${answer.statusCode === 200 ? '' : answer.body}`);
    t.equal(expected.statusCode, 200, `${message}, ${type}, inline: ${expected.statusCode === 200 ? '' : expected.body}`);
    t.equal(answer.headers['content-type'], expected.headers['content-type']);
    t.ok(answer.rawPayload.equals(expected.rawPayload), `${message}, ${type}: the same bytes`);
  }
}

const include = namesOf(GradientsRequest.properties.include.items);

for (const [size, samples, features, hidden, outputs] of [
  ['small, on the event loop', 40, 4, 5, 3],
  ['large, in a thread', 3000, 40, 30, 3],
] as const)
  t.test(size, async (t) => {
    const app = await startOwnApp(t);
    const { sample_weights, ...unweighted } = dataOf(samples, features, outputs);
    const arrays = { ...unweighted, sample_weights };
    const network = networkOf(features, hidden, outputs);
    const some = range(3, samples - 5);
    const picked = range(0, samples).map((i) => (7 * i + 3) % samples);
    const more =
      samples < 100
        ? { include }
        : { include: ['outputs', 'per_sample_gradient_norms', 'squared_gradients'], penalty: { l2: 0.1 } };
    for (const type of [JSON_TYPE, SAFETENSORS]) {
      const name = type === JSON_TYPE ? 'json' : 'file';
      await store(t, app, name, unweighted, type);
      await store(t, app, `${name}-weighted`, arrays, type);
      const dataset = `${name}-weighted`;
      const weights = sample_weights.map((weight) => 2 * weight + 1);
      const inlineOf = (rows: readonly number[]) => rowsOf(arrays, rows);
      const all = range(0, samples);
      await same(t, app, { network, batch: { dataset: name } }, { network, batch: unweighted }, 'whole');
      await same(t, app, { network, ...more, batch: { dataset } }, { network, ...more, batch: arrays }, 'with weights');
      await same(t, app, { network, batch: { dataset, rows: [3, samples - 5] } }, { network, batch: inlineOf(some) }, 'rows');
      await same(
        t,
        app,
        { network, ...more, batch: { dataset, indices: picked } },
        { network, ...more, batch: inlineOf(picked) },
        'indices',
      );
      await same(
        t,
        app,
        { network, batch: { dataset, indices: [5, 5, 0, 5] } },
        { network, batch: inlineOf([5, 5, 0, 5]) },
        'repeats',
      );
      await same(
        t,
        app,
        { network, batch: { dataset, sample_weights: weights } },
        { network, batch: { ...arrays, sample_weights: weights } },
        'weights in the request',
      );
      await same(
        t,
        app,
        { network, batch: { dataset, rows: [3, samples - 5], sample_weights: weights.slice(8) } },
        { network, batch: { ...inlineOf(some), sample_weights: weights.slice(8) } },
        'rows, weights in the request',
      );
      const columns = (rows: readonly number[]) => {
        const { inputs, targets, ...others } = inlineOf(rows) as typeof arrays;
        return { inputs: transposed(inputs), targets: transposed(targets), ...others, samples: 'columns' };
      };
      await same(
        t,
        app,
        { network, ...more, batch: { dataset, samples: 'columns' } },
        { network, ...more, batch: columns(all) },
        'samples in columns',
      );
      await same(
        t,
        app,
        { network, ...more, batch: { dataset, indices: picked, samples: 'columns' } },
        { network, ...more, batch: columns(picked) },
        'samples in columns, indices',
      );
    }
  });

t.test('classes, and data in CSV', async (t) => {
  const app = await startApp();
  const { inputs, targets } = dataOf(30, 3, 1);
  const classes = range(0, 30).map((i) => i % 4);
  const network = networkOf(3, 4, 4);
  for (const type of [JSON_TYPE, SAFETENSORS]) {
    const name = type === JSON_TYPE ? 'json' : 'file';
    await store(t, app, name, { inputs, classes }, type);
    const loss = 'cross_entropy';
    await same(t, app, { network, loss, batch: { dataset: name } }, { network, loss, batch: { inputs, classes } }, name);
    const rows = rowsOf({ inputs, classes }, [9, 2]);
    await same(t, app, { network, loss, batch: { dataset: name, indices: [9, 2] } }, { network, loss, batch: rows }, name);
  }
  const csv = ['a,b,c,y', ...inputs.map((row, i) => [...row, ...targets[i]].join())].join('\n');
  t.equal((await put(app, 'csv', csv, 'text/csv', '?targets=y')).statusCode, 201);
  const one = networkOf(3, 4, 1);
  await same(t, app, { network: one, batch: { dataset: 'csv' } }, { network: one, batch: { inputs, targets } }, 'CSV');
});

t.test('a dataset that is too large to stay in memory: only the wanted rows are read', async (t) => {
  const app = await startOwnApp(t, { MEMORY_BUDGET: `${2 ** 21}`, MAX_MEMORY: `${2 ** 21}`, BODY_LIMIT: `${2 ** 22}` });
  const arrays = dataOf(10_000, 10, 1);
  await store(t, app, 'large', arrays, SAFETENSORS);
  const network = networkOf(10, 3, 1);
  for (const rows of [range(9_000, 9_100), [9_999, 9_990, 9_991]]) {
    const batch = rows.length > 3 ? { dataset: 'large', rows: [9_000, 9_100] } : { dataset: 'large', indices: rows };
    await same(t, app, { network, batch }, { network, batch: rowsOf(arrays, rows) }, `${rows.length} rows`);
  }
});

t.test('refusals', async (t) => {
  const app = await startApp();
  const arrays = dataOf(20, 3, 2);
  const network = networkOf(3, 4, 2);
  await store(
    t,
    app,
    'd',
    { ...arrays, targets: arrays.targets.map((row, i) => (i === 12 ? [2, 0.5] : row.map(() => 0.5))) },
    JSON_TYPE,
  );
  await store(t, app, 'inputs-only', { inputs: arrays.inputs }, SAFETENSORS);
  const ask = async (batch: object, more: object = {}) => {
    const inline = await post(app, { network, batch, ...more });
    // Too large to be read on the event loop.
    const threaded = await post(app, `${JSON.stringify({ network, batch, ...more })}${' '.repeat(70_000)}`);
    t.strictSame(threaded.json(), inline.json(), 'the same in a thread');
    const { type, errors } = inline.json();
    return [
      type.replace('/problems/', ''),
      ...errors.map(({ pointer, detail }: { pointer: string; detail: string }) => `${pointer}: ${detail}`),
    ];
  };
  const weights = Array(20).fill(1);
  t.strictSame(await ask({ dataset: 'nothing' }), [
    'unknown-dataset',
    '/batch/dataset: there is no dataset "nothing": PUT it at /datasets/{name}; GET /datasets lists those that there are',
  ]);
  const within = 'expected the first row and the one after the last, within 0 and 20, the number of rows';
  for (const rows of [
    [0, 21],
    [5, 5],
    [6, 5],
    [-1, 5],
    [30, 40],
  ])
    t.strictSame(await ask({ dataset: 'd', rows }), ['out-of-domain', `/batch/rows: ${within}, got [${rows.join(', ')}]`]);
  t.strictSame(await ask({ dataset: 'd', indices: [0, 20, -1] }), [
    'out-of-domain',
    '/batch/indices/1: expected a row from 0 to 19, got 20',
    '/batch/indices/2: expected a row from 0 to 19, got -1',
  ]);
  t.match(await ask({ dataset: 'd', rows: [1] }), ['invalid-request', /^\/batch\/rows: expected two numbers/]);
  t.match(await ask({ dataset: 'd', rows: [0, 1], indices: [1] }), ['invalid-request', /^\/batch\/indices: expected either/]);
  t.match(await ask({ dataset: 'd', inputs: [[1, 2, 3]] }), ['invalid-request', /^\/batch\/inputs: expected either/]);
  t.match(await ask({ inputs: arrays.inputs, targets: arrays.targets, rows: [0, 1] }), [
    'invalid-request',
    /^\/batch\/rows: expected a dataset/,
  ]);
  t.match(await ask({ dataset: 'inputs-only' }), ['invalid-request', /^\/batch\//]);
  t.match(await ask({ dataset: 'd', sample_weights: weights.slice(1) }), ['shape-mismatch', /^\/batch\/sample_weights: /]);
  t.match(await ask({ dataset: 'd' }, { loss: 'binary_cross_entropy_with_logits' }), [
    'out-of-domain',
    /^\/batch\/dataset: targets, row 12, column 0: expected a value from 0 to 1, got 2$/,
  ]);
  t.match(await ask({ dataset: 'd', rows: [12, 14] }, { loss: 'binary_cross_entropy_with_logits' }), [
    'out-of-domain',
    /^\/batch\/dataset: targets, row 12, column 0: /,
  ]);
  t.match(await ask({ dataset: 'd', indices: [3, 12] }, { loss: 'binary_cross_entropy_with_logits' }), [
    'out-of-domain',
    /^\/batch\/dataset: targets, row 12, column 0: /,
  ]);
});
