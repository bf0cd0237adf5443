// Results that are representable, although an intermediate value would leave the range of float64; and differences that would cancel.
import t from 'tap';
import type { Activation } from '../../schemas/activation.ts';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import type { Loss } from '../../schemas/loss.ts';
import { Refusal } from '../../src/refusal.ts';
import { compute } from '../support/random-request.ts';

type Targets = NonNullable<GradientsRequest['batch']['targets']>;

/** The loss of given outputs, one row per sample, and its gradient with respect to them. */
function lossOf(loss: Loss, outputs: number[][], targets: Targets, weights?: number[]) {
  const identity = outputs[0].map((_, i) => outputs[0].map((_, j) => Number(i === j)));
  const result = compute({
    network: { layers: [{ weights: identity }] },
    batch: { inputs: outputs, targets, ...(weights && { sample_weights: weights }) },
    loss,
    include: ['input_gradients', 'per_sample_losses'],
  });
  return {
    loss: result.loss,
    gradient: [...(result.input_gradients?.data ?? [])],
    shares: [...(result.per_sample_losses ?? [])],
  };
}

function refusalOf(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

/** f(z) and f′(z). */
function activated(activation: Activation, z: number): { value: number; derivative: number } {
  const { outputs, input_gradients } = compute({
    network: { layers: [{ weights: [[1]], activation }] },
    batch: { inputs: [[z]], targets: [[1]] },
    loss: { type: 'kl_div', reduction: 'sum' },
    include: ['outputs', 'input_gradients'],
  });
  return { value: outputs?.data[0] as number, derivative: -(input_gradients?.data[0] as number) };
}

t.test('huber and smooth_l1 with huge and tiny options', async (t) => {
  const huber = (delta: number, d: number) => {
    const { loss, gradient } = lossOf({ type: 'huber', delta }, [[d]], [[0]]);
    return [loss, ...gradient];
  };
  t.strictSame(huber(1e308, 4), [8, 4]);
  t.strictSame(huber(1e200, 1e150), [0.5 * 1e150 * 1e150, 1e150]);
  t.strictSame(huber(1e-200, 1e-205), [0, 1e-205]);
  t.strictSame(huber(1e-200, -1e-205), [0, -1e-205]);
  t.strictSame(huber(0.7, 0.3), [0.5 * 0.3 * 0.3, 0.3], 'inside the parabola the gradient is d itself');
  t.strictSame(huber(1, 1e308), [1e308, 1]);
  const smooth = (beta: number, d: number) => {
    const { loss, gradient } = lossOf({ type: 'smooth_l1', beta }, [[d]], [[0]]);
    return [loss, ...gradient];
  };
  t.strictSame(smooth(1e308, 1e200), [5e91, 1e-108]);
  t.strictSame(smooth(1e-300, 1e-301), [0.5 * 1e-301 * 0.1, 0.1]);
});

t.test('weights near the ends of float64', async (t) => {
  for (const [d, weight] of [
    [0.3, 5e-324],
    [10, 1e308],
    [10, 1.7e308],
    [1e308, 3],
  ]) {
    const { loss, gradient, shares } = lossOf('l1', [[d]], [[0]], [weight]);
    t.strictSame([loss, gradient, shares], [d, [1], [d]], `sample weight ${weight}`);
    t.equal(lossOf({ type: 'l1', reduction: 'batchmean' }, [[d]], [[0]], [weight]).loss, d, `batchmean, ${weight}`);
  }
  const three = lossOf('l1', [[3], [5], [7]], [[0], [0], [0]], [1e308, 5e307, 0]);
  t.strictSame([three.loss, three.gradient], [(3 * 2) / 3 + 5 / 3, [2 / 3, 1 / 3, 0]]);
  t.equal(lossOf({ type: 'l1', reduction: 'sum' }, [[2]], [[0]], [1e-320]).loss, 2e-320, 'sum');
  for (const weight of [5e-324, 1e308]) {
    const nll = lossOf({ type: 'nll', weight: [weight, 1] }, [[-10, -1]], [0]);
    t.strictSame([nll.loss, nll.gradient], [10, [-1, 0]], `nll, class weight ${weight}`);
    const entropy = lossOf({ type: 'cross_entropy', weight: [1, weight] }, [[10, 0]], [1]);
    const plain = lossOf('cross_entropy', [[10, 0]], [1]);
    t.strictSame([entropy.loss, entropy.gradient], [plain.loss, plain.gradient], `cross_entropy, class weight ${weight}`);
    const both = lossOf({ type: 'nll', weight: [weight, 1] }, [[-10, -1]], [0], [weight > 1 ? 0.5 : 1e10]);
    t.equal(both.loss, 10, `class weight ${weight} and a sample weight`);
  }
  t.equal(lossOf({ type: 'nll', weight: [1e308, 1] }, [[-10, -1]], [0], [1e-300]).loss, 10, 'opposite weights');
  const smooth = { type: 'cross_entropy', label_smoothing: 0.5 } as const;
  const tiny = lossOf(
    { ...smooth, weight: [5e-324, 1] },
    [
      [0, 0],
      [0, 0],
    ],
    [0, 1],
  );
  t.ok(Math.abs(tiny.loss - Math.LN2) <= 2e-16, 'label smoothing mixes the weights of classes');
});

t.test('a divisor beyond float64', async (t) => {
  // It is part of the answer.
  const { type, refused } = refusalOf(() => lossOf('l1', [[1], [1]], [[0], [0]], [1e308, 1e308]));
  t.match([type, refused.errors?.[0].detail], ['non-finite-result', /divisor is Infinity/]);
});

t.test('a sum over outputs that overflows before the mean', async (t) => {
  const { loss, gradient } = lossOf('l1', [[1.5e308, 1.5e308]], [[0, 0]]);
  t.strictSame([loss, gradient], [1.5e308, [0.5, 0.5]]);
  t.strictSame(
    lossOf(
      'l1',
      [
        [1.5e308, 1.5e308],
        [2, 4],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ).shares,
    [7.5e307, 1.5],
  );
  const { type } = refusalOf(() => lossOf({ type: 'l1', reduction: 'sum' }, [[1.5e308, 1.5e308]], [[0, 0]]));
  t.equal(type, 'non-finite-result', 'a sum that overflows');
});

t.test('samples of weight 0 count for nothing, even if their loss is infinite', async (t) => {
  const { loss, gradient, shares } = lossOf('mse', [[1e200], [3]], [[0], [1]], [0, 2]);
  t.strictSame([loss, gradient, shares], [4, [0, 4], [0, 4]]);
});

t.test('batches that count for nothing', async (t) => {
  const nothing: Loss[] = [
    { type: 'nll', weight: [0, 1] },
    { type: 'nll', ignore_index: 0 },
  ];
  for (const loss of nothing) {
    const { type, refused } = refusalOf(() => lossOf(loss, [[-1, -2]], [0]));
    t.match([type, refused.detail], ['out-of-domain', /divisor is 0/]);
  }
});

t.test('flat pieces: the gradient is 0, even if the gradient from above is infinite', async (t) => {
  const flat: [Activation, x: number][] = [
    ['relu', -1],
    ['relu6', -1],
    [{ type: 'hardtanh', min_val: 0 }, -1],
    ['hardsigmoid', -4],
    ['hardswish', -4],
    ['hardshrink', -0.3],
    ['softshrink', -0.3],
    [{ type: 'leaky_relu', negative_slope: 0 }, -1],
    [{ type: 'elu', alpha: 0 }, -1],
  ];
  for (const [activation, x] of flat) {
    const { gradients, loss } = compute({
      network: { layers: [{ weights: [[1]], biases: [0], activation }, { weights: [[1e200]] }, { weights: [[1e200]] }] },
      batch: { inputs: [[x]], targets: [[1]] },
      loss: 'l1',
    });
    t.strictSame(
      [loss, gradients[0].weights.data[0], gradients[0].biases?.[0]].map(Math.abs as never),
      [1, 0, 0],
      `${JSON.stringify(activation)}`,
    );
  }
  // The true gradient is about 1e400 e^-1000, which float64 has, but sigmoid's derivative has been rounded to 0.
  const { type } = refusalOf(() =>
    compute({
      network: { layers: [{ weights: [[1]], activation: 'sigmoid' }, { weights: [[1e200]] }, { weights: [[1e200]] }] },
      batch: { inputs: [[-1000]], targets: [[1]] },
      loss: 'l1',
    }),
  );
  t.equal(type, 'non-finite-result', 'a derivative that is only rounded to 0 gives no answer');
});

t.test('kinks that PyTorch 2 has changed', async (t) => {
  t.strictSame(lossOf({ type: 'smooth_l1', beta: 0 }, [[1], [-1], [2]], [[1], [1], [1]]).gradient, [0, -1 / 3, 1 / 3]);
  t.equal(activated('hardswish', -3).derivative, 0);
  t.equal(activated('hardswish', 3).derivative, 1);
});

t.test('tails that cancel', async (t) => {
  // Computed with mpmath at 40 digits.
  const tails: [Activation, z: number, value: number | undefined, derivative: number | undefined][] = [
    ['gelu', -5, -1.4332578593959695e-6, -7.146946001792295e-6],
    ['gelu', -10, -7.619853024160526e-23, -7.618400096464814e-22],
    ['gelu', -20, -5.507248237212468e-88, -1.1014360483133464e-86],
    ['gelu', -37, -2.1184613523340935e-298, -7.838298669418516e-297],
    ['tanh', 15, undefined, 3.743049187535369e-13],
    ['tanh', -300, undefined, 1.0601586212017243e-260],
    ['sigmoid', 30, undefined, 9.357622968838423e-14],
    ['tanhshrink', 1e-5, 3.333333333200001e-16, undefined],
    ['silu', -711, -1.1708276430848268e-306, undefined],
    ['softplus', -712, undefined, 6.05799464199894e-310],
    ['logsigmoid', 712, undefined, 6.05799464199894e-310],
  ];
  for (const [activation, z, value, derivative] of tails) {
    const got = activated(activation, z);
    for (const [of, exact] of Object.entries({ value, derivative })) {
      if (exact === undefined) continue;
      const error = Math.abs(got[of as keyof typeof got] - exact);
      t.ok(error <= Math.max(1e-13 * Math.abs(exact), 5e-324), `${of} of ${activation} at ${z}: ${error}`);
    }
  }
  for (const [d, loss, gradient] of [
    [30, 9.357622968839737e-14, -9.357622968839299e-14],
    [37, 8.533047625744066e-17, -8.533047625744065e-17],
    [700, 9.85967654375977e-305, -9.85967654375977e-305],
  ]) {
    const got = lossOf('cross_entropy', [[d, 0]], [0]);
    t.ok(Math.abs(got.loss - loss) <= 1e-15 * loss, `cross_entropy of [${d}, 0]`);
    t.ok(Math.abs(got.gradient[0] - gradient) <= -1e-15 * gradient, `its gradient: ${got.gradient}`);
  }
  const poisson = lossOf({ type: 'poisson_nll', log_input: false, reduction: 'sum' }, [[3.0000000000001]], [[3]]);
  t.ok(Math.abs(poisson.gradient[0] - 3.333366628912739e-9) <= 1e-13 * 3.4e-9, `poisson_nll near t: ${poisson.gradient}`);
});
