// POST /check: the answer, findings about shapes, orientation, media types, datasets, and refusals.
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import type { CheckAnswer } from '../../schemas/check.ts';
import { checkExamples } from '../../schemas/check-examples.ts';
import { startApp, validRequest } from '../support/app.ts';
import { encodeSafetensors, SAFETENSORS } from '../support/safetensors-file.ts';
import { explainsAll, wrongIn } from './candidates.ts';
import { checkOf, reluCe, tanhMse, wrong } from './corpus.ts';
import { map, sum0, T } from './numpy.ts';
import { type Problem, requestOf, rightLines, run } from './program.ts';

const post = (app: FastifyInstance, body: object | string, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/check',
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function check(t: Test, app: FastifyInstance, body: object): Promise<CheckAnswer> {
  const response = await post(app, body);
  t.equal(response.statusCode, 200, response.body.slice(0, 500));
  t.equal(response.headers['content-type'], 'application/json');
  return response.json();
}

/** The request for a right candidate with one part replaced. */
const withCandidate = (p: Problem, candidate: object) => ({ ...requestOf(p), candidate });
const { loss, outputs, gradients, trace } = run(tanhMse, {});

/** The gradients with those of layer k replaced. */
const withLayer = (k: number, layer: object) => gradients.map((one, j) => (j === k ? { ...one, ...layer } : one));

t.test('the examples of the documentation', async (t) => {
  const app = await startApp();
  for (const { request, answer } of Object.values(checkExamples)) {
    const got = await check(t, app, request);
    t.strictSame(Object.keys(got), Object.keys(answer));
    t.strictSame(
      got.checks.map(({ pointer, agrees, ratio }) => ({ pointer, agrees, ratio })),
      answer.checks.map(({ pointer, agrees, ...check }) => ({
        pointer,
        agrees,
        ratio: 'ratio' in check ? check.ratio : undefined,
      })),
    );
    t.strictSame(
      got.diagnoses.map(({ residual, ...diagnosis }) => diagnosis),
      answer.diagnoses.map(({ residual, ...diagnosis }) => diagnosis),
    );
    t.ok(got.diagnoses.every(({ residual }) => residual < 1e-9));
  }
});

t.test('one check for each array, in the order of the computation', async (t) => {
  const app = await startApp();
  const answer = await check(t, app, withCandidate(tanhMse, { gradients, loss, outputs, trace }));
  t.match(answer, { agrees: true, first_difference: null, diagnoses: [] });
  const places = answer.checks.map(({ pointer }) => pointer.replace('/candidate/', ''));
  t.strictSame(places.slice(0, 3), ['trace/0/inputs', 'trace/0/pre_activations', 'trace/0/outputs']);
  t.strictSame(places.slice(9, 17), [
    'outputs',
    'loss',
    'trace/2/output_gradients',
    'trace/2/pre_activation_gradients',
    'gradients/2/weights',
    'gradients/2/biases',
    'trace/2/input_gradients',
    'trace/1/output_gradients',
  ]);
  t.equal(places.length, 9 + 2 + 3 * 5);
  t.ok(answer.checks.every(({ relative_error }) => (relative_error as number) < 1e-13));
});

t.test('the worst number, and the ratio', async (t) => {
  const app = await startApp();
  const biases = gradients[1].biases as number[];
  const weights = gradients[0].weights.map((row) => row.map((x) => 3 * x));
  const other = biases.map((x, i) => (i === 3 ? x + 1 : x));
  const answer = await check(t, app, withCandidate(tanhMse, { gradients: [{ weights }, { biases: other }] }));
  const [ofBiases, ofWeights] = answer.checks;
  t.match(ofBiases, { agrees: false, ratio: null, worst: { index: [3], candidate: other[3] } });
  t.ok(Math.abs((ofBiases.worst?.right as number) - biases[3]) < 1e-15);
  t.match(ofWeights, { agrees: false, worst: { index: { length: 2 } } });
  t.ok(Math.abs((ofWeights.ratio as number) - 3) < 1e-12);
  t.ok(Math.abs((ofWeights.relative_error as number) - 2) < 1e-12);
  t.match(answer.diagnoses, [{ mistake: 'constant-factor', pointer: '/network/layers/0/weights' }]);
});

t.test('an array that should be 0', async (t) => {
  const app = await startApp();
  const request = validRequest();
  const dead = {
    ...request,
    network: { layers: [{ ...request.network.layers[0], activation: 'relu', biases: [-9, -9] }, request.network.layers[1]] },
  };
  const answer = await check(t, app, { ...dead, candidate: { gradients: [{ biases: [0, 0] }, { weights: [[0, 1e-9]] }] } });
  t.match(answer.checks, [
    { pointer: '/candidate/gradients/1/weights', agrees: false, relative_error: null },
    { pointer: '/candidate/gradients/0/biases', agrees: true, relative_error: 0 },
  ]);
});

t.test('wrong shapes are findings', async (t) => {
  const app = await startApp();
  const biases = gradients[1].biases as number[];
  const cases: [string, object, object, string | undefined][] = [
    ['a row', { biases: [biases] }, { shape: [1, 5], expected_shape: [5] }, 'bias-kept-dimension'],
    ['a column', { biases: biases.map((x) => [x]) }, { shape: [5, 1], expected_shape: [5] }, 'bias-kept-dimension'],
    ['a number', { biases: biases.reduce((a, b) => a + b) }, { shape: [], expected_shape: [5] }, 'bias-summed-over-units'],
    ['transposed', { weights: T(gradients[1].weights) }, { shape: [4, 5], expected_shape: [5, 4] }, 'weights-transposed'],
    ['flat', { weights: gradients[1].weights.flat() }, { shape: [20], expected_shape: [5, 4] }, undefined],
    ['too short', { weights: gradients[1].weights.slice(1) }, { shape: [4, 4], expected_shape: [5, 4] }, undefined],
    [
      'ragged',
      { weights: gradients[1].weights.map((row, i) => row.slice(i % 2)) },
      { shape: [5], row_lengths: [4, 3, 4, 3, 4], expected_shape: [5, 4] },
      undefined,
    ],
    ['a number for a matrix', { weights: 1 }, { shape: [], expected_shape: [5, 4] }, undefined],
  ];
  for (const [what, layer, finding, mistake] of cases) {
    const answer = await check(t, app, withCandidate(tanhMse, { gradients: withLayer(1, layer) }));
    const [wrong] = answer.checks.filter(({ agrees }) => !agrees);
    t.match(wrong, finding, what);
    t.notOk('relative_error' in wrong, what);
    t.equal(answer.diagnoses[0]?.mistake, mistake, what);
  }
});

t.test('transposed matrices of samples', async (t) => {
  const app = await startApp();
  const answer = await check(t, app, withCandidate(tanhMse, { gradients, outputs: T(outputs) }));
  t.match(answer, {
    agrees: false,
    first_difference: '/candidate/outputs',
    checks: [{ pointer: '/candidate/outputs', shape: [2, 6], expected_shape: [6, 2] }],
    diagnoses: [{ mistake: 'samples-as-columns', pointer: '/batch/samples', explains: ['/candidate/outputs'] }],
  });
  // With wrong numbers, it is a shape only.
  const other = await check(t, app, withCandidate(tanhMse, { outputs: map(T(outputs), (x, i, j) => x + i - j) }));
  t.strictSame(other.diagnoses, []);
  // The same beside another mistake, whose search takes the transposed matrix as it is meant.
  const both = await check(t, app, withCandidate(tanhMse, { outputs: T(outputs), gradients: withLayer(2, { biases: [0, 0] }) }));
  t.strictSame(
    both.diagnoses.map(({ mistake }) => mistake),
    ['samples-as-columns', 'gradient-zero'],
  );
});

t.test('samples in columns', async (t) => {
  const app = await startApp();
  const { network, batch, loss: given } = requestOf(tanhMse);
  const columns = { inputs: T(batch.inputs), targets: T(tanhMse.T), samples: 'columns' };
  const turned = trace.map((layer) =>
    Object.fromEntries(Object.entries(layer).map(([name, matrix]) => [name, T(matrix as number[][])])),
  );
  const right = await check(t, app, {
    network,
    batch: columns,
    loss: given,
    candidate: { outputs: T(outputs), trace: turned, gradients },
  });
  t.equal(right.agrees, true);
  const off = T(outputs).map((row, j) => row.map((y, i) => (i === 4 && j === 1 ? y + 5 : y)));
  const wrongOne = await check(t, app, { network, batch: columns, loss: given, candidate: { outputs: off } });
  t.match(wrongOne.checks[0].worst, { index: [1, 4], candidate: off[1][4] });
});

t.test('two mistakes in different layers, one in all, and one in the loss only', async (t) => {
  const app = await startApp();
  const two = await check(
    t,
    app,
    checkOf(
      wrong('derivative-twice', tanhMse, {
        dZ: (at) => (at.k === 0 ? map(rightLines.dZ(at), (d, i, j) => d * (1 - at.A[1][i][j] ** 2)) : rightLines.dZ(at)),
        db: (at) => (at.k === 2 ? at.dZ[0] : sum0(at.dZ)),
      }),
      false,
    ),
  );
  t.match(
    two.diagnoses.map(({ mistake, pointer }) => `${mistake} ${pointer}`),
    ['derivative-twice /network/layers/0/activation', 'bias-of-one-sample /network/layers/2/biases'],
  );
  t.ok(explainsAll(two));
  const all = await check(t, app, checkOf(wrong('derivative-left-out', tanhMse, { dZ: ({ dA }) => dA }), false));
  t.match(all.diagnoses, [{ mistake: 'derivative-left-out', pointer: '/network/layers', alternatives: [] }]);
  const half = await check(t, app, withCandidate(tanhMse, { loss: loss / 2, gradients }));
  t.match(half, {
    first_difference: '/candidate/loss',
    diagnoses: [{ mistake: 'factor-half', pointer: '/loss', explains: ['/candidate/loss'] }],
  });
});

t.test('slopes', async (t) => {
  const app = await startApp();
  const slopesOf = (slope: (a: number) => number) =>
    trace.map((layer, k) => ({ slopes: map((layer as { outputs: number[][] }).outputs, (a) => (k < 2 ? slope(a) : 1)) }));
  t.equal((await check(t, app, withCandidate(tanhMse, { trace: slopesOf((a) => 1 - a * a), gradients }))).agrees, true);
  const answer = await check(t, app, withCandidate(tanhMse, { trace: slopesOf((a) => 1 - a) }));
  t.match(answer, {
    first_difference: '/candidate/trace/1/slopes',
    diagnoses: [
      {
        mistake: 'square-left-out',
        pointer: '/network/layers',
        explains: ['/candidate/trace/1/slopes', '/candidate/trace/0/slopes'],
      },
    ],
  });
  const unknown = await check(t, app, withCandidate(tanhMse, { trace: slopesOf((a) => 1 - a ** 4), gradients }));
  t.strictSame(unknown.diagnoses, []);
  const dZ = trace.map((layer) => ({ ...layer, slopes: slopesOf((a) => 1 - a ** 4)[0].slopes }));
  const traced = await check(t, app, withCandidate(tanhMse, { trace: [dZ[0]], gradients }));
  t.equal(traced.first_difference, '/candidate/trace/0/slopes');
  t.strictSame(wrongIn(traced), ['/candidate/trace/0/slopes']);
});

t.test('media types', async (t) => {
  const app = await startApp();
  const request = { ...requestOf(reluCe), candidate: { loss: 1 } };
  const refused = await post(app, request, { accept: SAFETENSORS });
  t.equal(refused.statusCode, 406);
  t.match(refused.json().detail, 'there is application/json');
  const tensors = new Map([
    ['network.layers.0.weights', { shape: [1, 2], values: Float64Array.of(1, 2) }],
    ['batch.inputs', { shape: [1, 2], values: Float64Array.of(1, 1) }],
    ['batch.targets', { shape: [1, 1], values: Float64Array.of(0) }],
    ['candidate.loss', { shape: [], values: Float64Array.of(9) }],
    ['candidate.gradients.0.weights', { shape: [1, 2], values: Float64Array.of(3, 3) }],
  ]);
  const response = await app.inject({
    method: 'POST',
    url: '/check',
    headers: { 'content-type': SAFETENSORS, accept: `${SAFETENSORS}, application/json;q=0.5` },
    payload: encodeSafetensors(tensors, { request: '{}' }),
  });
  t.equal(response.headers['content-type'], 'application/json');
  t.match(response.json(), {
    agrees: false,
    first_difference: '/candidate/gradients/0/weights',
    diagnoses: [{ mistake: 'factor-half', alternatives: [] }],
  });
});

t.test('a dataset', async (t) => {
  const app = await startApp();
  const { network, batch, loss: given } = requestOf(tanhMse);
  const put = await app.inject({
    method: 'PUT',
    url: '/datasets/data',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(batch),
  });
  t.equal(put.statusCode, 201, put.body);
  const answer = await check(t, app, {
    network,
    loss: given,
    batch: { dataset: 'data' },
    candidate: { loss, gradients, outputs },
  });
  t.equal(answer.agrees, true);
});
