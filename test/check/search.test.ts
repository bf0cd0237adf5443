// Corners of the search: what only a trace shows, what cannot be told, large networks, and differences that no mistake explains.
import t from 'tap';
import { check, explainsAll } from './candidates.ts';
import { checkOf, reluCe, squareTanh, tanhCe, tanhMse, wrong } from './corpus.ts';
import { dot, map, plus, scale, softmaxRows, sum0, T, times } from './numpy.ts';
import { df, f, type Problem, problem, requestOf, rightLines, run } from './program.ts';

const right = rightLines;
const named = (request: object) => check(request).diagnoses.map(({ mistake }) => mistake);
const ofLines = (p: Problem, lines: Parameters<typeof run>[1], withTrace = false) =>
  checkOf(wrong('constant-factor', p, lines), withTrace);

t.test('formulas of other activations', async (t) => {
  const at = (name: string, slope: (z: number, a: number) => number) => {
    const p = problem(300, [3, 4, 2], [name, 'identity'], 'mse');
    const lines = {
      dZ: (line: Parameters<typeof right.dZ>[0]) =>
        line.k
          ? line.dA
          : times(
              line.dA,
              map(line.Z[0], (z, i, j) => slope(z, line.A[1][i][j])),
            ),
    };
    return named(ofLines(p, lines));
  };
  t.strictSame(
    at('softplus', (z) => 1 - Math.exp(-z)),
    ['derivative-at-pre-activation'],
  );
  t.strictSame(
    at('softsign', (z) => (1 - Math.abs(z)) ** 2),
    ['derivative-at-pre-activation'],
  );
  t.strictSame(
    at('elu', (z) => (z > 0 ? 1 : z + 1)),
    ['derivative-at-pre-activation'],
  );
  t.strictSame(
    at('logsigmoid', (z) => 1 - Math.exp(z)),
    ['derivative-at-pre-activation'],
  );
  t.strictSame(
    at('softsign', (_, a) => 1 - Math.abs(a)),
    ['square-left-out'],
  );
  t.strictSame(
    at('softplus', (z) => 1 / (1 + Math.exp(z))),
    ['sign-inside-derivative'],
  );
  t.strictSame(
    at('mish', (z) => f.mish(z) / z),
    ['product-rule-left-out'],
  );
  t.strictSame(
    at('silu', (z) => df.silu(z) - f.sigmoid(z)),
    ['product-rule-left-out'],
  );
  t.strictSame(
    at('gelu_tanh', (z) => df.gelu(z)),
    ['gelu-derivative-of-other-form'],
  );
  const exp = at('exp', (z) => z);
  t.ok(['derivative-at-pre-activation', 'pre-activation-in-place-of-derivative'].includes(exp[0]));
});

t.test('gelu by tanh, computed exactly', async (t) => {
  const p = problem(301, [3, 4, 2], ['gelu_tanh', 'identity'], 'mse');
  const exact = { ...p, activations: ['gelu', 'identity'] };
  t.strictSame(named({ ...requestOf(p), candidate: run(exact, {}) }), ['gelu-of-other-form']);
});

t.test('one sample', async (t) => {
  const p = problem(302, [3, 4, 3], ['tanh', 'identity'], 'cross_entropy', { samples: 1 });
  t.strictSame(named(ofLines(p, { dW: (at) => dot(T(at.dA), at.A[at.k]) })), ['weights-from-output-gradients']);
  const { gradients } = run(p, {});
  const unknown = gradients.map(({ weights, biases }) => ({ weights, biases: (biases as number[]).map((x, i) => x + i + 1) }));
  t.strictSame(named({ ...requestOf(p), candidate: { gradients: unknown } }), []);
});

