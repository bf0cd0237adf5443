// What the operations beyond the gradient refuse, with pointers and advice.
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { post, startApp, startOwnApp } from '../support/app.ts';

const network = {
  layers: [
    {
      weights: [
        [0.5, -0.25],
        [0.75, 1],
        [0.1, 0.2],
      ],
      biases: [0.1, -0.2, 0.3],
      activation: 'tanh',
    },
    { weights: [[1, -0.5, 0.25]] },
  ],
};
const inputs = [
  [1, 2],
  [-0.5, 1.5],
  [0.25, 1],
  [2, 0],
];
const batch = { inputs, targets: [[1], [0], [0.5], [0.25]] };
const plain = { network, batch: { inputs } };

async function refused(t: Test, app: FastifyInstance, name: string, request: object, status: number, errors: [string, string][]) {
  const response = await post(app, request, {}, `/${name}`);
  t.equal(response.statusCode, status, response.body);
  t.strictSame(
    response.json().errors.map(({ pointer, detail }: { pointer: string; detail: string }) => [pointer, detail]),
    errors,
  );
  return response.json();
}

t.test('shapes of vectors of parameters', async (t) => {
  const app = await startApp();
  for (const [name, request, at] of [
    ['hvp', { network, batch, vector: [] as object[] }, '/vector'],
    ['jvp', { ...plain, tangents: { parameters: [] as object[] } }, '/tangents/parameters'],
  ] as const) {
    const withVector = (vector: object[]) =>
      name === 'hvp' ? { ...request, vector } : { ...request, tangents: { parameters: vector } };
    await refused(t, app, name, withVector([{}, {}, {}]), 422, [[at, 'expected at most 2 items, one per layer, got 3']]);
    await refused(t, app, name, withVector([{ weights: [[1, 2]] }, { biases: [1] }]), 422, [
      [`${at}/0/weights`, 'expected 3 rows, one per output of layer 0, got 1'],
      [`${at}/1/biases`, 'expected no biases, since layer 1 has none: leave the key out'],
    ]);
    await refused(t, app, name, withVector([{ biases: [1] }, { weights: [[1, 2]] }]), 422, [
      [`${at}/0/biases`, 'expected 3 biases, one per output of layer 0, got 1'],
      [`${at}/1/weights/0`, 'expected 3 weights, one per input of layer 1, got 2'],
    ]);
    await refused(t, app, name, withVector([{ weights: [[1, 2], [3], [4, 5]] }]), 422, [
      [`${at}/0/weights/1`, 'expected 2 weights, one per input of layer 0, got 1'],
    ]);
    await refused(t, app, name, withVector([{ weight: [[1, 2]] }]), 400, [
      [`${at}/0/weight`, 'unknown key "weight": it is weights here; there are weights, biases'],
    ]);
    const empty = await post(app, withVector([]), {}, `/${name}`);
    t.equal(empty.statusCode, 200, 'nothing means 0');
    const numbers = JSON.stringify(empty.json().products ?? empty.json().output_tangents).match(/-?\d[\d.e-]*/g);
    t.ok(
      numbers?.every((number) => Number(number) === 0),
      'products with 0',
    );
  }
});

t.test('shapes of matrices of samples', async (t) => {
  const app = await startApp();
  await refused(t, app, 'vjp', { ...plain, cotangents: [[1], [1]] }, 422, [
    ['/cotangents', 'expected 4 rows, one per sample, got 2'],
  ]);
  await refused(t, app, 'vjp', { ...plain, cotangents: [[1, 1, 1, 1]] }, 422, [
    ['/cotangents', 'expected 4 x 1, samples x outputs, got 1 x 4: the matrix is transposed, send cotangents.T'],
  ]);
  const turned = [
    [1, -0.5, 0.25, 2],
    [2, 1.5, 1, 0],
  ];
  await refused(t, app, 'vjp', { network, batch: { inputs: turned }, cotangents: [[1, 1, 1, 1]] }, 422, [
    ['/batch/samples', 'expected "samples": "columns", since inputs and cotangents have one sample per column'],
  ]);
  await refused(t, app, 'jacobian', { network, batch: { inputs: turned }, of: 'inputs' }, 422, [
    ['/batch/samples', 'expected "samples": "columns", since inputs have one sample per column'],
  ]);
  await refused(t, app, 'jvp', { ...plain, tangents: { inputs: [[1, 2, 3]] } }, 422, [
    ['/tangents/inputs', 'expected 4 rows, one per sample, got 1'],
    ['/tangents/inputs/0', 'expected 2 values, one per input of layer 0, got 3'],
  ]);
  await refused(t, app, 'vjp', { ...plain, cotangents: [1, 2, 3, 4] }, 400, [
    ['/cotangents', 'expected rows (lists of numbers), got a flat list of 4 numbers'],
  ]);
});

