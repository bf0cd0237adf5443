// The steps on the page: in the article's order, with the service's numbers, each derived from earlier steps.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { Computed } from '../../src/page/request/computed.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { forPage } from '../../src/page/request/for-page.ts';
import { knownLoss, lossGradient, preActivationGradient, shortened, weightGradient } from '../../src/page/steps/explain.ts';
import type { Quantity, Step } from '../../src/page/steps/step.ts';
import { groupsOf, stepsOf } from '../../src/page/steps/steps.ts';
import { en } from '../../src/page/text/en.ts';
import { extentOf, matrix, rowOf, short, transposed } from '../../src/page/ui/matrix.ts';
import { gradients, startApp } from '../support/app.ts';
import { isNear } from '../support/numbers.ts';

const app = await startApp();

async function stepsTo(request: GradientsRequest): Promise<{ run: Computed; steps: Step[]; loss: number }> {
  const answer = await gradients(app, forPage(request));
  const run = new Computed(request, answer);
  const steps = stepsOf(run, en.steps);
  return { run, steps: steps.places.map((_, i) => steps.at(i)), loss: answer.loss };
}

const numbers = ({ matrix: { rows, columns, at } }: Quantity) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => at(i, j)));

const quantities = ({ pieces }: Step) => pieces.filter((piece) => typeof piece !== 'string');

/** Whether terms add up to a sum, up to rounding. */
function addUp(terms: readonly number[], sum: number): boolean {
  const add = (numbers: readonly number[]) => numbers.reduce((all, number) => all + number, 0);
  return isNear(add(terms), sum, add(terms.map(Math.abs)));
}

const values = (terms: readonly { value: number }[]) => terms.map(({ value }) => value);

/** The request of an example of the page. */
function exampleOf(name: string): GradientsRequest {
  return (pageExamples.find((example) => example.name === name) ?? pageExamples[0]).request;
}

/** All errors in the numbers of the steps: each must equal its displayed sum, and its terms the numbers of earlier steps. */
function faults(steps: readonly Step[]): string[] {
  return steps.flatMap((step, n) => {
    const { rows, columns, at } = step.result.matrix;
    const wrong: string[] = [];
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const sum = step.worked(i, j);
        const terms = values(sum.terms);
        if (terms.length > 0 && !addUp(terms, sum.value))
          wrong.push(`${step.formula} at ${i}, ${j}: ${terms.join(' + ')} is not ${sum.value}`);
        if (step.kind !== 'L' && sum.value !== at(i, j)) wrong.push(`${step.formula} at ${i}, ${j} is of another number`);
        for (const { factors, value } of sum.terms) {
          const product = values(factors).reduce((all, factor) => all * factor, 1);
          if (!isNear(product, value, Math.abs(value))) wrong.push(`${step.formula}: a product`);
        }
      }
    }
    for (const piece of quantities(step)) {
      const [row, column] = piece.reads?.(rows - 1, columns - 1) ?? [];
      if ((row ?? 0) >= piece.matrix.rows || (column ?? 0) >= piece.matrix.columns)
        wrong.push(`${step.formula} reads beyond ${piece.symbol}`);
      if (piece.madeBy === undefined) continue;
      const made = steps[piece.madeBy].result;
      const asMade = piece.symbol.endsWith('^T') ? { ...piece, matrix: transposed(piece.matrix) } : piece;
      if (piece.madeBy >= n || JSON.stringify(numbers(asMade)) !== JSON.stringify(numbers(made)))
        wrong.push(`${step.formula}: ${piece.symbol} is not what step ${piece.madeBy} made`);
    }
    return wrong;
  });
}

