// Huge values that must not overflow if the result is finite.
import t from 'tap';
import type { Activation } from '../../schemas/activation.ts';
import { examples } from '../../schemas/examples.ts';
import type { Loss } from '../../schemas/loss.ts';
import { compute } from '../support/random-request.ts';

/** f(z) and f′(z), from a network with one unit. */
function activated(activation: Activation | string, z: number): { value: number; derivative: number } {
  const { outputs, gradients } = compute({
    network: { layers: [{ weights: [[1]], biases: [0], activation: activation as Activation }] },
    batch: { inputs: [[z]], targets: [[-1e250]] },
    loss: { type: 'l1', reduction: 'sum' },
    include: ['outputs'],
  });
  return { value: outputs?.data[0] as number, derivative: gradients[0].biases?.[0] as number };
}

t.test('activations of huge pre-activations', async (t) => {
  const huge: [Activation, z: number, value: number, derivative: number][] = [
    ['sigmoid', 1e3, 1, 0],
    ['sigmoid', -1e3, 0, 0],
    ['tanh', 1e3, 1, 0],
    ['softplus', 1e3, 1e3, 1],
    [{ type: 'softplus', threshold: 1e9 }, 1e3, 1e3, 1],
    [{ type: 'softplus', beta: 2, threshold: 1e9 }, -1e3, 0, 0],
    ['logsigmoid', -1e3, -1e3, 1],
    ['logsigmoid', 1e3, -0, 0],
    ['silu', -1e3, -0, 0],
    ['silu', 1e3, 1e3, 1],
    ['mish', 1e3, 1e3, 1],
    ['mish', -1e3, -0, 0],
    ['gelu', 1e3, 1e3, 1],
    ['gelu', 1e200, 1e200, 1],
    [{ type: 'gelu', approximate: 'tanh' }, 1e200, 1e200, 1],
    [{ type: 'gelu', approximate: 'tanh' }, -1e200, -0, 0],
    ['elu', 1e3, 1e3, 1],
    ['selu', -1e3, -1.0507009873554805 * 1.6732632423543772, 0],
    ['celu', 1e3, 1e3, 1],
    [{ type: 'celu', alpha: 1e-60 }, -1, -1e-60, 0],
    [{ type: 'celu', alpha: 1e60 }, -1, -1, 1],
    ['softsign', 1e200, 1, 0],
    ['hardswish', 1e308, 1e308, 1],
    ['tanhshrink', 1e3, 999, 1],
  ];
  for (const [activation, z, value, derivative] of huge) {
    const got = activated(activation, z);
    const name = `${typeof activation === 'object' ? JSON.stringify(activation) : activation} at ${z}`;
    t.ok(Math.abs(got.value - value) <= 1e-15 * Math.abs(value), `${name}: ${got.value}`);
    t.ok(Math.abs(got.derivative - derivative) <= 1e-15, `${name}: derivative ${got.derivative}`);
  }
});

t.test('losses of huge outputs', async (t) => {
  const ofOutputs = (loss: Loss, outputs: number[], targets: number[] | number[][]) =>
    compute({
      network: { layers: [{ weights: outputs.map((y) => [y]) }] },
      batch: { inputs: [[1]], targets },
      loss,
      include: ['trace'],
    });
  const huge: [Loss, outputs: number[], targets: number[] | number[][], loss: number, dY: number[]][] = [
    ['cross_entropy', [1e308, 0], [0], 0, [0, 0]],
    ['cross_entropy', [1e4, 0], [1], 1e4, [1, -1]],
    ['cross_entropy', [-1e308, 1e308], [[0, 1]], 0, [0, 0]],
    ['log_cosh', [1e300], [[0]], 1e300, [1]],
    ['log_cosh', [1e-9], [[0]], 5e-19, [1e-9]],
    ['soft_margin', [1e300], [[1]], 0, [-0]],
    ['soft_margin', [-1e300], [[1]], 1e300, [-1]],
    ['binary_cross_entropy_with_logits', [1e300], [[0]], 1e300, [1]],
    ['binary_cross_entropy_with_logits', [-1e3], [[0]], 0, [0]],
    ['binary_cross_entropy', [0], [[1]], 100, [-1e12]],
  ];
  for (const [loss, outputs, targets, value, dY] of huge) {
    const got = ofOutputs(loss, outputs, targets);
    t.ok(Math.abs(got.loss - value) <= 1e-15 * value, `${loss} of ${outputs}: ${got.loss}`);
    const gradient = got.trace?.[0].output_gradients.data ?? [];
    for (const [j, slope] of dY.entries())
      t.ok(Math.abs(gradient[j] - slope) <= 1e-7 * Math.abs(slope), `${loss}: gradient ${gradient[j]}`);
  }
});

t.test('norms of huge and of tiny gradients', async (t) => {
  for (const scale of [1e200, 1e-200, 0]) {
    const batch = { inputs: [[3 * scale, 4 * scale]], targets: [[-1]] };
    const { gradient_norms } = compute({
      network: { layers: [{ weights: [[0, 0]] }] },
      batch,
      loss: 'l1',
      include: ['gradient_norms'],
    });
    t.ok(Math.abs((gradient_norms?.total as number) - 5 * scale) <= 1e-15 * 5 * scale, `${gradient_norms?.total}`);
  }
});

t.test("the article's loss, to the last digit", async (t) => {
  t.equal(compute(examples.article.request).loss, 2.629915324247322);
});
