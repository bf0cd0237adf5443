// Random networks: per-sample values add up to the totals, and the values of the trace are consistent.
import t from 'tap';
import { type Extra, GradientsRequest } from '../../schemas/gradients.ts';
import { type LossName, losses } from '../../schemas/loss.ts';
import { namesOf } from '../../schemas/names.ts';
import { largest, sameNumbers } from '../support/numbers.ts';
import { compute, forRandomRequests } from '../support/random-request.ts';

const include = namesOf(GradientsRequest.properties.include.items) as Extra[];

/** Sums of a tensor over its first dimension. */
function sums(data: Float64Array, samples: number): number[] {
  const size = data.length / samples;
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: samples }, (_, s) => data[s * size + i]).reduce((a, b) => a + b),
  );
}

/** The largest difference of two arrays, relative to the largest number of the second. */
function distance(actual: ArrayLike<number>, expected: ArrayLike<number>, scale = largest(Array.from(expected))): number {
  return largest(Array.from(expected, (number, i) => number - actual[i])) / Math.max(scale, Number.MIN_VALUE);
}

/** The difference between the sum of per-sample values and the total, relative to the largest sum of magnitudes. */
function gap(shares: Float64Array, samples: number, sum: ArrayLike<number>): number {
  return distance(sums(shares, samples), sum, largest(sums(shares.map(Math.abs), samples)));
}

function norm(numbers: ArrayLike<number>): number {
  return Math.hypot(...Array.from(numbers));
}

/** The error of every relation that must hold between the values of an answer. */
function relations(request: GradientsRequest): Record<string, number> {
  const result = compute({ ...request, include });
  const { loss, gradients, outputs, input_gradients, per_sample_losses, per_sample_gradients, gradient_norms, trace } = result;
  const { per_sample_gradient_norms, squared_gradients } = result;
  if (!outputs || !input_gradients || !per_sample_losses || !per_sample_gradients || !gradient_norms || !trace)
    throw new Error('incomplete');
  if (!per_sample_gradient_norms || !squared_gradients) throw new Error('incomplete');
  const samples = per_sample_losses.length;
  const last = trace.length - 1;
  const far: Record<string, number> = {
    'the losses of the samples add up': gap(per_sample_losses, samples, [loss]),
    'the outputs are those of the last layer': distance(trace[last].outputs.data, outputs.data),
    'the input gradients are those of the first layer': distance(trace[0].input_gradients.data, input_gradients.data),
    'the inputs are those of the first layer': distance(trace[0].inputs.data, request.batch.inputs.flat()),
    'the total norm is that of all gradients': distance(
      [gradient_norms.total],
      [norm(gradients.flatMap(({ weights, biases }) => [...weights.data, ...(biases ?? [])]))],
    ),
  };
  const shareOf = (s: number) =>
    per_sample_gradients.flatMap(({ weights, biases }) =>
      [weights.data, biases?.data ?? new Float64Array(0)].flatMap((data) => {
        const size = data.length / samples;
        return [...data.subarray(s * size, (s + 1) * size)];
      }),
    );
  const norms = Array.from({ length: samples }, (_, s) => norm(shareOf(s)));
  far['the norms of the shares'] = distance(per_sample_gradient_norms, norms);
  gradients.forEach(({ weights, biases }, k) => {
    const squares = squared_gradients[k];
    const squaresOf = (data: Float64Array) =>
      sums(
        data.map((x) => x * x),
        samples,
      );
    far[`the squares of the weight gradients of layer ${k}`] = distance(
      squares.weights.data,
      squaresOf(per_sample_gradients[k].weights.data),
    );
    if (biases && squares.biases)
      far[`the squares of the bias gradients of layer ${k}`] = distance(
        squares.biases,
        squaresOf(per_sample_gradients[k].biases?.data ?? new Float64Array(0)),
      );
    const { slopes, output_gradients, pre_activation_gradients } = trace[k];
    if (slopes)
      far[`the slopes of layer ${k} times its output gradients`] = distance(
        slopes.data.map((slope, i) => slope * output_gradients.data[i]),
        pre_activation_gradients.data,
      );
    const shares = per_sample_gradients[k];
    const norms = gradient_norms.layers[k];
    far[`the weight gradients of layer ${k} add up`] = gap(shares.weights.data, samples, weights.data);
    far[`the weight norm of layer ${k}`] = distance([norms.weights], [norm(weights.data)]);
    if (biases && shares.biases && norms.biases !== undefined) {
      far[`the bias gradients of layer ${k} add up`] = gap(shares.biases.data, samples, biases);
      far[`the bias norm of layer ${k}`] = distance([norms.biases], [norm(biases)]);
      far[`the pre-activation gradients of layer ${k} are the bias gradients' shares`] = distance(
        trace[k].pre_activation_gradients.data,
        shares.biases.data,
      );
    }
    if (k === last) return;
    far[`the outputs of layer ${k} are the next one's inputs`] = distance(trace[k].outputs.data, trace[k + 1].inputs.data);
    far[`the output gradients of layer ${k} are the next one's input gradients`] = distance(
      trace[k].output_gradients.data,
      trace[k + 1].input_gradients.data,
    );
  });
  return far;
}

for (const name of Object.keys(losses) as LossName[]) {
  t.test(`per-sample values and trace: ${name}`, async (t) => {
    const worst: Record<string, number> = {};
    forRandomRequests(name, (request) => {
      for (const [relation, far] of Object.entries(relations(request))) worst[relation] = Math.max(worst[relation] ?? 0, far);
    });
    for (const [relation, far] of Object.entries(worst)) t.ok(far <= 1e-12, `${relation}, within ${far}`);
  });
}

t.test("the article's trace, by hand", async (t) => {
  const W = [[0.5, -1.5]];
  const request: GradientsRequest = {
    network: { layers: [{ weights: W, biases: [0.25], activation: 'tanh' }] },
    batch: { inputs: [[1, 2]], targets: [[0.5]] },
    include: ['trace'],
  };
  const Z = 0.5 * 1 - 1.5 * 2 + 0.25;
  const Y = Math.tanh(Z);
  const dY = 2 * (Y - 0.5);
  const dZ = (1 - Y * Y) * dY;
  const { trace, gradients } = compute(request);
  const plain = trace?.map((layer) => Object.fromEntries(Object.entries(layer).map(([key, { data }]) => [key, [...data]])));
  sameNumbers(
    t,
    plain,
    [
      {
        inputs: [1, 2],
        pre_activations: [Z],
        outputs: [Y],
        output_gradients: [dY],
        pre_activation_gradients: [dZ],
        input_gradients: [0.5 * dZ, -1.5 * dZ],
        slopes: [1 - Y * Y],
      },
    ],
    'the trace',
    { tolerance: 1e-15 },
  );
  const [computed] = trace?.[0].pre_activation_gradients.data ?? [];
  t.strictSame([...gradients[0].weights.data], [computed * 1, computed * 2]);
});