t.test("the article's example, in its order", async (t) => {
  const { steps, loss } = await stepsTo(examples.article.request);
  t.equal(loss, 2.629915324247322);
  t.strictSame(
    steps.map(({ kind, layer }) => `${kind}${layer + 1}`).join(' '),
    'X1 Z1 Y1 Z2 Y2 Z3 Y3 L3 dY3 dZ3 dW3 db3 dX3 dZ2 dW2 db2 dX2 dZ1 dW1 db1 dX1',
  );
  t.strictSame(
    steps.map(({ phase }) => phase),
    [...new Array(7).fill('forward'), 'loss', ...new Array(13).fill('backward')],
  );
  t.strictSame(
    steps.map(({ formula }) => formula),
    [
      'X_1 → T',
      ...['Z_1 = W_1 X_1 + b_1', 'Y_1 = tanh(Z_1)', 'Z_2 = W_2 X_2 + b_2', 'Y_2 = tanh(Z_2)', 'Z_3 = W_3 X_3 + b_3', 'Y_3 = Z_3'],
      ...['L = mse(Y_3, T)', 'dY_3 = {2}/{4} (Y_3 − T)', 'dZ_3 = f′(Z_3) ∘ dY_3', 'dW_3 = dZ_3 X_3^T', 'db_3 = Σ_{samples} dZ_3'],
      ...['dX_3 = W_3^T dZ_3', 'dZ_2 = tanh′(Z_2) ∘ dY_2', 'dW_2 = dZ_2 X_2^T', 'db_2 = Σ_{samples} dZ_2', 'dX_2 = W_2^T dZ_2'],
      ...['dZ_1 = tanh′(Z_1) ∘ dY_1', 'dW_1 = dZ_1 X_1^T', 'db_1 = Σ_{samples} dZ_1', 'dX_1 = W_1^T dZ_1'],
    ],
  );
  const { gradients: right } = examples.article.answer;
  right.forEach(({ weights, biases }, k) => {
    const of = (kind: string) => numbers((steps.find((step) => step.kind === kind && step.layer === k) as Step).result);
    t.strictSame(of('dW'), weights, `dW of layer ${k + 1}`);
    t.strictSame(of('db').flat(), biases, `db of layer ${k + 1}`);
  });
  t.strictSame(faults(steps), []);
  t.strictSame(numbers(steps[0].result), examples.article.request.batch.inputs, 'a sample is a column, as it was given');
  const [slopes] = quantities(steps[9]);
  t.strictSame(new Set(numbers(slopes).flat()), new Set([1]), 'no activation: the slope is 1');
  t.strictSame(
    steps[1].worked(2, 1).terms.map(({ factors }) => factors.map(({ value }) => value)),
    [[0.1, 2], [0.1, 5], [0.1]],
  );
});

t.test('every activation, loss and shape of the PyTorch vectors', async (t) => {
  for (const name of ['activations', 'losses', 'shapes', 'stability', 'extras']) {
    const cases: { name: string; request: GradientsRequest }[] = JSON.parse(
      readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'),
    );
    for (const { name, request } of cases) {
      const { steps } = await stepsTo(request);
      t.strictSame(faults(steps), [], name);
    }
  }
});

t.test('all examples of the page and of the documentation', async (t) => {
  const all = [
    ...pageExamples.map(({ name, request }) => ({ name, request })),
    ...Object.entries(examples).map(([name, { request }]) => ({ name, request })),
  ];
  for (const { name, request } of all) {
    const { steps } = await stepsTo(request);
    t.strictSame(faults(steps), [], name);
    for (const { why, title } of steps) t.ok(title && why.every((text) => text.length > 10), `${name}: ${title}`);
  }
});

const softmax: GradientsRequest = {
  network: {
    layers: [
      {
        weights: [
          [1, -1],
          [0.5, 2],
        ],
        activation: 'softmax',
      },
      {
        weights: [
          [1, 2],
          [3, -1],
        ],
        activation: 'relu',
      },
    ],
  },
  batch: {
    inputs: [
      [1, 2, 0],
      [0.5, -1, 3],
    ],
    targets: [
      [1, 0, 1],
      [0, 1, 0],
    ],
    samples: 'columns',
  },
  loss: { type: 'l1', reduction: 'sum' },
};

