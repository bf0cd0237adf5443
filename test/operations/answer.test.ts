// The answerer, run on the main thread: hostile bodies, and limits.
import t, { type Test } from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { readConfig } from '../../src/config.ts';
import { loadEngine } from '../../src/linalg/engines.ts';
import { Answerer, type Prepared } from '../../src/operations/answer.ts';
import { type Limits, limitsOf } from '../../src/operations/limits.ts';
import { operations } from '../../src/operations/registry.ts';
import { answerPhases, type Report } from '../../src/operations/report.ts';
import { Refusal } from '../../src/refusal.ts';

const JSON_TYPE = 'application/json';

const defaults = limitsOf(readConfig({}));

const engine = loadEngine({ name: 'ml-matrix' });

function answerTo(body: string, limits: Partial<Limits> = {}, report: Report = { phases: {} }): string {
  const task = {
    operation: 'gradients',
    bytes: new Uint8Array(Buffer.from(body)),
    mediaType: JSON_TYPE,
    answerType: JSON_TYPE,
  } as const;
  const answerer = new Answerer(operations, engine, { ...defaults, ...limits });
  return engine.scratch.recycle(() => (answerer.prepare(task, report) as Prepared).run().toString());
}

function refused(body: string, limits?: Partial<Limits>) {
  try {
    answerTo(body, limits);
  } catch (error) {
    if (error instanceof Refusal) return { type: error.type, ...error.refused };
    throw error;
  }
  return undefined;
}

t.test('nesting deeper than the call stack', async (t) => {
  const detail = 'lists and objects nest deeper than 32 (MAX_DEPTH)';
  for (const endless of ['['.repeat(100_000), '{"a":'.repeat(100_000)])
    t.strictSame(refused(endless), { type: 'malformed-body', detail: `not JSON: ${detail}, and they do not close` });
  const nested = `${'['.repeat(100_000)}":"${']'.repeat(100_000)}`;
  t.strictSame(refused(nested), { type: 'invalid-request', detail, errors: [{ pointer: '', detail }] });
});

/** Asserts that a limit admits a request that needs exactly as much, and that one less refuses it with `detail`. */
function checkLimit(
  t: Test,
  body: object,
  name: keyof Limits,
  needed: number,
  refusal: { type: string; pointer: string; detail: string },
) {
  const text = JSON.stringify(body);
  t.equal(refused(text, { [name]: needed }), undefined);
  const { type, pointer, detail } = refusal;
  t.strictSame(refused(text, { [name]: needed - 1 }), { type, detail, errors: [{ pointer, detail }] });
}

t.test('the cost of a request is limited before anything is computed', async (t) => {
  const request: GradientsRequest = { network: { layers: [{ weights: [[1]] }] }, batch: { inputs: [[1]], targets: [[1]] } };
  const fewer = 'send fewer samples at a time and merge the answers by their divisors';
  // A multiplication and an addition: forward, for the weight gradient, and for the input gradient.
  checkLimit(t, request, 'MAX_FLOPS', 6, {
    type: 'too-many-operations',
    pointer: '/batch/inputs',
    detail: `the request takes up to 6 floating-point operations, more than the limit of 5 (MAX_FLOPS): send it as a job (Prefer: respond-async), or ${fewer}`,
  });
  // X, dX, Z, A, dA, dZ, a weight, and room for a bias.
  checkLimit(t, request, 'MAX_MEMORY', 64, {
    type: 'too-much-memory',
    pointer: '/batch/inputs',
    detail: `the values to compute take up to 64 bytes, more than the limit of 63 (MAX_MEMORY): ${fewer}`,
  });
  // The weight gradient, and room for a bias gradient, as text.
  checkLimit(t, request, 'MAX_ANSWER', 64, {
    type: 'answer-too-large',
    pointer: '/batch/inputs',
    detail: `the answer takes up to 64 bytes, more than the limit of 63 (MAX_ANSWER): ${fewer}, or accept safetensors`,
  });
  checkLimit(t, { ...request, include: ['per_sample_gradients'] }, 'MAX_ANSWER', 128, {
    type: 'answer-too-large',
    pointer: '/include',
    detail: `the answer takes up to 128 bytes, more than the limit of 127 (MAX_ANSWER): ask for less in include, or ${fewer}, or accept safetensors`,
  });
});

t.test('the complexity of a document is limited while it is read', async (t) => {
  const layers = Array.from({ length: 5 }, () => ({ weights: [[1]], activation: { type: 'relu' } }));
  const request = { network: { layers }, batch: { inputs: [[1]], targets: [[1]] } };
  checkLimit(t, request, 'MAX_LAYERS', 5, {
    type: 'too-complex',
    pointer: '/network/layers',
    detail: 'there are more layers than the limit of 4 (MAX_LAYERS): send a smaller network',
  });
  // request, network, batch; per layer, the layer, its activation, and their three keys; five keys outside of layers.
  const keys = 3 + 5 * 5 + 5;
  checkLimit(t, request, 'MAX_KEYS', keys, {
    type: 'too-complex',
    pointer: '',
    detail: `there are more keys and objects than the limit of ${keys - 1} (MAX_KEYS): send a smaller network`,
  });
  // The contents of strings do not count.
  const quoted = JSON.stringify({ ...request, loss: '{{[[::\\"[[[[[' });
  t.match(refused(quoted, { MAX_DEPTH: 6 }), { errors: [{ pointer: '/loss', detail: 'unknown loss' }] });
  checkLimit(t, request, 'MAX_DEPTH', 6, {
    type: 'invalid-request',
    pointer: '',
    detail: 'lists and objects nest deeper than 5 (MAX_DEPTH)',
  });
  const long = (text: string) => text + ' '.repeat(20_000);
  for (const limits of [{ MAX_LAYERS: 4 }, { MAX_KEYS: keys - 1 }])
    t.match(refused(long(JSON.stringify(request)), limits), { type: 'too-complex' }, 'in a long body');
});

