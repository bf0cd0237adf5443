// Steps of gradient descent, momentum and Adam are those of torch.optim in float64 (PyTorch 1.13, foreach=False).
import t from 'tap';
import { type Memory, NO_MEMORY, type Optimizer, stepped } from '../../../src/page/train/optimizers.ts';

const layers = [
  {
    weights: [
      [0.5, -0.25],
      [1, 0.75],
    ],
    biases: [0.1, -0.2],
    activation: 'tanh' as const,
  },
];

const gradients = [
  {
    weights: [
      [0.3, -0.2],
      [0, 1e-9],
    ],
    biases: [0.5, -4],
  },
  {
    weights: [
      [0.1, 0.2],
      [0.5, -1e-9],
    ],
    biases: [-0.5, 2],
  },
  {
    weights: [
      [-0.3, 0.25],
      [0.25, 3],
    ],
    biases: [0.125, 1],
  },
];

/** Weights and biases after each step, as PyTorch has them. */
const expected: Record<Optimizer, number[][]> = {
  gradient_descent: [
    [0.47, -0.23, 1.0, 0.7499999999, 0.05, 0.2],
    [0.45999999999999996, -0.25, 0.95, 0.75, 0.1, 0.0],
    [0.49, -0.275, 0.9249999999999999, 0.44999999999999996, 0.08750000000000001, -0.1],
  ],
  momentum: [
    [0.47, -0.23, 1.0, 0.7499999999, 0.05, 0.2],
    [0.433, -0.232, 0.95, 0.74999999991, 0.055, 0.36000000000000004],
    [0.42969999999999997, -0.25880000000000003, 0.88, 0.44999999991899997, 0.047, 0.4040000000000001],
  ],
  adam: [
    [0.4000000033333332, -0.15000000499999977, 1.0, 0.740909090909091, 1.9999999711917127e-9, -0.10000000025],
    [0.3128936121571956, -0.1552631626315787, 0.9255863197475123, 0.7413875598086125, 0.005263159789473618, -0.07336629636819574],
    [
      0.30805491514879363, -0.2006347915914822, 0.8455621907100639, 0.6775062002393122, -0.0018590230997282782,
      -0.06722741011222434,
    ],
  ],
};

for (const [optimizer, steps] of Object.entries(expected) as [Optimizer, number[][]][])
  t.test(optimizer, async (t) => {
    let now = { layers: layers as Parameters<typeof stepped>[0], memory: NO_MEMORY as Memory };
    for (const [i, right] of steps.entries()) {
      now = stepped(now.layers, [gradients[i]], { optimizer, rate: 0.1 }, now.memory);
      const [{ weights, biases = [], activation }] = now.layers;
      const values = [...weights.flat(), ...biases];
      const error = Math.max(...values.map((value, j) => Math.abs(value - right[j])));
      t.ok(error < 1e-15, `step ${i + 1}: ${error}`);
      t.equal(activation, 'tanh');
      t.equal(now.memory.steps, i + 1);
    }
    const kept = JSON.parse(JSON.stringify(now.memory));
    t.strictSame(kept, now.memory, 'what is remembered can be kept as JSON');
  });

t.test('a layer without biases', async (t) => {
  for (const optimizer of ['gradient_descent', 'momentum', 'adam'] as const) {
    const { layers } = stepped([{ weights: [[1]] }], [{ weights: [[2]] }], { optimizer, rate: 0.5 }, NO_MEMORY);
    t.strictSame(Object.keys(layers[0]), ['weights'], optimizer);
  }
});
