// The penalty: its value, gradient and second derivative, by hand.
import t from 'tap';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import type { Penalty } from '../../schemas/penalty.ts';
import { buildLayers } from '../../src/backprop/network.ts';
import { bindPenalty, penaltyCurvature, penaltyOf } from '../../src/backprop/penalty.ts';
import { flat } from '../support/flat.ts';
import { compute } from '../support/random-request.ts';

const weights = [
  [0.5, -2],
  [0, 3],
];
const biases = [-1, 0.25];
const requestWith = (penalty?: Penalty): GradientsRequest => ({
  network: { layers: [{ weights, biases, activation: 'tanh' }, { weights: [[1, -4]] }] },
  batch: { inputs: [[1, 2]], targets: [[0.5]] },
  ...(penalty && { penalty }),
});
const layersOf = (request: GradientsRequest) => buildLayers(flat(request).network as never);
const shareOf = (penalty: Penalty, request = requestWith()) => {
  const bound = bindPenalty(penalty);
  return bound && penaltyOf(bound, layersOf(request));
};

t.test('its value', async (t) => {
  t.equal(shareOf({}), 0);
  t.equal(shareOf({ l1: 0.5 }), 0.5 * 10.5);
  t.equal(shareOf({ l2: 0.5 }), 0.25 * (0.25 + 4 + 9 + 1 + 16));
  t.equal(shareOf({ l1: 2, l2: 1, biases: true }), 2 * 11.75 + 0.5 * (30.25 + 1.0625));
  t.equal(shareOf({ l1: 2, l2: 1 }, { ...requestWith(), network: { layers: [{ weights: [[0, 0]] }] } }), 0, 'of weights of 0');
  t.equal(bindPenalty(undefined), undefined);
});

t.test('it is added to the loss and the gradients, and to nothing else', async (t) => {
  const include = ['per_sample_losses', 'per_sample_gradients', 'input_gradients', 'trace'] as const;
  const plain = compute({ ...requestWith(), include: [...include] });
  const penalized = compute({ ...requestWith({ l1: 0.5, l2: 0.25, biases: true }), include: [...include] });
  for (const name of include) t.strictSame(penalized[name], plain[name], name);
  t.equal(penalized.divisor, plain.divisor);
  t.equal(penalized.penalty, 0.5 * 11.75 + 0.125 * (30.25 + 1.0625));
  t.equal(penalized.loss, plain.loss + 0.5 * 11.75 + 0.125 * (30.25 + 1.0625));
  t.notOk('penalty' in plain);
  const slope = (w: number) => 0.5 * Math.sign(w) + 0.25 * w;
  const [first, second] = plain.gradients;
  t.strictSame(
    [...penalized.gradients[0].weights.data],
    [...first.weights.data].map((g, i) => g + slope(weights.flat()[i])),
  );
  t.strictSame(
    [...(penalized.gradients[0].biases ?? [])],
    [...(first.biases ?? [])].map((g, i) => g + slope(biases[i])),
  );
  t.strictSame(
    [...penalized.gradients[1].weights.data],
    [...second.weights.data].map((g, i) => g + slope([1, -4][i])),
  );
  const onWeights = compute(requestWith({ l1: 0.5, l2: 0.25 }));
  t.strictSame(onWeights.gradients[0].biases, first.biases, 'biases only if asked');
});

t.test('gradient norms contain it', async (t) => {
  const { gradients, gradient_norms } = compute({ ...requestWith({ l2: 3 }), include: ['gradient_norms'] });
  const norm = Math.hypot(...gradients[1].weights.data);
  t.ok(Math.abs((gradient_norms?.layers[1].weights ?? 0) - norm) <= 1e-15 * norm);
});

t.test('sums do not overflow before they are multiplied by a small factor', async (t) => {
  const large: GradientsRequest = {
    ...requestWith(),
    network: { layers: [{ weights: [[1e200, 0]] }, { weights: [[-1e-200]] }] },
  };
  t.equal(shareOf({ l2: 2e-300 }, large), 1e100);
  const most: GradientsRequest = { ...requestWith(), network: { layers: [{ weights: [[1.5e308, 1.5e308]] }] } };
  t.equal(shareOf({ l1: 0.25 }, most), 0.75e308);
});

t.test('its second derivative', async (t) => {
  for (const biases of [false, true]) {
    const bound = bindPenalty({ l1: 0.5, l2: 0.25, biases });
    t.equal(bound && penaltyCurvature(bound, 'weights'), 0.25);
    t.equal(bound && penaltyCurvature(bound, 'biases'), biases ? 0.25 : 0);
  }
});
