// What otherwise happens in a thread, on this one: hostile bodies, and bounds.
import t from 'tap';
import type { GradientsRequest } from '../schemas/gradients.ts';
import { answer, type Phase, phases } from '../src/answer.ts';
import { mlMatrix } from '../src/linalg/ml-matrix.ts';
import { Refusal } from '../src/refusal.ts';

const JSON_TYPE = 'application/json';

function answerTo(body: string, memory = 2 ** 30): string {
  const bytes = new Uint8Array(Buffer.from(body));
  return answer({ bytes, mediaType: JSON_TYPE, accept: JSON_TYPE }, mlMatrix, { memory }).toString();
}

function refused(body: string, memory?: number) {
  try {
    answerTo(body, memory);
  } catch (error) {
    if (error instanceof Refusal) return { type: error.type, ...error.refused };
    throw error;
  }
  return undefined;
}

t.test('nesting deeper than any stack', async (t) => {
  t.match(refused('['.repeat(100_000)), { type: 'malformed-body', detail: 'not JSON: Unexpected end of JSON input' });
  const nested = `${'['.repeat(100_000)}":"${']'.repeat(100_000)}`;
  t.match(refused(nested), { type: 'invalid-request', errors: [{ pointer: '', detail: 'expected an object, got a list' }] });
});

t.test('the memory that a request takes', async (t) => {
  const request: GradientsRequest = { network: { layers: [{ weights: [[1]] }] }, batch: { inputs: [[1]], targets: [[1]] } };
  // X, dX, Z, A, dA, dZ, a weight and room for a bias in float64; and the weight's gradient, and the bias's, as text.
  const needed = 8 * 8 + 2 * 32;
  t.equal(refused(JSON.stringify(request), needed), undefined);
  const detail = `the values asked for take up to ${needed} bytes, more than the limit of ${needed - 1} bytes (MAX_MEMORY)`;
  t.strictSame(refused(JSON.stringify(request), needed - 1), {
    type: 'too-much-memory',
    detail,
    errors: [{ pointer: '/batch/inputs', detail }],
  });
  const withOutputs = JSON.stringify({ ...request, include: ['outputs'] });
  t.match(refused(withOutputs, needed), { errors: [{ pointer: '/include' }] });
});

t.test('the phases of a request, as far as it comes', async (t) => {
  const ended = (body: string) => {
    const seen: Phase[] = [];
    const task = { bytes: new Uint8Array(Buffer.from(body)), mediaType: JSON_TYPE, accept: JSON_TYPE } as const;
    try {
      answer(task, mlMatrix, { memory: 2 ** 30, ended: (phase) => seen.push(phase) });
    } catch (error) {
      t.ok(error instanceof Refusal);
    }
    return seen;
  };
  const layers = [{ weights: [[1]] }];
  const text = (inputs: unknown) => JSON.stringify({ network: { layers }, batch: { inputs, targets: [[1]] } });
  t.strictSame(ended(text([[1]])), phases);
  t.strictSame(ended(text([[1, 2]])), ['decode', 'check']);
  t.strictSame(ended(text(1)), ['decode']);
  t.strictSame(ended('{'), []);
});

const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => Array(columns).fill(1));

/** A body whose arrays are taken out of its text; `change` changes the text. */
function large(change: (text: string) => string = (text) => text): string {
  const layers = [{ weights: ones(100, 100), biases: ones(1, 100)[0], activation: 'tanh' }, { weights: ones(1, 100) }];
  return change(JSON.stringify({ network: { layers }, batch: { inputs: ones(50, 100), targets: ones(50, 1) } }));
}

t.test('a large body: the same answer time after time, and as by JSON.parse', async (t) => {
  const right = answerTo(large());
  for (let i = 0; i < 3; i++) t.equal(answerTo(large()), right);
  // Not ASCII, and so left to JSON.parse.
  t.equal(answerTo(`\u{feff}${large()}`), right);
  t.equal(JSON.parse(right).gradients[0].weights.length, 100);
});

t.test('a large body: what only looks like a tensor is none', async (t) => {
  for (const shape of ['[100,100]', '[1000,1000]', '[1,1]', '"ab"', '[-1,2]']) {
    const forged = large((text) => text.replace(/"weights":\[\[[\d,[\]]*?\]\]/, `"weights":{"data":[1],"shape":${shape}}`));
    t.match(refused(forged), {
      type: 'invalid-request',
      errors: [{ pointer: '/network/layers/0/weights', detail: 'expected a list of lists, got an object' }],
    });
  }
});

t.test('a large body that is all numbers where there should be none, or all arrays', async (t) => {
  const zeros = `[0${',0'.repeat(2 ** 20)}]`;
  t.match(refused(`{"network":${zeros}}`), { errors: [{ pointer: '/batch' }, { pointer: '/network', detail: 'got a list' }] });
  t.match(refused(`{"network":{"layers":[]},"batch":{"inputs":${zeros}}}`), { type: 'invalid-request' });
  t.match(refused('[1]'.repeat(2 ** 18)), { type: 'malformed-body', detail: 'line 1, column 4: end of file expected' });
});

t.test(
  'relu: the way back of an inactive unit is 0 in short arrays and in long ones, even of an infinite gradient',
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

t.test('a large body: what is wrong with it is said as of a small one', async (t) => {
  const wrong: [change: (text: string) => string, refusal: object][] = [
    [
      (text) => text.replace('"biases"', '"bias"'),
      { errors: [{ pointer: '/network/layers/0/bias', detail: 'unknown key "bias"' }] },
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
      { errors: [{ pointer: '/network/layers/0/weights/1', detail: 'expected 99 weights, as many as row 0 has, got 100' }] },
    ],
    [
      (text) => text.replace(/"biases":\[[^\]]*\]/, '"biases":[[1]]'),
      { errors: [{ pointer: '/network/layers/0/biases/0', detail: 'expected a finite number, got a list' }] },
    ],
  ];
  for (const [change, refusal] of wrong) t.match(refused(large(change)), refusal);
});