t.test('the phases of a request, as far as it gets, and its sizes', async (t) => {
  const reported = (body: string) => {
    const report: Report = { phases: {} };
    try {
      answerTo(body, {}, report);
    } catch (error) {
      t.ok(error instanceof Refusal);
    }
    return { ...report, phases: Object.keys(report.phases) };
  };
  const layers = [{ weights: [[1]] }];
  const text = (inputs: unknown) => JSON.stringify({ network: { layers }, batch: { inputs, targets: [[1]] } });
  t.strictSame(reported(text([[1]])), { phases: answerPhases, sizes: { samples: 1, features: 1, units: [1] }, flops: 6 });
  t.strictSame(reported(text([[1, 2]])), { phases: ['decode'] });
  t.strictSame(reported(text(1)), { phases: [] });
  t.strictSame(reported('{'), { phases: [] });
});

const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => Array(columns).fill(1));

/** A large body; `change` modifies its text. */
function large(change: (text: string) => string = (text) => text): string {
  const layers = [{ weights: ones(100, 100), biases: ones(1, 100)[0], activation: 'tanh' }, { weights: ones(1, 100) }];
  return change(JSON.stringify({ network: { layers }, batch: { inputs: ones(50, 100), targets: ones(50, 1) } }));
}

t.test('a large body: the same answer every time, with and without a byte order mark', async (t) => {
  const right = answerTo(large());
  for (let i = 0; i < 3; i++) t.equal(answerTo(large()), right);
  // Not ASCII, because of the byte order mark.
  t.equal(answerTo(`\u{feff}${large()}`), right);
  t.equal(JSON.parse(right).gradients[0].weights.length, 100);
});

t.test('a large body: an object that looks like a tensor is not one', async (t) => {
  for (const shape of ['[100,100]', '[1000,1000]', '[1,1]', '"ab"', '[-1,2]']) {
    const forged = large((text) => text.replace(/"weights":\[\[[\d,[\]]*?\]\]/, `"weights":{"data":[1],"shape":${shape}}`));
    t.match(refused(forged), {
      type: 'invalid-request',
      errors: [{ pointer: '/network/layers/0/weights', detail: 'expected a list of lists, got an object' }],
    });
  }
});

t.test('a large body with numbers or arrays in all places', async (t) => {
  const zeros = `[0${',0'.repeat(2 ** 20)}]`;
  t.match(refused(`{"network":${zeros}}`), { errors: [{ pointer: '/batch' }, { pointer: '/network', detail: 'got a list' }] });
  t.match(refused(`{"network":{"layers":[]},"batch":{"inputs":${zeros}}}`), { type: 'invalid-request' });
  t.match(refused('[1]'.repeat(2 ** 18)), { type: 'malformed-body', detail: 'line 1, column 4: end of file expected' });
});

t.test(
  'relu: the gradient of an inactive unit is 0 in short and long arrays, even if the incoming gradient is infinite',
  async (t) => {
    for (const samples of [1, 100]) {
      const batch = { inputs: ones(samples, 1), targets: Array.from({ length: samples }, () => [-2e150 * samples]) };
      const layers = [{ weights: [[-1]], activation: 'relu' }, { weights: [[1e200]] }];
      const answer = JSON.parse(answerTo(JSON.stringify({ network: { layers }, batch, loss: { type: 'l1', reduction: 'sum' } })));
      t.strictSame(answer.gradients[0].weights, [[0]]);
      const steep = JSON.stringify({ network: { layers: [layers[0], { weights: [[1e308]] }] }, batch, loss: 'mse' });
      t.equal(refused(steep), undefined, `${samples} samples`);
    }
  },
);

t.test('a large body: errors are the same as in a small one', async (t) => {
  const wrong: [change: (text: string) => string, refusal: object][] = [
    [
      (text) => text.replace('"biases"', '"bias"'),
      { errors: [{ pointer: '/network/layers/0/bias', detail: 'unknown key "bias": it is biases here' }] },
    ],
    [(text) => text.replace('"tanh"', '"tan"'), { errors: [{ detail: 'nearest is "tanh"' }] }],
    [
      (text) => text.replace('"inputs":', '"inputs":1,"inputs":'),
      { errors: [{ pointer: '/batch/inputs', detail: /the key stands twice, again at line 1, column \d{5}/ }] },
    ],
    [(text) => text.slice(0, -1), { type: 'malformed-body', detail: /^not JSON: line 1, column \d{5}: close brace expected/ }],
    [
      (text) => text.replace('[1,', '[1e999,'),
      { errors: [{ pointer: '/network/layers/0/weights/0/0', detail: 'beyond the range of float64' }] },
    ],
    [
      (text) => text.replace('[1,', '[null,'),
      { errors: [{ pointer: '/network/layers/0/weights/0/0', detail: 'expected a finite number, got null' }] },
    ],
    [
      (text) => text.replace('[1,', '['),
      { errors: [{ pointer: '/network/layers/0/weights/0', detail: 'expected 100 weights, as many as most rows have, got 99' }] },
    ],
    [
      (text) => text.replace(/"biases":\[[^\]]*\]/, '"biases":[[1]]'),
      {
        errors: [
          { pointer: '/network/layers/0/biases', detail: 'expected a list of numbers, got 1 row of 1: write a flat list, [1]' },
        ],
      },
    ],
  ];
  for (const [change, refusal] of wrong) t.match(refused(large(change)), refusal);
});
