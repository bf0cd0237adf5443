// POST /gradients: PyTorch's numbers, and the contract for answers.
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import { type Extra, type GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { namesOf } from '../../schemas/names.ts';
import { gradients, post, startApp, validRequest } from '../support/app.ts';
import { arraysOf, isNear, sameNumbers } from '../support/numbers.ts';
import { scalesOf } from '../support/scales.ts';

interface Case {
  readonly name: string;
  readonly request: GradientsRequest;
  readonly expected: GradientsAnswer;
}

const vectors = new URL('../vectors/', import.meta.url);
const files = readdirSync(vectors).filter((file) => file.endsWith('.json'));
const cases = (file: string): Case[] => JSON.parse(readFileSync(new URL(file, vectors), 'utf8'));
const extras = namesOf(GradientsRequest.properties.include.items) as Extra[];

for (const file of files) {
  t.test(`PyTorch's numbers, ${file}`, async (t) => {
    const app = await startApp();
    for (const { name, request, expected } of cases(file)) {
      const include = extras.filter((name) => name in expected);
      const answer = await gradients(app, { ...request, include });
      sameNumbers(t, answer, expected, name, { scales: await scalesOf(app, request) });
    }
  });
}

t.test('the examples of the documentation', async (t) => {
  const app = await startApp();
  for (const [name, { request, answer }] of Object.entries(examples)) {
    const scales = await scalesOf(app, request);
    sameNumbers(t, await gradients(app, request), answer, name, { tolerance: 1e-14, scales });
  }
});

t.test('an answer has the requested members, in this order, and no others', async (t) => {
  const app = await startApp();
  t.strictSame(Object.keys(await gradients(app, validRequest())), ['loss', 'gradients', 'divisor']);
  const include: Extra[] = ['trace', 'squared_gradients', 'gradient_norms', 'outputs'];
  t.strictSame(Object.keys(await gradients(app, { ...validRequest(), include })), ['loss', 'gradients', 'divisor', ...include]);
  t.strictSame(Object.keys(await gradients(app, { ...validRequest(), penalty: {}, include })), [
    ...['loss', 'gradients', 'divisor', 'penalty'],
    ...include,
  ]);
});

t.test('a layer without biases has no bias gradient anywhere', async (t) => {
  const app = await startApp();
  const layers = [{ weights: [[0, 0]] }];
  const batch = { inputs: [[3, 4]], targets: [[-0.5]] };
  const answer = await gradients(app, { network: { layers }, batch, include: ['per_sample_gradients', 'gradient_norms'] });
  t.strictSame(answer.gradients, [{ weights: [[3, 4]] }]);
  t.strictSame(answer.per_sample_gradients, [{ weights: [[[3, 4]]] }]);
  t.strictSame(answer.gradient_norms, { layers: [{ weights: 5 }], total: 5 });
});

t.test('a missing key, null and the default mean the same', async (t) => {
  const app = await startApp();
  const { network, batch } = validRequest();
  const plain = await gradients(app, { network, batch });
  const [first, second] = network.layers;
  const layers: typeof network.layers = [
    { ...first, activation: { type: 'tanh' } },
    { ...second, activation: null },
  ];
  const explicit: GradientsRequest = {
    network: { layers },
    batch: { ...batch, samples: 'rows', sample_weights: [1, 1] },
    loss: { type: 'mse', reduction: 'mean' },
    include: [],
  };
  t.strictSame(await gradients(app, explicit), plain);
});

t.test('samples in columns: the same numbers, transposed', async (t) => {
  const app = await startApp();
  const turn = (matrix: number[][]) => matrix[0].map((_, j) => matrix.map((row) => row[j]));
  const include = extras;
  const square = cases('shapes.json').find(({ name }) => name === 'non-square everything') as Case;
  const request: GradientsRequest = { ...square.request, include };
  const { inputs, targets } = request.batch;
  const rows = await gradients(app, request);
  const batch = { inputs: turn(inputs), targets: turn(targets as number[][]), samples: 'columns' as const };
  const columns = await gradients(app, { ...request, batch });
  const turned = {
    ...columns,
    outputs: turn(columns.outputs ?? []),
    input_gradients: turn(columns.input_gradients ?? []),
    trace: columns.trace?.map((layer) => Object.fromEntries(Object.entries(layer).map(([key, matrix]) => [key, turn(matrix)]))),
  };
  t.strictSame(turned, rows);
});

t.test('non-finite intermediate values are allowed if the answer is finite', async (t) => {
  const app = await startApp();
  const layers: GradientsRequest['network']['layers'] = [{ weights: [[1e308, 1e308]], activation: 'tanh' }, { weights: [[2]] }];
  const request: GradientsRequest = { network: { layers }, batch: { inputs: [[1, 1]], targets: [[0]] } };
  t.strictSame(await gradients(app, request), { loss: 4, gradients: [{ weights: [[0, 0]] }, { weights: [[4]] }], divisor: 1 });
});

t.test('numbers are written in the shortest form that round-trips', async (t) => {
  const app = await startApp();
  const numbers = [5e-324, 1.7976931348623157e308, 0.1, -1 / 3, 123456789012345680000, 1e21, 1e-7, 0];
  const layers = [{ weights: numbers.map(() => numbers.map(() => 0)), biases: numbers }];
  const batch = { inputs: [numbers.map(() => 0)], targets: [0] };
  const loss = { type: 'nll' as const };
  const response = await post(app, { network: { layers }, batch, loss, include: ['outputs'] });
  t.match(response.body, `"outputs":[[${numbers.join(',')}]]`);
  t.strictSame(response.json().outputs, [numbers]);
  t.equal(response.headers['content-type'], 'application/json');
});

t.test('20,000 layers', async (t) => {
  const app = await startApp();
  const layers = Array.from({ length: 20_000 }, () => ({ weights: [[1]], activation: { type: 'elu' as const } }));
  const answer = await gradients(app, { network: { layers }, batch: { inputs: [[1]], targets: [[0]] } });
  t.equal(answer.loss, 1);
  t.strictSame(
    answer.gradients,
    layers.map(() => ({ weights: [[2]] })),
  );
});

t.test('answers for halves of a batch merge to that for the whole batch, by their divisors', async (t) => {
  const app = await startApp();
  const merging = cases('losses.json').filter(({ request }) => request.batch.samples !== 'columns');
  for (const { name, request } of merging) {
    const { inputs, targets = [], sample_weights } = request.batch;
    const sum = isSum(request.loss);
    const penalty = { l1: 0.1, l2: 0.2 };
    const include: Extra[] = ['squared_gradients'];
    const whole = await gradients(app, { ...request, penalty, include });
    const parts: GradientsAnswer[] = [];
    for (const [from, to] of [
      [0, 2],
      [2, inputs.length],
    ]) {
      const batch = {
        inputs: inputs.slice(from, to),
        targets: targets.slice(from, to) as typeof targets,
        ...(sample_weights && { sample_weights: sample_weights.slice(from, to) }),
      };
      parts.push(await gradients(app, { ...request, batch, include, ...(!(sum && from > 0) && { penalty }) }));
    }
    const divisor = parts.reduce((sum, part) => sum + part.divisor, 0);
    const weigh = (part: GradientsAnswer) => (sum ? 1 : part.divisor / divisor);
    const merged = arraysOf(whole.gradients).map(([path, numbers]) => [
      path,
      numbers.map((_, i) =>
        parts.reduce((total, part) => total + weigh(part) * (new Map(arraysOf(part.gradients)).get(path)?.[i] ?? NaN), 0),
      ),
    ]);
    const byPath = (gradients: object) => Object.fromEntries(arraysOf(gradients));
    const scales = byPath((await scalesOf(app, request)).gradients);
    sameNumbers(t, Object.fromEntries(merged), byPath(whole.gradients), name, { scales });
    for (const [k, { weights }] of (whole.squared_gradients ?? []).entries()) {
      const merged = weights.map((row, o) =>
        row.map((_, i) =>
          parts.reduce((all, part) => all + weigh(part) ** 2 * (part.squared_gradients?.[k].weights[o][i] ?? NaN), 0),
        ),
      );
      sameNumbers(t, merged, weights, `${name}: the squares of layer ${k}`);
    }
    if (!sum) t.ok(isNear(divisor, whole.divisor, divisor), `${name}: the divisors add up`);
  }
});

function isSum(loss: GradientsRequest['loss']): boolean {
  return typeof loss === 'object' && loss.reduction === 'sum';
}
