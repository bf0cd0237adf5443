// Pasted arrays find their places in the candidate: by names of every convention, by shapes, transposed, and by hand.
import t from 'tap';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { readCandidate } from '../../../src/page/check/candidate.ts';
import type { PasteFault } from '../../../src/page/check/fault.ts';
import { check } from '../../../src/page/text/en/check.ts';

const fill = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => (100 * i + 10 * j + 5) / 100));

const unreadable = { message: 'the pasted text cannot be read' };

/** Layers of these sizes on 5 samples. */
function requestOf(sizes: readonly number[], samples?: 'columns'): GradientsRequest {
  const layers = sizes.slice(1).map((units, k) => ({ weights: fill(units, sizes[k]), biases: fill(1, units)[0] }));
  const matrix = (width: number) => (samples ? fill(width, 5) : fill(5, width));
  const batch = { inputs: matrix(sizes[0]), targets: matrix(sizes[sizes.length - 1]), ...(samples && { samples }) };
  return { network: { layers }, batch };
}

const request = requestOf([2, 3, 4]);

/** Where each array goes: the last parts of its pointer. */
function placesOf(text: string, of = request, chosen?: ReadonlyMap<string, string>): (string | undefined)[] {
  return readCandidate(text, of, chosen).placements.map(
    ({ slot, transposed, withBias }) =>
      slot && `${slot.pointer.replace('/candidate/', '')}${transposed ? ' transposed' : ''}${withBias ? ' with bias' : ''}`,
  );
}

const json = (...shapes: [name: string, rows: number, columns?: number][]) =>
  shapes
    .map(([name, rows, columns]) => `${name} = ${JSON.stringify(columns ? fill(rows, columns) : fill(1, rows)[0])}`)
    .join('\n');

const FOUR = ['gradients/0/weights', 'gradients/0/biases', 'gradients/1/weights', 'gradients/1/biases'];