t.test('keys', async (t) => {
  const app = await startApp();
  await refused(t, app, 'jvp', plain, 400, [['/tangents', 'expected an object, but the key is missing']]);
  await refused(t, app, 'hvp', { network, batch }, 400, [['/vector', 'expected a list, but the key is missing']]);
  await refused(t, app, 'jacobian', { ...plain, of: 'weights' }, 400, [
    ['/of', 'unknown name "weights"; there are inputs, parameters'],
  ]);
  await refused(t, app, 'jvp', { network, batch: {}, tangents: {} }, 400, [
    ['/batch/inputs', 'expected a list of lists, or the name of a dataset under the key dataset, but both keys are missing'],
  ]);
  await refused(t, app, 'hvp', { network, batch: { inputs }, vector: [] }, 400, [
    ['/batch/targets', 'expected targets, or class indices under the key classes, but both keys are missing'],
  ]);
  await refused(t, app, 'jvp', { network, batch, tangents: {} }, 400, [
    ['/batch/targets', 'unknown key "targets"; there are inputs, samples, dataset, rows, indices'],
  ]);
});

t.test('names of other libraries', async (t) => {
  const app = await startApp();
  for (const [name, key, request, right] of [
    ['vjp', 'grad_outputs', { ...plain, cotangents: [[1], [1], [1], [1]] }, 'cotangents'],
    ['vjp', 'v', { ...plain, cotangents: [[1], [1], [1], [1]] }, 'cotangents'],
    ['jvp', 'v', { ...plain, tangents: {} }, 'tangents'],
    ['hvp', 'v', { network, batch, vector: [] }, 'vector'],
    ['jacobian', 'argnums', { ...plain, of: 'inputs' }, 'of'],
    ['hessian', 'mu', { network, batch, damping: [1] }, 'damping'],
  ] as const) {
    const { [right]: value, ...rest } = request as Record<string, unknown>;
    const response = await post(app, { ...rest, [key]: value }, {}, `/${name}`);
    t.match(
      response.json().errors.find(({ pointer }: { pointer: string }) => pointer === `/${key}`).detail,
      new RegExp(`^unknown key "${key}": it is ${right} here; there are `),
    );
  }
});

t.test('damping', async (t) => {
  const app = await startApp();
  await refused(t, app, 'hessian', { network, batch, damping: [1, -1] }, 422, [
    ['/damping/1', 'expected a damping, at least 0, got -1'],
  ]);
  // With two samples, the Gauss-Newton matrix of 12 parameters has rank 2.
  const singular = {
    network,
    batch: { inputs: inputs.slice(0, 2), targets: [[1], [0]] },
    matrix: 'gauss_newton',
    damping: [0.5, 0],
  };
  const { type } = await refused(t, app, 'hessian', singular, 422, [
    ['/damping/1', 'the matrix + 0 * I is singular, so there is no step: expected a larger damping, got 0'],
  ]);
  t.equal(type, '/problems/out-of-domain');
  const job = await post(app, { network, batch, damping: [1] }, { prefer: 'respond-async' }, '/hessian');
  t.equal(job.json().type, '/problems/not-additive', job.body);
  t.equal(job.json().errors[0].pointer, '/damping');
});