t.test('an activation across all units, no biases, a loss other than mse', async (t) => {
  const { run, steps } = await stepsTo(softmax);
  t.strictSame(faults(steps), []);
  const formulas = steps.map(({ formula }) => formula);
  for (const formula of ['Z_1 = W_1 X_1', 'Y_1 = softmax(Z_1)', 'dY_2 = {∂L}/{∂Y_2}', 'dZ_1 = J^T dY_1'])
    t.ok(formulas.includes(formula), formula);
  t.notOk(steps.some(({ kind }) => kind === 'db'));
  t.strictSame(preActivationGradient(run, 0, 0, 0, en.steps).terms, [], 'there is no slope of one unit');
  t.equal(run.biasGradient(0, 0), undefined);
  const [rowwise] = quantities(steps.find(({ formula }) => formula.startsWith('dZ_1')) as Step);
  t.strictSame(rowwise.reads?.(1, 2), [undefined, 2], 'a number is made from all of its sample');
  t.match(steps.find(({ kind }) => kind === 'Y')?.why[0], "exp(x_j) / sum_i exp(x_i), over a sample's units", 'its formula');
  t.match(steps.find(({ kind }) => kind === 'L')?.why[0], '|y - t|');
  const relu = steps.find(({ formula }) => formula === 'dZ_2 = relu′(Z_2) ∘ dY_2') as Step;
  t.match(relu.why[0], /slope of relu is 1/);
  const first = steps.find(({ kind }) => kind === 'dY') as Step;
  t.strictSame(first.worked(0, 0).terms, [], 'what is no sum has no terms');
});

t.test('a slope that nothing comes back through, a single sample, class indices with samples in columns', async (t) => {
  const dead: GradientsRequest = {
    network: { layers: [{ weights: [[1]], biases: [0], activation: 'tanh' }] },
    batch: { inputs: [[2]], targets: [[Math.tanh(2)]] },
  };
  const { steps } = await stepsTo(dead);
  const back = steps.find(({ kind }) => kind === 'dZ') as Step;
  const slope = numbers(quantities(back)[0])[0][0];
  t.ok(isNear(slope, 1 - Math.tanh(2) ** 2, 1));
  t.match(back.worked(0, 0), { terms: [{ factors: [{ value: slope }, { value: 0 }] }], value: 0 });
  t.match((steps.find(({ kind }) => kind === 'dW') as Step).why[1], /^For one sample this is a column times a row\.$/);

  const { weights } = softmax.network.layers[0];
  const classes: GradientsRequest = {
    network: { layers: [{ weights }] },
    batch: { inputs: softmax.batch.inputs, targets: [0, 1, 1], samples: 'columns' },
    loss: 'cross_entropy',
  };
  const { run, steps: ofClasses } = await stepsTo(classes);
  t.strictSame(faults(ofClasses), []);
  t.strictSame(numbers(quantities(ofClasses[0])[0]), [[0, 1, 1]]);
  t.equal(run.target(1, 1), 1);
  t.equal(run.target(1, 0), 0);
});

t.test('the gradient of the loss, as the formula everyone knows', async (t) => {
  const cases: [known: string | undefined, request: GradientsRequest, formula: string][] = [
    ['mse', examples.article.request, 'dY_3 = {2}/{4} (Y_3 − T)'],
    ['softmax', exampleOf('digits'), 'dY_2 = {1}/{15} (softmax(Y_2) − T)'],
    ['sigmoid', exampleOf('xor'), 'dY_2 = {1}/{4} (sigmoid(Y_2) − T)'],
    ['mse', { ...examples.article.request, loss: { type: 'mse', reduction: 'sum' } }, 'dY_3 = 2 (Y_3 − T)'],
    ['softmax', { ...exampleOf('digits'), loss: { type: 'cross_entropy', reduction: 'sum' } }, 'dY_2 = (softmax(Y_2) − T)'],
    [undefined, { ...exampleOf('digits'), loss: { type: 'cross_entropy', label_smoothing: 0.1 } }, 'dY_2 = {∂L}/{∂Y_2}'],
    [undefined, { ...exampleOf('xor'), loss: 'l1' }, 'dY_2 = {∂L}/{∂Y_2}'],
  ];
  for (const [known, request, formula] of cases) {
    const { run, steps } = await stepsTo(request);
    t.equal(knownLoss(run), known);
    const step = steps.find(({ kind }) => kind === 'dY') as Step;
    t.equal(step.formula, formula);
    for (let sample = 0; sample < run.samples; sample++) {
      const sum = lossGradient(run, sample, 0, en.steps);
      if (known) t.ok(addUp(values(sum.terms), sum.value), `${formula}: ${values(sum.terms)} is ${sum.value}`);
      else t.strictSame(sum.terms, []);
    }
  }
  const weighted = { ...exampleOf('xor'), batch: { ...exampleOf('xor').batch, sample_weights: [1, 2, 3, 4] } };
  t.equal(knownLoss((await stepsTo(weighted)).run), undefined, 'with sample weights it is another');
});