t.test('class probabilities as targets', async (t) => {
  const { network, batch } = requestOf(tanhCe);
  const targets = softmaxRows(map(tanhCe.X, (x) => 2 * x));
  const loss = { type: 'cross_entropy', label_smoothing: 0.2 };
  const others = map(targets, (q) => q * 0.8 + ((1 - q) * 0.2) / 2);
  const dY = (_: Problem, Y: number[][]) => map(softmaxRows(Y), (y, i, j) => (y - others[i][j]) / Y.length);
  const { gradients } = run(tanhCe, { dY });
  t.strictSame(named({ network, batch: { inputs: batch.inputs, targets }, loss, candidate: { gradients } }), [
    'label-smoothing-on-other-classes',
  ]);
});

t.test('ignored samples', async (t) => {
  const p = {
    ...reluCe,
    classes: reluCe.classes.map((k, i) => (i % 3 ? k : -1)),
    lossOptions: { ignore_index: -1, reduction: 'sum' },
  };
  const dY = (_: Problem, Y: number[][]) => map(softmaxRows(Y), (y, i, j) => y - (p.classes[i] === j ? 1 : 0));
  t.strictSame(named(ofLines(p, { dY })), ['ignored-samples-counted']);
  // All of them: the divisor of a mean would be 0.
  const none = { ...p, classes: p.classes.map(() => -1) };
  const answer = check({ ...requestOf(none), candidate: { loss: 1 } });
  t.match(answer, { agrees: false, checks: [{ relative_error: null }], diagnoses: [] });
});

t.test('a penalty that is missing in the loss only', async (t) => {
  const p = { ...tanhMse, penalty: { l2: 0.3 } };
  const { gradients } = run(p, {});
  const { loss } = run(tanhMse, {});
  t.match(check({ ...requestOf(p), candidate: { loss, gradients } }).diagnoses, [
    { mistake: 'penalty-left-out', pointer: '/penalty', explains: ['/candidate/loss'] },
  ]);
  const other = check({ ...requestOf(p), candidate: { loss: loss + 0.1234, gradients } });
  t.strictSame([other.diagnoses, other.first_difference], [[], '/candidate/loss']);
});

t.test('weight decay that the request does not have', async (t) => {
  // Of the last layer, two biases and two weights alone would not tell a constant.
  const p = problem(60, [3, 4, 1], ['tanh', 'identity'], 'mse');
  const narrow = problem(61, [3, 2, 1], ['tanh', 'identity'], 'mse');
  for (const [one, penalty, biases] of [
    [p, { l2: 0.02 }, false],
    [narrow, { l1: 0.003, biases: true }, true],
  ] as const) {
    const { loss, gradients } = run({ ...one, penalty }, {});
    const [[kind, strength]] = Object.entries(penalty);
    const layers = biases ? ['1/biases', '1/weights', '0/weights', '0/biases'] : ['1/weights', '0/weights'];
    const arrays = layers.map((place) => `/candidate/gradients/${place}`).toSorted();
    const [diagnosis, ...others] = check({ ...requestOf(one), candidate: { loss, gradients } }).diagnoses;
    t.strictSame([others, [...diagnosis.explains].sort()], [[], [...arrays, '/candidate/loss'].sort()]);
    t.match(diagnosis, {
      mistake: 'penalty-not-in-request',
      pointer: '/penalty',
      detail: `the gradient of an ${kind.toUpperCase()} penalty of strength ${strength} was added; the request has none, in layers[0], layers[1]`,
      alternatives: [],
    });
  }
  // Beside another mistake.
  const beside = run({ ...p, penalty: { l2: 0.02 } }, { db: (at) => sum0(at.dZ).map((x) => x / 6) });
  t.strictSame(
    check({ ...requestOf(p), candidate: { gradients: beside.gradients } })
      .diagnoses.map(({ mistake }) => mistake)
      .sort(),
    ['averaged-twice', 'penalty-not-in-request'],
  );
  // A loss with another penalty is not explained.
  const { gradients } = run({ ...p, penalty: { l2: 0.02 } }, {});
  const { loss } = run({ ...p, penalty: { l2: 0.05 } }, {});
  t.notOk(explainsAll(check({ ...requestOf(p), candidate: { loss, gradients } })));
});