const conventions: [name: string, names: [string, string, string, string]][] = [
  ['from 1', ['dW1', 'db1', 'dW2', 'db2']],
  ['from 0', ['dW0', 'db0', 'dW1', 'db1']],
  ['small letters', ['dw_1', 'db_1', 'dw_2', 'db_2']],
  ['PyTorch', ['0.weight.grad', '0.bias.grad', '2.weight.grad', '2.bias.grad']],
  ['modules with names', ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']],
  ['fc1, fc2', ['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias']],
  ['the service', ['gradients.0.weights', 'gradients.0.biases', 'gradients.1.weights', 'gradients.1.biases']],
  ['fractions', ['dL/dW1', 'dL/db1', 'dL/dW2', 'dL/db2']],
  ['∂', ['∂L/∂W1', '∂L/∂b1', '∂L/∂W2', '∂L/∂b2']],
  ['grad_', ['grad_W1', 'grad_b1', 'grad_W2', 'grad_b2']],
  ['.grad', ['W1.grad', 'b1.grad', 'W2.grad', 'b2.grad']],
  ['lists of Python', ['dW[0]', 'db[0]', 'dW[1]', 'db[1]']],
  ['cells of MATLAB', ['dW{1}', 'db{1}', 'dW{2}', 'db{2}']],
  ['nabla', ['nabla_w[0]', 'nabla_b[0]', 'nabla_w[1]', 'nabla_b[1]']],
  ['Keras', ['dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias']],
  ['words', ['Layer 1 weights', 'Layer 1 biases', 'Layer 2 weights', 'Layer 2 biases']],
];

t.test('names of gradients in every convention', async (t) => {
  for (const [convention, [W1, b1, W2, b2]] of conventions) {
    const text = json([b2, 4], [W2, 4, 3], [W1, 3, 2], [b1, 3]);
    t.strictSame(placesOf(text), [FOUR[3], FOUR[2], FOUR[0], FOUR[1]], convention);
  }
  const r = `[[1]]$W\n[1] 1 2 3 4 5 6\n`;
  t.strictSame(placesOf(`${r}\n[[1]]$b\n[1] 1 2 3\n\n[[2]]$b\n[1] 1 2 3 4\n`).slice(1), [FOUR[1], FOUR[3]], 'R');
  t.strictSame(placesOf(json(['dW2', 4, 3])), [FOUR[2]], 'one of them');
  t.strictSame(placesOf(json(['dW[1]', 4, 3])), [FOUR[2]], 'one of a list, from 0');
  t.strictSame(placesOf(json(['dW1', 4, 3])), [FOUR[2]], 'from 0 after all, by its shape');
  t.strictSame(placesOf(json(['dW1', 9, 9])), [FOUR[0]], 'of a wrong shape: for /check to say');
});

t.test('names of the values of the forward and the backward pass', async (t) => {
  const text = json(
    ['X', 5, 2],
    ['Z1', 5, 3],
    ['A1', 5, 3],
    ['Z2', 5, 4],
    ['y_hat', 5, 4],
    ['dA2', 5, 4],
    ['delta2', 5, 4],
    ['delta1', 5, 3],
    ['dX', 5, 2],
  );
  const expected = ['trace/0/inputs', 'trace/0/pre_activations', 'trace/0/outputs', 'trace/1/pre_activations', 'outputs'];
  const back = [
    'trace/1/output_gradients',
    'trace/1/pre_activation_gradients',
    'trace/0/pre_activation_gradients',
    'trace/0/input_gradients',
  ];
  t.strictSame(placesOf(text), [...expected, ...back]);
  t.strictSame(
    placesOf(json(['A[0]', 5, 2], ['A[1]', 5, 3], ['A[2]', 5, 4])),
    ['trace/0/inputs', 'trace/0/outputs', 'trace/1/outputs'],
    'A[0] is the input',
  );
  t.strictSame(
    placesOf(json(['a[0]', 5, 3], ['a[1]', 5, 4])),
    ['trace/0/outputs', 'trace/1/outputs'],
    'A[0] is the output of the first layer',
  );
  t.strictSame(placesOf(json(['Z[0]', 5, 3], ['dZ[1]', 5, 4], ['dY', 5, 4])), [
    'trace/0/pre_activations',
    'trace/1/pre_activation_gradients',
    'trace/1/output_gradients',
  ]);
  t.strictSame(placesOf(json(['grad_Z1', 5, 3], ['Z2.grad', 5, 4])), [
    'trace/0/pre_activation_gradients',
    'trace/1/pre_activation_gradients',
  ]);
  t.strictSame(placesOf(json(['trace.0.slopes', 5, 3], ['trace.1.output_gradients', 5, 4], ['trace.1.input_gradients', 5, 3])), [
    'trace/0/slopes',
    'trace/1/output_gradients',
    'trace/1/input_gradients',
  ]);
  const answer = { loss: 0.5, outputs: fill(5, 4), trace: [{ pre_activations: fill(5, 3) }, { outputs: fill(5, 4) }] };
  t.strictSame(readCandidate(JSON.stringify(answer), request).candidate, answer, 'an answer of the service');
  t.strictSame(placesOf(json(['y2', 5, 4], ['probs1', 5, 3], ['dA[1]', 5, 4])), [
    'trace/1/outputs',
    'trace/0/outputs',
    'trace/0/output_gradients',
  ]);
  t.strictSame(placesOf(json(['Z', 5, 4], ['dX', 5, 2], ['A9', 5, 4])), [undefined, 'trace/0/input_gradients', undefined]);
  const { network, batch } = request;
  const unbiased = { network: { layers: network.layers.map(({ weights }) => ({ weights })) }, batch };
  t.strictSame(placesOf(json(['dW1', 3, 2], ['db1', 3]), unbiased), ['gradients/0/weights', undefined]);
  t.strictSame(placesOf('J = 0.5\ny_true = [1, 2]\nfoo 0.1'), ['loss', undefined, undefined]);
});

t.test('arrays without names, by their shapes', async (t) => {
  const unnamed = (...shapes: [number, number?][]) =>
    shapes.map(([rows, columns]) => JSON.stringify(columns ? fill(rows, columns) : fill(1, rows)[0])).join('\n\n');
  const square = requestOf([3, 3, 3]);
  t.strictSame(placesOf(unnamed([3, 2], [3], [4, 3], [4])), FOUR);
  t.strictSame(placesOf(unnamed([4, 3], [4], [3, 2], [3])), [FOUR[2], FOUR[3], FOUR[0], FOUR[1]], 'from the last layer');
  t.strictSame(placesOf(unnamed([3, 3], [3, 3], [3], [3]), square), [FOUR[0], FOUR[2], FOUR[1], FOUR[3]], 'weights first');
  t.strictSame(placesOf(unnamed([4, 3])), [FOUR[2]], 'one alone');
  t.strictSame(placesOf(`0.25\n\n${unnamed([4, 3])}`), [undefined, FOUR[2]].with(0, 'loss'));
  t.strictSame(placesOf(unnamed([3, 3], [3]), requestOf([3, 3, 2])), [FOUR[0], FOUR[1]]);
  t.throws(() => placesOf(unnamed([3, 3]), square), unreadable, 'it could be either');
  t.strictSame(
    placesOf(unnamed([3, 3]), square, new Map([['1', '/candidate/gradients/1/weights']])),
    [FOUR[2]],
    'chosen by hand',
  );
  t.strictSame(
    placesOf(json(['dW1', 3, 2], ['dW2', 4, 3]), request, new Map([['dW1', '']])),
    [undefined, FOUR[2]],
    'left out by hand',
  );
  t.strictSame(
    placesOf(json(['dW1', 3, 2], ['dW2', 4, 3], ['dW1', 3, 2])),
    [undefined, FOUR[2], FOUR[0]],
    'the last of those that are printed again and again',
  );
});

t.test('transposed matrices, vectors as rows and columns, a bias in the first column', async (t) => {
  const { candidate, placements } = readCandidate(json(['dW1', 2, 3], ['dW2', 3, 4], ['db2', 4, 1]), request);
  t.ok(placements.slice(0, 2).every(({ transposed }) => transposed));
  t.strictSame(candidate.gradients?.[0].weights, [
    [0.05, 1.05],
    [0.15, 1.15],
    [0.25, 1.25],
  ]);
  t.strictSame(candidate.gradients?.[1].biases, [0.05, 1.05, 2.05, 3.05]);
  t.notOk(
    readCandidate(json(['dW1', 2, 3], ['dW2', 4, 3]), request).placements.some(({ transposed }) => transposed),
    'one alone is a mistake',
  );
  const square = requestOf([3, 3, 2]);
  t.strictSame(
    placesOf(json(['dW1', 3, 3], ['dW2', 3, 2]), square),
    [`${FOUR[0]} transposed`, `${FOUR[2]} transposed`],
    'square ones with the others',
  );
  t.strictSame(placesOf(json(['dW1', 3, 3]), square), [FOUR[0]], 'but not alone');
  t.strictSame(
    placesOf(json(['Z1', 3, 5], ['dW1', 3, 2])),
    ['trace/0/pre_activations transposed', FOUR[0]],
    'samples for themselves',
  );
  t.strictSame(placesOf(json(['Z1', 3, 5]), requestOf([2, 3, 4], 'columns')), ['trace/0/pre_activations']);
  t.strictSame(readCandidate(json(['Theta1_grad', 3, 3]), request).candidate.gradients, [
    {
      weights: fill(3, 3).map(([, ...row]) => row),
      biases: [0.05, 1.05, 2.05],
    },
  ]);
  const single = requestOf([2, 1]);
  t.strictSame(readCandidate('dW = [1, 2]\ndb = 3\nloss = [0.5]', single).candidate, {
    gradients: [{ weights: [[1, 2]], biases: [3] }],
    loss: 0.5,
  });
  t.strictSame(readCandidate('Z1 = [1, 2, 3, 4, 5]', single).candidate.trace, [{ pre_activations: [[1], [2], [3], [4], [5]] }]);
  t.strictSame(
    readCandidate('dW1 = [1, 2, 3, 4]', request).candidate.gradients,
    [{ weights: [1, 2, 3, 4] }],
    'for /check to say',
  );
});

t.test('the tolerance follows the last digit printed', async (t) => {
  const toleranceOf = (text: string) => readCandidate(text, requestOf([2, 2])).tolerance;
  t.equal(toleranceOf('dW1 = [[0.1429, 0.2857], [0.4286, 0.5714]]'), 9e-5, 'half of 0.0001, of 0.5714');
  t.equal(
    toleranceOf('dW1 =\n\n   1.0e-03 *\n\n    0.1429    0.2857\n    0.4286    0.5000\n'),
    1.1e-4,
    'of what a scale factor multiplies',
  );
  t.equal(toleranceOf('dW1 =\n\n   1.4286e-04   2.8571e-01\n   4.2857e-01   5.7143e-01\n'), 9e-6, 'that of the largest number');
  t.equal(toleranceOf('dW1 = [[0.5, 0.25], [1, 0.123456789012]]'), 1e-6, 'trailing zeros are left out');
  t.equal(toleranceOf('dW1 = [[0.5, 1e-7], [1, 0.123456789012]]'), 1e-6);
  t.equal(toleranceOf('dW1 = [[1, 2], [3, 4]]\ndb1 = [0, 0]'), 1e-6, 'integers are exact');
  t.equal(toleranceOf('dW1 = [[1.23456789, 2], [3, 4]]\narray([1., 2.], dtype=float32)'), 1e-4, 'float32');
  t.equal(toleranceOf('dW1 tensor([[0.1, 0.12345678], [3, 4]])'), 1e-4, "PyTorch's default is float32");
  t.equal(toleranceOf('dW1 tensor([[0.1, 0.12345678], [3, 4]], dtype=torch.float64)'), 1e-6);
  t.equal(toleranceOf('dW1 = [[0.1, 0.2], [0.3, 0.9]]'), 0.057);
  const coarse = 'dW1 = [[0.1, 0.2], [0.3, 0.4]]';
  t.throws(() => toleranceOf(coarse), unreadable);
  try {
    toleranceOf(coarse);
  } catch (error) {
    t.match((error as PasteFault).text(check), /^dW1 is printed with too few digits/);
  }
  try {
    placesOf('foo = [1, 2, 3, 4, 5, 6, 7]\nbar = 1');
  } catch (error) {
    t.match((error as PasteFault).text(check), /^None of the arrays belongs to this network: foo \(7\), bar \(1\)/);
  }
});
