// Norms and squares of the samples' shares at the ends of float64, and the refusals where they are beyond it.
import t from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import type { Refusal } from '../../src/refusal.ts';
import { compute } from '../support/random-request.ts';

/** One linear layer of weights 0, whose share of the gradient is `slope` times the inputs. */
const shareOf = (inputs: number[], slope: number, more: Partial<GradientsRequest> = {}): GradientsRequest => ({
  network: { layers: [{ weights: [inputs.map(() => 0)] }] },
  batch: { inputs: [inputs], targets: [[-1e-300]], sample_weights: [slope] },
  loss: { type: 'l1', reduction: 'sum' },
  include: ['per_sample_gradient_norms', 'squared_gradients'],
  ...more,
});

function refusalOf(request: GradientsRequest): Refusal['refused'] {
  try {
    compute(request);
  } catch (error) {
    return (error as Refusal).refused;
  }
  throw new Error('expected a refusal');
}

t.test('squares of one factor that are beyond float64', async (t) => {
  for (const [inputs, slope] of [
    [[1.5e308, 1.5e308], 1e-300],
    [[1.5e-292, 1.5e-292], 1e300],
    [[1.5e8, 1.5e8], 1],
  ] as const) {
    const { per_sample_gradient_norms = [], squared_gradients = [] } = compute(shareOf([...inputs], slope));
    t.ok(Math.abs(per_sample_gradient_norms[0] / (1.5e8 * Math.SQRT2) - 1) <= 1e-15, `the norm with slope ${slope}`);
    for (const square of squared_gradients[0].weights.data) t.ok(Math.abs(square / 2.25e16 - 1) <= 1e-15, `square: ${square}`);
  }
  const least = compute(shareOf([1.7e308], 5e-324));
  t.ok(Math.abs((least.per_sample_gradient_norms?.[0] ?? 0) / (1.7e308 * 5e-324) - 1) <= 1e-15);
  t.ok(Math.abs((least.squared_gradients?.[0].weights.data[0] ?? 0) / (1.7e308 * 5e-324) ** 2 - 1) <= 1e-15);
});

t.test('shares of 0', async (t) => {
  const nothing = compute(shareOf([3, 4], 1, { batch: { inputs: [[3, 4]], targets: [[0]] } }));
  t.strictSame([...(nothing.per_sample_gradient_norms ?? [])], [0]);
  t.strictSame([...(nothing.squared_gradients?.[0].weights.data ?? [])], [0, 0]);
  t.strictSame([...(compute(shareOf([0, 0], 2)).per_sample_gradient_norms ?? [])], [0], 'inputs of 0');
  const biased = compute(shareOf([0, 0], 2, { network: { layers: [{ weights: [[0, 0]], biases: [0] }] } }));
  t.strictSame([...(biased.per_sample_gradient_norms ?? [])], [2], 'the bias has a share');
  t.strictSame([...(biased.squared_gradients?.[0].biases ?? [])], [4]);
});

t.test('beyond float64: the refusal names them', async (t) => {
  const weights = refusalOf(shareOf([1, 1e200], 1));
  t.match(weights, { step: 'gradients', layer: 0 });
  t.strictSame(weights.errors, [
    {
      pointer: '/network/layers/0',
      detail: 'squared_gradients of weights[0][1] of layer 0 is Infinity, the first value that is not finite',
    },
  ]);
  const biases = refusalOf(shareOf([0], 1e200, { network: { layers: [{ weights: [[0]], biases: [0] }] } }));
  t.match(biases.errors?.[0].detail, /^squared_gradients of biases\[0\] of layer 0 is Infinity/);
  const norm = refusalOf(shareOf([1.5e308, 1.5e308], 1, { include: ['per_sample_gradient_norms'] }));
  t.match(norm, {
    step: 'gradients',
    errors: [{ pointer: '/include', detail: 'a norm of gradients is beyond the largest float64' }],
  });
  const penalty = refusalOf({
    ...shareOf([1], 1),
    network: { layers: [{ weights: [[1e200]] }] },
    batch: { inputs: [[0]], targets: [[0]] },
    penalty: { l2: 1 },
  });
  t.match(penalty, {
    step: 'loss',
    errors: [{ pointer: '/penalty', detail: 'penalty is Infinity, the first value that is not finite' }],
  });
});
