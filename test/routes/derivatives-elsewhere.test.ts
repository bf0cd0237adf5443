// Derivatives beyond the gradient on datasets, as jobs and in safetensors: the answers are those of the arrays inline, byte for byte.
import t from 'tap';
import { operations } from '../../src/operations/registry.ts';
import { post, startApp } from '../support/app.ts';
import { wave } from '../support/numbers.ts';
import { fileOf, SAFETENSORS } from '../support/safetensors-file.ts';

const matrix = (rows: number, columns: number, seed: number) =>
  Array.from({ length: rows }, (_, i) => [...wave(columns, seed + i)]);

const network = {
  layers: [{ weights: matrix(3, 2, 1), biases: [0.1, 0.2, 0.3], activation: 'silu' }, { weights: matrix(2, 3, 5) }],
};
const SAMPLES = 12;
const data = { inputs: matrix(SAMPLES, 2, 10), targets: matrix(SAMPLES, 2, 40) };
const vector = [{ weights: matrix(3, 2, 70) }, {}];

const requests: Record<string, (n: number) => object> = {
  gradients: () => ({ network }),
  vjp: (n) => ({ network, cotangents: matrix(n, 2, 80) }),
  jvp: (n) => ({ network, tangents: { parameters: vector, inputs: matrix(n, 2, 90) } }),
  jacobian: () => ({ network, of: 'parameters' }),
  hvp: () => ({ network, vector, penalty: { l2: 0.5 } }),
  hessian: () => ({ network, matrix: 'gauss_newton' }),
  check: () => ({ network, candidate: { loss: 1, gradients: [{ biases: [1, 2, 3] }] } }),
};

t.test('datasets', async (t) => {
  const app = await startApp();
  const stored = await app.inject({
    method: 'PUT',
    url: '/datasets/waves',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(data),
  });
  t.equal(stored.statusCode, 201, stored.body);
  t.strictSame(
    Object.keys(requests),
    operations.map(({ name }) => name),
    'all operations',
  );
  const selections = [
    [{}, Array.from({ length: SAMPLES }, (_, i) => i)],
    [{ rows: [2, 7] }, [2, 3, 4, 5, 6]],
    [{ indices: [5, 0, 5] }, [5, 0, 5]],
  ] as const;
  for (const [name, requestFor] of Object.entries(requests)) {
    const takesTargets = ['gradients', 'hvp', 'hessian', 'check'].includes(name);
    for (const [selection, rows] of selections) {
      const request = requestFor(rows.length);
      const pick = (values: number[][]) => rows.map((row) => values[row]);
      const batch = { inputs: pick(data.inputs), ...(takesTargets && { targets: pick(data.targets) }) };
      const inline = await post(app, { ...request, batch }, {}, `/${name}`);
      const named = await post(app, { ...request, batch: { dataset: 'waves', ...selection } }, {}, `/${name}`);
      t.equal(inline.statusCode, 200, inline.body);
      t.equal(named.body, inline.body, `${name} ${JSON.stringify(selection)}`);
    }
    const wrong = await post(app, { ...requestFor(1), batch: { dataset: 'waves', rows: [0, 13] } }, {}, `/${name}`);
    t.equal(wrong.json().errors[0].pointer, '/batch/rows', wrong.body);
  }
  const narrow = { network: { layers: [{ weights: [[1]] }] }, batch: { dataset: 'waves', samples: 'columns' } };
  const misfit = await post(app, { ...narrow, cotangents: matrix(1, SAMPLES, 3) }, {}, '/vjp');
  t.equal(misfit.json().errors[0].pointer, '/batch/dataset', misfit.body);
});

t.test('jobs', async (t) => {
  const app = await startApp();
  for (const name of ['hvp', 'hessian']) {
    const request = { ...requests[name](SAMPLES), batch: data };
    const inline = await post(app, request, {}, `/${name}`);
    const job = await post(app, request, { prefer: 'respond-async, wait=60' }, `/${name}`);
    t.equal(job.statusCode, 200, job.body);
    t.equal(job.headers['preference-applied'], 'respond-async, wait=60');
    t.equal(job.body, inline.body, name);
    const large = { layers: [{ weights: [[1e200, 1e200]] }, { weights: [[1e200], [1]] }] };
    const failed = await post(
      app,
      { ...request, network: large, ...(name === 'hvp' && { vector: [] }) },
      { prefer: 'respond-async, wait=60' },
      `/${name}`,
    );
    t.equal(failed.json().problem?.type ?? failed.json().type, '/problems/non-finite-result', failed.body);
  }
  const vjp = await post(app, { ...requests.vjp(SAMPLES), batch: { inputs: data.inputs } }, { prefer: 'respond-async' }, '/vjp');
  t.equal(vjp.statusCode, 200, 'not additive: answered at once');
});

t.test('safetensors', async (t) => {
  const app = await startApp();
  const layers = [{ weights: matrix(3, 2, 1), activation: 'tanh' }, { weights: matrix(2, 3, 5) }];
  const request = { network: { layers }, batch: { inputs: data.inputs } };
  const inJson = { ...request, tangents: { parameters: [{}, { weights: matrix(2, 3, 6) }] } };
  const file = fileOf(inJson);
  const binary = await post(app, file, { 'content-type': SAFETENSORS, accept: 'application/json' }, '/jvp');
  t.equal(binary.statusCode, 200, binary.body);
  t.equal(binary.body, (await post(app, inJson, {}, '/jvp')).body);
  const jacobian = await post(app, { ...request, of: 'parameters' }, { accept: SAFETENSORS }, '/jacobian');
  const header = JSON.parse(jacobian.rawPayload.toString('latin1', 8, 8 + Number(jacobian.rawPayload.readBigUInt64LE())));
  t.strictSame(header['jacobian.0.weights'].shape, [SAMPLES, 2, 3, 2]);
  const hessian = await post(app, { ...request, batch: data, damping: [1] }, { accept: SAFETENSORS }, '/hessian');
  t.match(hessian.rawPayload.toString('latin1'), '"steps.0.step.1.weights":{"dtype":"F64","shape":[2,3]');
});

t.test('a direction of 0, a tall batch, and steps with a penalty', async (t) => {
  const app = await startApp();
  const zero = await post(app, { network, batch: data, vector: [], matrix: 'gauss_newton' }, {}, '/hvp');
  const numbers = (document: unknown) =>
    JSON.stringify(document)
      .match(/-?\d[\d.e-]*/g)
      ?.map(Number) ?? [];
  t.ok(numbers(zero.json().products).every((number) => number === 0));
  t.equal(zero.json().curvature, 0);
  const tall = { inputs: matrix(1000, 2, 3), targets: matrix(1000, 2, 8) };
  t.equal((await post(app, { network, batch: tall, vector }, {}, '/hvp')).statusCode, 200);
  const penalty = { l2: 0.5, biases: true };
  const { steps } = (await post(app, { network, batch: data, penalty, damping: [1] }, {}, '/hessian')).json();
  const moved = network.layers.map((layer, k) => ({
    ...layer,
    weights: layer.weights.map((row, o) => row.map((value, i) => value + steps[0].step[k].weights[o][i])),
    ...(layer.biases && { biases: layer.biases.map((value, o) => value + steps[0].step[k].biases[o]) }),
  }));
  const there = await post(app, { network: { layers: moved }, batch: data, penalty });
  t.equal(steps[0].loss, there.json().loss, 'the loss after a step is that of /gradients there');
});
