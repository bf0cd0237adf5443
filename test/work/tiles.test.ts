// A batch of many tiles has the sums, and the values per sample, of its parts.
import t, { type Test } from 'tap';
import { type DecodedRequest, type Extra, GradientsRequest, type GradientsResult } from '../../schemas/gradients.ts';
import { namesOf } from '../../schemas/names.ts';
import { type Tensor, tensor } from '../../schemas/numbers.ts';
import { loadEngine } from '../../src/linalg/engines.ts';
import type { Refusal } from '../../src/refusal.ts';
import { planGradients } from '../../src/work/gradients.ts';
import { levelsOf } from '../../src/work/sums.ts';
import { divisionOf, tileAt, tilingOf } from '../../src/work/tiles.ts';
import { copyOf, flat, wave } from '../support/numbers.ts';

const engine = loadEngine({ name: 'portable' });
const run = (request: DecodedRequest): GradientsResult =>
  engine.scratch.recycle(() => copyOf(planGradients(request).run(engine)));

const SAMPLES = 9 * 512 + 100;
/** As wide as gives the smallest tiles. */
const FEATURES = 70;
const CLASSES = 3;

const all = namesOf(GradientsRequest.properties.include.items) as Extra[];

/** Rows, or columns, of a matrix with one row per sample. */
function oriented(data: Float64Array, samples: number, columns: boolean) {
  const width = data.length / samples;
  if (!columns) return tensor([samples, width], data);
  return tensor(
    [width, samples],
    Float64Array.from(data, (_, i) => data[(i % samples) * width + Math.floor(i / samples)]),
  );
}

interface Variant {
  readonly columns?: boolean;
  readonly classes?: boolean;
  readonly reduction: 'mean' | 'sum' | 'mean_over_samples';
}

/** The request for the samples from `first` to `end`. */
function requestFor(
  { columns = false, classes, reduction }: Variant,
  first: number,
  end: number,
  include: readonly Extra[],
): DecodedRequest {
  const part = (data: Float64Array, width: number) => oriented(data.slice(first * width, end * width), end - first, columns);
  return {
    network: {
      layers: [
        { weights: tensor([2, FEATURES], wave(2 * FEATURES, 1)), biases: wave(2, 2), activation: 'tanh' },
        { weights: tensor([CLASSES, 2], wave(CLASSES * 2, 3)) },
      ],
    },
    batch: {
      inputs: part(wave(SAMPLES * FEATURES, 4), FEATURES),
      ...(classes
        ? {
            classes: Float64Array.from({ length: end - first }, (_, i) => ((first + i) % 5 === 0 ? -100 : (first + i) % CLASSES)),
          }
        : { targets: part(wave(SAMPLES * CLASSES, 5), CLASSES) }),
      sample_weights: wave(SAMPLES, 6).map(Math.abs).slice(first, end),
      ...(columns && { samples: 'columns' as const }),
    },
    loss: { type: classes ? 'cross_entropy' : 'mse', reduction } as never,
    include: [...include],
  };
}

function near(t: Test, actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  let scale = 0;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]));
  let worst = actual.length === expected.length ? 0 : Infinity;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
  t.ok(worst <= 1e-13 * scale, `${what}: ${worst} of ${scale}`);
}

t.test('the tiles of a batch', async (t) => {
  const sizes = (samples: number, features: number, ...units: number[]) => ({ samples, features, units });
  t.equal(tilingOf(sizes(1, 10, 64, 64, 1)).perTile, 512);
  t.equal(tilingOf(sizes(1, 10, 16, 1)).perTile, 2048);
  t.equal(tilingOf(sizes(1, 1024, 10)).perTile, 512);
  const tiling = tilingOf(sizes(1100, 64, 1));
  t.equal(tiling.count, 3);
  t.strictSame(
    [0, 1, 2].map((i) => tileAt(tiling, i)),
    [
      { first: 0, end: 512 },
      { first: 512, end: 1024 },
      { first: 1024, end: 1100 },
    ],
  );
  const divisions = [sizes(100, 64, 64), sizes(100, 1024, 1024), sizes(2000, 1024, 1024), sizes(2000, 4096, 4096)];
  t.strictSame(
    divisions.map((one) => divisionOf(one, tilingOf(one))),
    ['tiles', 'products', 'tiles', 'products'],
  );
  t.strictSame([1, 7, 8, 63, 64, 512].map(levelsOf), [1, 1, 2, 2, 3, 4]);
});

const variants: readonly Variant[] = [
  { reduction: 'sum' },
  { reduction: 'mean', columns: true },
  { reduction: 'mean', classes: true },
  { reduction: 'mean_over_samples', classes: true, columns: true },
];

