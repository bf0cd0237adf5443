// The numbers and texts of the charts, compared with values computed by hand.
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { histogram, layerNorms, norm, outliers, quantile, sampleShares, verdict } from '../../src/page/charts/measures.ts';
import { histogramText, outlierRule, outlierText, short, verdictText } from '../../src/page/charts/words.ts';
import { en } from '../../src/page/text/en.ts';
import { gradients, startApp } from '../support/app.ts';

/** Two layers with 2 and 1 units, with simple norms. */
const request: GradientsRequest = {
  network: {
    layers: [
      {
        weights: [
          [3, 4],
          [0, 0],
        ],
        biases: [1, 1],
      },
      { weights: [[2, 0]] },
    ],
  },
  batch: { inputs: [[1, 2]], targets: [[0]] },
};
const answer: GradientsAnswer = {
  loss: 1,
  gradients: [
    {
      weights: [
        [0, 6],
        [8, 0],
      ],
      biases: [1, 1],
    },
    { weights: [[0, 0.5]] },
  ],
  divisor: 1,
};

t.test('norms', async (t) => {
  t.equal(norm([[3], [4]]), 5);
  t.equal(norm([[0, 0]]), 0);
  t.equal(norm([]), 0);
  t.equal(norm([[3 * 2 ** 600, -4 * 2 ** 600]]), 5 * 2 ** 600, 'of values whose squares are infinite');
  t.equal(norm([[3 * 2 ** -600, 4 * 2 ** -600]]), 5 * 2 ** -600, 'of values whose squares are 0');
  t.strictSame(layerNorms(request, answer), [
    { weights: 5, gradients: 10, sums: undefined },
    { weights: 2, gradients: 0.5, sums: undefined },
  ]);
  const gradient_norms = { layers: [{ weights: 10.5, biases: 1 }, { weights: 0.75 }], total: 11 };
  t.strictSame(
    layerNorms(request, { ...answer, gradient_norms }).map((layer) => layer.gradients),
    [10.5, 0.75],
    "the service's own where they are there",
  );
});

t.test('a verdict', async (t) => {
  t.strictSame(verdict([4]), { kind: 'single' });
  t.strictSame(verdict([0, 1, 0]), { kind: 'zero', layers: [0, 2] });
  t.strictSame(verdict([1, 5, 64]), { kind: 'even', first: 1, last: 64, factor: 64, perLayer: 8 });
  t.strictSame(verdict([1, 5, 100]), { kind: 'vanish', first: 1, last: 100, factor: 100, perLayer: 10 });
  t.strictSame(verdict([400, 5, 1]), { kind: 'explode', first: 400, last: 1, factor: 400, perLayer: 20 });
});

t.test('a verdict in words', async (t) => {
  const rule = 'a factor of 100 between the first and the last layer';
  t.equal(verdictText(en.charts, verdict([4])), 'With one layer, nothing can vanish or explode in the backward pass.');
  t.equal(
    verdictText(en.charts, verdict([0, 1])),
    'The gradient of layer 1 is 0, which a logarithmic scale cannot show: this layer learns nothing.',
  );
  t.match(verdictText(en.charts, verdict([0, 0, 1, 0])), 'The gradients of layers 1, 2 and 4 are 0');
  t.match(verdictText(en.charts, verdict(Array(9).fill(0))), 'The gradients of layers 1, 2, 3, 4, 5 and 4 more are 0');
  const even = verdict([1, 5, 64]);
  t.equal(
    verdictText(en.charts, even, even),
    `Gradients neither vanish nor explode: that would take ${rule}. The first layer's gradient has a norm of 1, the last layer's 64, a factor of 64.`,
  );
  t.equal(verdictText(en.charts, even), verdictText(en.charts, even, even));
  t.equal(
    verdictText(en.charts, verdict([1e-8, 1, 100])),
    "Gradients vanish in the backward pass. The first layer's gradient has a norm of 1e-8, the last layer's 100: 1e10 times smaller, " +
      `about 1e5 times per layer. (Reported from ${rule}.)`,
  );
  t.match(
    verdictText(en.charts, verdict([400, 1, 1])),
    /^Gradients explode.* has a norm of 400, the last layer's 1: 400 times larger, about 20 times/,
  );
  t.match(
    verdictText(en.charts, even, verdict([1, 1, 900])),
    /^Gradients of weighted sums vanish.* first layer's gradient of weighted sums has a norm of 1, the last layer's 900: 900 times smaller/,
  );
  t.match(
    verdictText(en.charts, even, verdict([900, 1, 1])),
    /^Gradients of weighted sums explode.* 900 times larger, about 30 times per layer/,
  );
});