t.test('the list of steps: the layers forward, the loss, the layers backward', async (t) => {
  const answer = await gradients(app, forPage(examples.article.request));
  const steps = stepsOf(new Computed(examples.article.request, answer), en.steps);
  t.strictSame(
    groupsOf(steps).map(({ phase, layer, steps }) => `${phase} ${layer === undefined ? '-' : layer + 1}: ${steps.join(' ')}`),
    [
      ...['forward -: 0', 'forward 1: 1 2', 'forward 2: 3 4', 'forward 3: 5 6', 'loss -: 7', 'backward -: 8'],
      ...['backward 3: 9 10 11 12', 'backward 2: 13 14 15 16', 'backward 1: 17 18 19 20'],
    ],
  );
});

t.test('gradients of single samples are asked for only where they are few', async (t) => {
  const wide = {
    ...exampleOf('digits'),
    batch: { inputs: new Array(30).fill(new Array(64).fill(1)), targets: new Array(30).fill(0) },
  };
  t.ok(forPage(exampleOf('digits')).include?.includes('per_sample_gradients'));
  t.notOk(forPage(wide).include?.includes('per_sample_gradients'));
});

t.test('a sum of many terms shows the largest ones', async (t) => {
  const { run } = await stepsTo(exampleOf('digits'));
  const sum = weightGradient(run, run.layers - 1, 0, 0, en.steps);
  t.equal(shortened(sum, sum.terms.length).rest, undefined);
  const { terms, rest } = shortened(sum, 4);
  t.equal(terms.length, 3);
  t.equal(rest?.count, sum.terms.length - 3);
  t.ok(addUp([...values(terms), rest?.value ?? 0], sum.value));
  const kept = Math.min(...terms.map(({ value }) => Math.abs(value)));
  t.equal(sum.terms.filter(({ value }) => Math.abs(value) > kept).length <= 3, true);
});

t.test('ranges of numbers, and short numbers', async (t) => {
  t.match(
    extentOf(
      matrix([
        [3, -4],
        [0, Number.NaN],
      ]),
    ),
    { least: -4, greatest: 3, largest: 4, norm: 5 },
  );
  t.match(extentOf(rowOf([1e-200, 1e-200])), { norm: Math.SQRT2 * 1e-200 });
  t.match(extentOf(rowOf([Number.NaN])), { least: 0, greatest: 0, largest: 0, norm: 0 });
  t.equal(extentOf(rowOf([0, 0])).norm, 0);
  t.equal(extentOf(matrix([])).largest, 0);
  const shorts: [number, string][] = [
    [0, '0'],
    [-0, '0'],
    [0.1, '0.1'],
    [-0.1238277784070517, '−0.124'],
    [1234.5, '1235'],
    [12345.6, '12346'],
    [2.5, '2.5'],
    [100, '100'],
    [1e-7, '1e−7'],
    [-1.264e-5, '−1.26e−5'],
    [3e8, '3e8'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ];
  for (const [value, text] of shorts) t.equal(short(value), text);
  t.equal(short(0.664, 2), '0.66');
  t.equal(short(-0.1238277784070517, 6), '−0.123828');
  t.equal(short(-0.1238277784070517, 'all'), '−0.1238277784070517');
  t.equal(short(1.5e-7, 'all'), '1.5e−7');
});