for (const variant of variants) {
  t.test(`${JSON.stringify(variant)}: sums and values per sample are those of the parts`, async (t) => {
    const whole = run(requestFor(variant, 0, SAMPLES, all));
    const parts: { first: number; end: number; result: GradientsResult }[] = [];
    for (let first = 0; first < SAMPLES; first += 500) {
      const end = Math.min(SAMPLES, first + 500);
      parts.push({ first, end, result: run(requestFor({ ...variant, reduction: 'sum' }, first, end, all)) });
    }
    const weights = wave(SAMPLES, 6).map(Math.abs);
    const counts = weights.map((weight, i) => {
      if (variant.reduction === 'mean_over_samples') return weight;
      if (variant.classes) return i % 5 === 0 ? 0 : weight;
      return weight * CLASSES;
    });
    const divisor = variant.reduction === 'sum' ? 1 : counts.reduce((a, b) => a + b);
    near(t, [whole.divisor], [divisor], 'divisor');
    near(t, [whole.loss], [parts.reduce((sum, { result }) => sum + result.loss, 0) / divisor], 'loss');
    whole.gradients.forEach((layer, k) => {
      for (const name of ['weights', 'biases'] as const) {
        const all = parts.map(({ result }) => flat(result.gradients[k][name] ?? []));
        near(
          t,
          flat(layer[name] ?? []),
          all[0].map((_, i) => all.reduce((sum, part) => sum + part[i], 0) / divisor),
          `${name} of layer ${k}`,
        );
        const squares = parts.map(({ result }) => flat(result.squared_gradients?.[k][name] ?? []));
        near(
          t,
          flat(whole.squared_gradients?.[k][name] ?? []),
          squares[0].map((_, i) => squares.reduce((sum, part) => sum + part[i], 0) / divisor / divisor),
          `squares of ${name} of layer ${k}`,
        );
      }
    });
    const scaled = (name: Extra | 'activation') => (name === 'outputs' || name === 'activation' ? 1 : divisor);
    for (const name of ['outputs', 'input_gradients'] as const) {
      const { shape, data } = whole[name] as Tensor;
      const width = data.length / SAMPLES;
      t.strictSame(shape, variant.columns ? [width, SAMPLES] : [SAMPLES, width]);
      const expected = oriented(
        Float64Array.from(
          parts.flatMap(({ first, end, result }) => {
            const part = result[name] as { data: Float64Array };
            return [...byRows(part.data, end - first, variant.columns === true)];
          }),
        ),
        SAMPLES,
        variant.columns === true,
      ).data.map((value) => value / scaled(name));
      near(t, data, expected, name);
    }
    for (const name of ['per_sample_losses', 'per_sample_gradient_norms'] as const)
      near(
        t,
        whole[name] as Float64Array,
        parts.flatMap(({ result }) => [...(result[name] as Float64Array)]).map((value) => value / divisor),
        name,
      );
    whole.per_sample_gradients?.forEach(({ weights, biases }, k) => {
      const of = (name: 'weights' | 'biases') =>
        parts.flatMap(({ result }) => flat(result.per_sample_gradients?.[k][name] ?? []));
      t.strictSame(weights.shape[0], SAMPLES);
      near(
        t,
        weights.data,
        of('weights').map((value) => value / divisor),
        `per_sample_gradients of layer ${k}`,
      );
      if (biases)
        near(
          t,
          biases.data,
          of('biases').map((value) => value / divisor),
          `and of its biases`,
        );
    });
    whole.trace?.forEach((layer, k) => {
      for (const [name, matrix] of Object.entries(layer)) {
        const expected = parts.flatMap(({ first, end, result }) => {
          const part = result.trace?.[k][name as keyof typeof layer] as { data: Float64Array };
          return [...byRows(part.data, end - first, variant.columns === true)];
        });
        const isGradient = name.endsWith('gradients');
        near(
          t,
          byRows(matrix.data, SAMPLES, variant.columns === true),
          expected.map((value) => (isGradient ? value / divisor : value)),
          `${name} of layer ${k} in the trace`,
        );
      }
    });
  });
}

/** The numbers of an oriented matrix, sample by sample. */
function byRows(data: Float64Array, samples: number, columns: boolean): Float64Array {
  if (!columns) return data;
  const width = data.length / samples;
  return Float64Array.from(data, (_, i) => data[(i % width) * samples + Math.floor(i / width)]);
}

t.test('errors name the sample of the batch, not that of its tile', async (t) => {
  const samples = 2000;
  const inputs = new Float64Array(samples * FEATURES);
  const layers = [{ weights: tensor([1, FEATURES], new Float64Array(FEATURES).fill(1e200)) }];
  const request = (loss: string, value: number) => {
    inputs.fill(0);
    inputs[1500 * FEATURES] = value;
    inputs[1900 * FEATURES] = value;
    return {
      network: { layers },
      batch: { inputs: tensor([samples, FEATURES], inputs), targets: tensor([samples, 1], new Float64Array(samples)) },
      loss: loss === 'poisson_nll' ? { type: 'poisson_nll', log_input: false } : loss,
    } as DecodedRequest;
  };
  const refused = (request: DecodedRequest) => {
    try {
      return run(request);
    } catch (error) {
      return (error as Refusal).refused.errors?.[0];
    }
  };
  t.match(refused(request('mse', 1e200)), {
    pointer: '/network/layers/0',
    detail: /^pre_activations\[1500\]\[0\] of layer 0 is Infinity/,
  });
  t.match(refused(request('mse', 1)), { pointer: '/loss', detail: /^per_sample_losses\[1500\] is Infinity/ });
  t.match(refused(request('poisson_nll', -1)), { detail: /for sample 1500, unit 0$/ });
});