t.test('limits, from the shapes alone', async (t) => {
  const zeros = (rows: number, columns: number) => Array.from({ length: rows }, () => new Array(columns).fill(0));
  const wide = { layers: [{ weights: zeros(60, 60), biases: zeros(1, 60)[0] }] };
  const app = await startOwnApp(t, { MAX_ANSWER: '1048576' });
  const hessian = await post(app, { network: wide, batch: { inputs: zeros(1, 60), targets: zeros(1, 60) } }, {}, '/hessian');
  t.equal(hessian.statusCode, 413);
  t.match(
    hessian.json().detail,
    /^the answer takes up to \d+ bytes, more than the limit of 1048576 \(MAX_ANSWER\): ask \/hvp for its products with vectors: the matrix has 3660 x 3660 numbers, or accept safetensors$/,
  );
  t.equal(hessian.json().errors[0].pointer, '/network/layers');
  const jacobian = await post(app, { network: wide, batch: { inputs: zeros(1, 60) }, of: 'parameters' }, {}, '/jacobian');
  t.equal(jacobian.statusCode, 413);
  t.match(
    jacobian.json().detail,
    /send fewer samples at a time, or ask \/vjp or \/jvp for its products: for each sample it has 60 x 3660 numbers/,
  );
  t.equal((await post(app, { network: wide, batch: { inputs: zeros(1, 60) }, of: 'inputs' }, {}, '/jacobian')).statusCode, 200);
  const few = await startOwnApp(t, { MAX_FLOPS: '500' });
  const request = { network, batch };
  for (const [name, more] of [
    ['hvp', { vector: [] }],
    ['hessian', {}],
  ] as const) {
    const response = await post(few, { ...request, ...more }, {}, `/${name}`);
    t.equal(response.json().type, '/problems/too-many-operations');
    t.match(response.json().detail, /send it as a job/);
  }
  t.equal((await post(few, { ...plain, cotangents: zeros(4, 1) }, {}, '/vjp')).statusCode, 200);
});

t.test('values that are not finite', async (t) => {
  const app = await startApp();
  const steep = { layers: [{ weights: [[1e200]] }, { weights: [[1e200]] }] };
  const one = { inputs: [[0]] };
  const steps = async (name: string, request: object, expected: object) => {
    const response = await post(app, request, {}, `/${name}`);
    t.equal(response.json().type, '/problems/non-finite-result', response.body);
    const { step, layer, errors } = response.json();
    t.strictSame({ step, layer, detail: errors[0].detail, pointer: errors[0].pointer }, expected);
  };
  await steps(
    'jvp',
    { network: steep, batch: one, tangents: { inputs: [[1]] } },
    {
      step: 'tangents',
      layer: 1,
      detail: 'the tangents of pre_activations[0][0] of layer 1 is Infinity, the first value that is not finite',
      pointer: '/network/layers/1',
    },
  );
  await steps(
    'vjp',
    { network: steep, batch: one, cotangents: [[1]] },
    {
      step: 'gradients',
      layer: 0,
      detail: 'input_gradients[0][0] of layer 0 is Infinity, the first value that is not finite',
      pointer: '/network/layers/0',
    },
  );
  await steps(
    'jacobian',
    { network: steep, batch: one, of: 'inputs' },
    {
      step: 'jacobian',
      layer: 0,
      detail: 'jacobian[0][0] of layer 0 is Infinity, the first value that is not finite',
      pointer: '/network/layers/0',
    },
  );
  const large = {
    network: { layers: [{ weights: [[1e200], [1e200]] }, { weights: [[1e200, 1]] }] },
    batch: { inputs: [[1e-250]] },
  };
  t.equal((await post(app, { ...large, of: 'parameters' }, {}, '/jacobian')).statusCode, 200);
  await steps(
    'jacobian',
    { network: steep, batch: { inputs: [[1e150]] }, of: 'parameters' },
    {
      step: 'pre_activations',
      layer: 0,
      detail: 'pre_activations[0][0] of layer 0 is Infinity, the first value that is not finite',
      pointer: '/network/layers/0',
    },
  );
  const overflowing = { layers: [{ weights: [[1e-100]], biases: [1] }, { weights: [[1e170]] }, { weights: [[1e170]] }] };
  await steps(
    'jacobian',
    {
      network: { layers: overflowing.layers.map((layer, k) => (k === 0 ? { ...layer, biases: [0] } : layer)) },
      batch: one,
      of: 'parameters',
    },
    {
      step: 'jacobian',
      layer: 0,
      detail: 'jacobian of weights[0][0] of layer 0 is NaN, the first value that is not finite',
      pointer: '/network/layers/0',
    },
  );
  const flat = { network: steep, batch: { inputs: [[1e-100]], targets: [[0]] }, loss: 'l1' };
  await steps(
    'hvp',
    { ...flat, vector: [{ weights: [[1e308]] }] },
    {
      step: 'products',
      layer: 0,
      detail: 'products of weights[0][0] of layer 0 is NaN, the first value that is not finite',
      pointer: '/network/layers/0',
    },
  );
  await steps(
    'hessian',
    { network: { layers: [{ weights: [[0]], biases: [0] }, { weights: [[1e200]] }] }, batch: { inputs: [[1]], targets: [[0]] } },
    {
      step: 'hessian',
      layer: undefined,
      detail: 'hessian[0][0] is Infinity, the first value that is not finite',
      pointer: '/loss',
    },
  );
  await steps(
    'hvp',
    { network: { layers: [{ weights: [[1]] }] }, batch: { inputs: [[1]], targets: [[0]] }, vector: [{ weights: [[1e200]] }] },
    {
      step: 'gradients',
      layer: undefined,
      detail: 'the curvature, vector . products, is beyond the largest float64',
      pointer: '/vector',
    },
  );
});