t.test('other inputs: what follows is computed from them', async (t) => {
  const p = { ...tanhMse, X: map(tanhMse.X, (x) => 2 * x + 1) };
  const { trace, gradients } = run(p, { db: (at) => (at.k === 0 ? at.dZ[0] : sum0(at.dZ)) });
  const answer = check({ ...requestOf(tanhMse), candidate: { trace, gradients } });
  t.equal(answer.first_difference, '/candidate/trace/0/inputs');
  t.match(answer.diagnoses, [{ mistake: 'bias-of-one-sample', pointer: '/network/layers/0/biases' }]);
  t.equal(answer.diagnoses.length, 1);
});

t.test('weights that were updated, from one array of a trace', async (t) => {
  const dX = (at: Parameters<typeof right.dX>[0]) => dot(at.dZ, plus(at.W[at.k], scale(-0.2, at.dW)));
  const { trace, gradients } = run(tanhMse, { dX });
  for (const name of ['output_gradients', 'pre_activation_gradients', 'input_gradients']) {
    const some = trace.map((layer) => ({ [name]: (layer as Record<string, number[][]>)[name] }));
    t.strictSame(named({ ...requestOf(tanhMse), candidate: { trace: some } }), ['weights-after-update'], name);
  }
  // Without biases, and with a penalty.
  const weights = gradients.map((one) => ({ weights: one.weights }));
  t.strictSame(named({ ...requestOf(tanhMse), candidate: { gradients: weights } }), ['weights-after-update']);
  // One number does not tell the rate.
  const small = problem(303, [1, 1, 1], ['tanh', 'identity'], 'mse');
  const { gradients: of } = run(small, { dX });
  t.strictSame(named({ ...requestOf(small), candidate: { gradients: [{ biases: of[0].biases }] } }), []);
});

t.test('a mistake in layers of which the candidate has nothing', async (t) => {
  const { gradients } = run(tanhMse, {
    dZ: (at) =>
      at.k < 2
        ? times(
            at.dA,
            map(at.Z[at.k], (z) => df.tanh(z) ** 2),
          )
        : at.dA,
  });
  t.match(check({ ...requestOf(tanhMse), candidate: { gradients: [gradients[0]] } }).diagnoses, [
    { mistake: 'derivative-twice', explains: ['/candidate/gradients/0/weights', '/candidate/gradients/0/biases'] },
  ]);
  const passed = run(squareTanh, { dX: (at) => dot(at.dZ, at.k < 2 ? T(at.W[at.k]) : at.W[at.k]) });
  t.strictSame(named({ ...requestOf(squareTanh), candidate: { gradients: [passed.gradients[0]] } }), [
    'weights-not-transposed-backward',
  ]);
});

t.test('too few numbers for a constant', async (t) => {
  const p = problem(304, [2, 2], ['identity'], 'mse', { samples: 1 });
  const { trace } = run(p, {});
  const { output_gradients } = trace[0] as { output_gradients: number[][] };
  t.strictSame(named({ ...requestOf(p), candidate: { trace: [{ output_gradients: scale(0.37, output_gradients) }] } }), []);
  t.strictSame(named({ ...requestOf(p), candidate: { trace: [{ output_gradients: scale(-1, output_gradients) }] } }), [
    'sign-reversed',
  ]);
});