t.test('a histogram', async (t) => {
  const values = histogram(
    [
      [-1, 0, 0.5],
      [1, 1, 0.25],
    ],
    4,
  );
  t.strictSame(values.counts, [1, 0, 2, 3], 'a bin has its lower end, the last one both');
  t.strictSame([values.low, values.high, values.values, values.zeros], [-1, 1, 6, 1]);
  t.equal(values.mean, 1.75 / 6);
  const squares = (1 + 0 + 0.25 + 1 + 1 + 0.0625) / 6 - (1.75 / 6) ** 2;
  t.ok(Math.abs(values.deviation - Math.sqrt(squares)) < 1e-15, `${values.deviation}`);
  t.equal(histogramText(en.charts, values), '6 values from -1 to 1, 1 of them 0; mean 0.292, standard deviation 0.683');

  const same = histogram([[0.1, 0.1]], 24);
  t.strictSame([same.counts, same.mean, same.deviation], [[2], 0.1, 0]);
  t.equal(histogramText(en.charts, same), '2 values, all 0.1; mean 0.1, standard deviation 0');
  t.strictSame(histogram([[0]], 24).counts, [1]);
  t.strictSame(histogram([[-1.7e308, 1.7e308]], 2).counts, [1, 1], 'of values whose difference is infinite');
  t.strictSame(histogram([[0, 5e-324]], 2).counts, [1, 1], 'of the smallest values that there are');

  const large = histogram(
    Array.from({ length: 100 }, (_, i) => Array.from({ length: 1000 }, (_, j) => 1000 * i + j)),
    10,
  );
  t.strictSame([large.counts, large.values, large.mean], [Array(10).fill(10_000), 100_000, 49_999.5], 'of 100,000 values');
});

t.test('outliers', async (t) => {
  t.equal(quantile(Float64Array.of(1, 2, 3, 4), 0.25), 1.75);
  t.equal(quantile(Float64Array.of(7), 0.75), 7);
  // The quartiles of 1, 2, 3, 4, x are 2 and 4: an outlier is above 10.
  t.strictSame(outliers([1, 2, 3, 4, 10]), []);
  t.strictSame(outliers([1, 2, 11, 3, 4]), [2]);
  t.strictSame(outliers([1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 1, 9]), [11, 9], 'the largest first');
  t.strictSame(outliers([1, 1, 1, 1, 1 + 2e-16]), [], 'rounding makes none');
  t.strictSame(outliers([4]), []);
  t.equal(outlierText(en.charts, [1, 2, 3, 4, 5], 'its loss'), '');
  t.match(outlierRule(en.charts), 'more than 3 times the interquartile range');
  t.equal(outlierText(en.charts, [1, 2, 11, 3, 4], 'its loss'), 'Sample 3 stands out by its loss: 11, where the median is 3.');
  t.equal(
    outlierText(en.charts, [1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 1, 9], 'its loss'),
    'Samples 12 and 10 stand out by its loss: from 5 to 9, where the median is 1.',
  );
});

t.test('values per sample', async (t) => {
  const app = await startApp();
  t.strictSame(sampleShares(request, answer), { losses: undefined, norms: undefined });
  const shares = {
    per_sample_losses: [3, 4],
    per_sample_gradients: [{ weights: [[[2, 0]], [[0, 0]]], biases: [[1], [3]] }, { weights: [[[2]], [[4]]] }],
  };
  t.strictSame(sampleShares(request, { ...answer, ...shares }), { losses: [3, 4], norms: [3, 5] });

  const rows = { ...examples.classification.request, include: [] };
  const columns = examples.article.request;
  for (const [name, request] of Object.entries({ rows, columns })) {
    const answer = await gradients(app, { ...request, include: ['per_sample_losses', 'per_sample_gradients', 'trace'] });
    const { per_sample_gradients, ...traced } = answer;
    const [{ losses, norms }, fromTrace] = [sampleShares(request, answer), sampleShares(request, traced)];
    t.strictSame(losses, answer.per_sample_losses);
    t.equal(norms?.length, name === 'rows' ? 3 : 2);
    const far = norms?.filter((norm, sample) => !(Math.abs(norm - (fromTrace.norms?.[sample] ?? Number.NaN)) <= 1e-15 * norm));
    t.strictSame(far, [], `${name}: the same from the trace as from the shares`);
    const sums = layerNorms(request, traced).map(({ sums }) => sums);
    t.strictSame(
      sums,
      traced.trace?.map((layer) => norm(layer.pre_activation_gradients)),
    );
  }
});

t.test('short numbers', async (t) => {
  const cases: [number, string][] = [
    [0, '0'],
    [-0.12345, '-0.123'],
    [1 / 3, '0.333'],
    [99_999, '1e5'],
    [12_345, '12300'],
    [1e5, '1e5'],
    [-1.2345e-8, '-1.23e-8'],
    [1.5e300, '1.5e300'],
    [5e-324, '5e-324'],
  ];
  for (const [value, text] of cases) t.equal(short(value), text);
});