t.test('steps whose loss is not defined, or not finite, have none', async (t) => {
  const app = await startApp();
  const rate = { layers: [{ weights: [[1]] }] };
  const ask = async (request: object) => (await post(app, request, {}, '/hessian')).json();
  // A rate below 0 has no logarithm.
  const poisson = {
    network: rate,
    batch: { inputs: [[1]], targets: [[0.001]] },
    loss: { type: 'poisson_nll', log_input: false },
    damping: [0],
  };
  const outside = await ask(poisson);
  t.ok(outside.steps[0].step[0].weights[0][0] < -1, JSON.stringify(outside));
  t.notOk('loss' in outside.steps[0]);
  const exponential = { layers: [{ weights: [[0]], activation: 'exp' }] };
  const beyond = await ask({
    network: exponential,
    batch: { inputs: [[1]], targets: [[1e7]] },
    loss: 'l1',
    matrix: 'gauss_newton',
    damping: [1e-5],
  });
  t.notOk('loss' in beyond.steps[0], JSON.stringify(beyond));
  const far = { layers: [{ weights: [[1]] }] };
  const step = await post(
    app,
    { network: far, batch: { inputs: [[1e-156]], targets: [[1e153]] }, damping: [1e-312] },
    {},
    '/hessian',
  );
  t.equal(step.json().errors?.[0].pointer, '/damping', step.body);
});

t.test('an indefinite matrix is solved, too', async (t) => {
  const app = await startApp();
  const saddle = {
    network: { layers: [{ weights: [[1]] }, { weights: [[1]] }] },
    batch: { inputs: [[1]], targets: [[10]] },
    damping: [0],
  };
  const { hessian, gradients, steps } = (await post(app, saddle, {}, '/hessian')).json();
  const [[a, b], [, c]] = hessian;
  t.ok(a * c - b * b < 0, 'a saddle');
  const [x, y] = steps[0].step.map(({ weights }: { weights: number[][] }) => weights[0][0]);
  const [g, h] = gradients.map(({ weights }: { weights: number[][] }) => weights[0][0]);
  t.ok(Math.abs(a * x + b * y + g) < 1e-13 && Math.abs(b * x + c * y + h) < 1e-13);
});