t.test('slopes that nothing explains, and dZ that is computed from them', async (t) => {
  const slopes = trace(tanhMse).map(({ outputs }, k) => map(outputs, (a) => (k < 2 ? 1 - a ** 4 : 1)));
  const lines = { dZ: (at: Parameters<typeof right.dZ>[0]) => times(at.dA, slopes[at.k]) };
  const wrongTrace = trace(tanhMse, lines).map((layer, k) => ({ ...layer, slopes: slopes[k] }));
  const answer = check({ ...requestOf(tanhMse), candidate: { trace: wrongTrace } });
  t.equal(answer.first_difference, '/candidate/trace/1/slopes');
  t.strictSame(answer.diagnoses, []);
  // The same with a mistake before: it explains the rest.
  const both = {
    ...lines,
    dX: (at: Parameters<typeof right.dX>[0]) => (at.k === 1 ? dot(at.dA, at.W[1]) : dot(at.dZ, at.W[at.k])),
  };
  const mixed = trace(tanhMse, both).map((layer, k) => ({ ...layer, slopes: slopes[k] }));
  t.match(check({ ...requestOf(tanhMse), candidate: { trace: mixed } }).diagnoses, [{ mistake: 'inputs-from-output-gradients' }]);
});

function trace(p: Problem, lines: Parameters<typeof run>[1] = {}) {
  return run(p, lines).trace as { outputs: number[][] }[];
}

t.test('a mistake with a constant', async (t) => {
  const dY = (p: Problem, Y: number[][]) => map(right.dY(p, Y), (d, i) => (i === Y.length - 1 ? 0.3 * d : 0));
  const [diagnosis] = check(ofLines(tanhMse, { dY })).diagnoses;
  t.match(diagnosis, { mistake: 'only-last-sample', detail: /and multiplied by 0\.3$/ });
  t.ok(Math.abs((diagnosis.factor as number) - 0.3) < 1e-9);
  const db = (at: Parameters<typeof right.db>[0]) => (at.k === 1 ? at.dZ[0].map((x) => 6 * x) : sum0(at.dZ));
  t.match(check(ofLines(tanhMse, { db })).diagnoses, [{ mistake: 'bias-of-one-sample', pointer: '/network/layers/1/biases' }]);
});

t.test('forward mistakes in a layer that the outputs show', async (t) => {
  const Z = (p: Problem, k: number, X: number[][]) => (k === 1 ? dot(X, T(p.W[1])) : right.Z(p, k, X));
  const { outputs, loss, gradients } = run(tanhMse, { Z });
  const answer = check({ ...requestOf(tanhMse), candidate: { outputs, loss, gradients } });
  t.match(answer.diagnoses, [{ mistake: 'bias-left-out', pointer: '/network/layers/1/biases' }]);
  t.ok(explainsAll(answer));
  // Outputs that nothing explains: the gradients are those of these outputs.
  const off = map(outputs, (y, i, j) => y + 0.1 * (i - j));
  const { gradients: ofOff } = run(tanhMse, {
    A: (p, k, z) => (k === 2 ? off : right.A(p, k, z)),
    db: (at) => (at.k === 2 ? at.dZ[0] : sum0(at.dZ)),
  });
  const other = check({ ...requestOf(tanhMse), candidate: { outputs: off, gradients: [{}, {}, ofOff[2]] } });
  t.match(other, { first_difference: '/candidate/outputs', diagnoses: [{ mistake: 'bias-of-one-sample' }] });
  t.equal(other.diagnoses.length, 1);
});

t.test('a layer without biases', async (t) => {
  const { network, ...request } = requestOf(tanhMse);
  const [first, ...layers] = network.layers;
  const b = tanhMse.b.with(0, [0, 0, 0, 0]);
  const { gradients } = run({ ...tanhMse, b }, { dZ: (at) => (at.k === 1 ? at.dA : right.dZ(at)) });
  const candidate = { gradients: [{ weights: gradients[0].weights }, ...gradients.slice(1)] };
  t.match(
    check({ ...request, network: { layers: [{ weights: first.weights, activation: first.activation }, ...layers] }, candidate })
      .diagnoses,
    [{ mistake: 'derivative-left-out', pointer: '/network/layers/1/activation' }],
  );
  const wrongInFirst = { gradients: [{ weights: map(gradients[0].weights, (x, i, j) => x + i + j) }] };
  t.strictSame(
    named({
      ...request,
      network: { layers: [{ weights: first.weights, activation: first.activation }, ...layers] },
      candidate: wrongInFirst,
    }),
    [],
  );
});
