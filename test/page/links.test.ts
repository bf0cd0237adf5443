// What belongs together on the page: numbers, units and edges, and steps; colours; why a number is 0; hints.
import t from 'tap';
import { examples } from '../../schemas/examples.ts';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { neighbour } from '../../src/page/network/keys.ts';
import { layOut } from '../../src/page/network/layout.ts';
import { flatUnit } from '../../src/page/network/slopes.ts';
import { Computed } from '../../src/page/request/computed.ts';
import { oriented, withValue } from '../../src/page/request/edit.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { forPage } from '../../src/page/request/for-page.ts';
import { hintsOn } from '../../src/page/steps/hints.ts';
import { cellOf, inPicture, stepOfChoice, stepOfLayer, stepOfNumber } from '../../src/page/steps/links.ts';
import type { NumberOf } from '../../src/page/steps/step.ts';
import { stepsOf } from '../../src/page/steps/steps.ts';
import { whyZero } from '../../src/page/steps/zero.ts';
import { en } from '../../src/page/text/en.ts';
import { shadeOf, topOf } from '../../src/page/ui/scale.ts';
import { gradients, startApp } from '../support/app.ts';

const app = await startApp();
const article: GradientsRequest = examples.article.request;

/** The request of an example of the page. */
function exampleOf(name: string): GradientsRequest {
  return (pageExamples.find((example) => example.name === name) ?? pageExamples[0]).request;
}

async function runOf(request: GradientsRequest) {
  const run = new Computed(request, await gradients(app, forPage(request)));
  return { run, steps: stepsOf(run, en.steps) };
}

t.test('a number of any step leads to what it is of, and back to its step', async (t) => {
  for (const request of [article, oriented(article, 'rows')]) {
    const { run, steps } = await runOf(request);
    steps.places.forEach((place, number) => {
      const { result } = steps.at(number);
      const of: NumberOf = { ...result.of, i: result.matrix.rows - 1, j: result.matrix.columns - 1 };
      t.strictSame(stepOfNumber(steps, of), { step: number, cell: [of.i, of.j] });
      const { choice, sample = 0 } = inPicture(run, of);
      if (place.kind === 'L') t.strictSame([choice, sample], [undefined, 1]);
      else if (choice) {
        const back = stepOfChoice(run, steps, place, choice, sample);
        // The gradient of an input is that of an output of the layer before, which has its own step.
        const expected = place.kind === 'dX' && place.layer > 0 ? steps.find('dZ', place.layer - 1) : number;
        t.strictSame(back, { step: expected, cell: [of.i, of.j] }, `${place.kind} ${place.layer}`);
      }
    });
  }
});

t.test('numbers of the request lead into the picture', async (t) => {
  const { run, steps } = await runOf(article);
  t.strictSame(inPicture(run, { kind: 'W', layer: 1, i: 2, j: 0 }), { choice: { column: 2, unit: 2, input: 0 } });
  t.strictSame(inPicture(run, { kind: 'b', layer: 1, i: 2, j: 0 }), { choice: { column: 2, unit: 2 } });
  t.strictSame(inPicture(run, { kind: 'T', layer: 2, i: 1, j: 0 }), { choice: { column: 3, unit: 1 }, sample: 0 });
  t.equal(stepOfNumber(steps, { kind: 'W', layer: 1, i: 2, j: 0 }), undefined, 'which compute none of them');
  const { run: classes } = await runOf(examples.classification.request);
  t.strictSame(inPicture(classes, { kind: 'T', layer: classes.layers - 1, i: 2, j: 0 }), { sample: 2 });
  const { run: columns } = await runOf(oriented(examples.classification.request, 'columns'));
  t.strictSame(inPicture(columns, { kind: 'T', layer: columns.layers - 1, i: 0, j: 2 }), { sample: 2 });
});

t.test('the step for what is chosen in the picture keeps the direction', async (t) => {
  const { run, steps } = await runOf(article);
  const at = (kind: string, layer: number) => steps.places[steps.find(kind, layer) as number];
  const chosen = (from: string, layer: number, choice: { column: number; unit: number; input?: number }) => {
    const { step, cell } = stepOfChoice(run, steps, at(from, layer), choice, 1);
    return `${steps.places[step].kind}${steps.places[step].layer + 1} ${cell}`;
  };
  t.equal(chosen('X', 0, { column: 2, unit: 1 }), 'Y2 1,1');
  t.equal(chosen('Z', 1, { column: 2, unit: 1 }), 'Z2 1,1', 'the current step stays');
  t.equal(chosen('dW', 2, { column: 2, unit: 1 }), 'dZ2 1,1');
  t.equal(chosen('db', 1, { column: 2, unit: 1 }), 'db2 1,0');
  t.equal(chosen('Z', 0, { column: 2, unit: 1, input: 2 }), 'Z2 1,1');
  t.equal(chosen('dZ', 0, { column: 2, unit: 1, input: 2 }), 'dW2 1,2');
  t.equal(chosen('Y', 0, { column: 0, unit: 1 }), 'X1 1,1');
  t.equal(chosen('dY', 2, { column: 0, unit: 1 }), 'dX1 1,1');
  const layer = (from: string, column: number) => steps.places[stepOfLayer(steps, at(from, 2), column)];
  t.match(
    [layer('Z', 1), layer('dZ', 1), layer('Z', 0), layer('dZ', 0)],
    [{ kind: 'Z' }, { kind: 'dZ' }, { kind: 'X' }, { kind: 'dX' }],
  );
});

t.test('another sample in the result of a step', async (t) => {
  for (const [request, place] of [
    [article, (sample: number, unit: number) => [unit, sample]],
    [oriented(article, 'rows'), (sample: number, unit: number) => [sample, unit]],
  ] as const) {
    const { run } = await runOf(request);
    t.strictSame(cellOf(run, 'dZ', 1, place(0, 2) as [number, number]), place(1, 2));
    t.strictSame(cellOf(run, 'L', 1, place(0, 0) as [number, number]), place(1, 0));
    for (const kind of ['dW', 'db'] as const) t.strictSame(cellOf(run, kind, 1, [0, 2]), [0, 2]);
  }
});

t.test('arrow keys in the picture', async (t) => {
  const layout = layOut([2, 3, 1], { width: 400, height: 300 });
  const key = (key: string, shiftKey = false) => ({ key, shiftKey });
  const from = { column: 1, unit: 1 };
  t.strictSame(neighbour(key('ArrowDown'), from, layout), { column: 1, unit: 2 });
  t.strictSame(neighbour(key('ArrowUp'), from, layout), { column: 1, unit: 0 });
  t.equal(neighbour(key('ArrowDown'), { column: 1, unit: 2 }, layout), undefined, 'not into the next column');
  t.strictSame(neighbour(key('ArrowRight'), from, layout), { column: 2, unit: 0 });
  t.match(neighbour(key('ArrowLeft'), { column: 1, unit: 2 }, layout), { column: 0, unit: 1 });
  t.match(neighbour(key('ArrowLeft'), { column: 1, unit: 0 }, layout), { column: 0, unit: 0 });
  t.equal(neighbour(key('ArrowLeft'), { column: 0, unit: 0 }, layout), undefined);
  t.equal(neighbour(key('a'), from, layout), undefined);
  t.strictSame(neighbour(key('ArrowDown', true), from, layout), { column: 1, unit: 1, input: 0 });
  t.strictSame(neighbour(key('ArrowUp', true), from, layout), { column: 1, unit: 1, input: 1 });
  t.strictSame(neighbour(key('ArrowDown', true), { ...from, input: 1 }, layout), from, 'after the last edge the unit again');
});

t.test('one scale: each shade is ten times the one before', async (t) => {
  const { run } = await runOf(article);
  t.equal(topOf(run, false), 10, 'the largest number is 5');
  const { run: exploding } = await runOf(exampleOf('exploding'));
  t.strictSame([topOf(exploding, false), topOf(exploding, true)], [10, 100_000]);
  t.strictSame(
    [10, 1, 0.1, 0.01].map((value) => shadeOf(value, 10)),
    [1, 0.75, 0.5, 0.25],
  );
  t.strictSame([shadeOf(-1, 10), shadeOf(1000, 10), shadeOf(0, 10), shadeOf(Number.NaN, 10)], [0.75, 1, 0, 0]);
  t.equal(shadeOf(1e-9, 10), 0.07, 'what is not 0 is seen');
  const zeros = { network: { layers: [{ weights: [[0]] }] }, batch: { inputs: [[0]], targets: [[0]] } };
  t.equal(topOf((await runOf(zeros)).run, true), 1);
});

/** Two relu units, the second of which is dead, then a linear one that does not use the first. */
const dead: GradientsRequest = {
  network: {
    layers: [
      {
        weights: [
          [1, 0],
          [-1, 0],
        ],
        biases: [0.5, -2],
        activation: 'relu',
      },
      { weights: [[0, 3]], biases: [1] },
    ],
  },
  batch: {
    inputs: [
      [1, 0],
      [2, 0],
      [0.1, 0],
    ],
    targets: [[0], [2], [1]],
  },
};

t.test('dead and saturated units', async (t) => {
  const { run } = await runOf(dead);
  t.equal(flatUnit(run, 0, 0), undefined);
  t.strictSame(flatUnit(run, 0, 1), { kind: 'dead', least: -4, greatest: -2.1, slope: 0 });
  t.equal(flatUnit(run, 1, 0), undefined);
  const saturated = withValue(withValue(dead, '/network/layers/0/activation', 'tanh'), '/network/layers/0/biases/1', -8);
  t.match(flatUnit((await runOf(saturated)).run, 0, 1), { kind: 'saturated', least: -10, greatest: -8.1 });
  const softmax = withValue(dead, '/network/layers/0/activation', 'softmax');
  t.equal(flatUnit((await runOf(softmax)).run, 0, 1), undefined, 'no slope of a unit alone');
});

t.test('why a gradient is 0', async (t) => {
  const { run } = await runOf(dead);
  const name = (column: number, unit: number) => en.network.nameOf(column, unit + 1);
  const why = (kind: NumberOf['kind'], layer: number, i: number, j: number) =>
    whyZero(run, { kind, layer, i, j }, 0, en.steps, name);
  t.strictSame(why('dZ', 0, 0, 1), [
    'The slope of layer 1, unit 2 is 0 for all 3 samples: z ≤ −2.1. No gradient passes through it.',
  ]);
  t.strictSame(why('dZ', 0, 0, 0), ['No gradient arrives at this output, so there is nothing to multiply.']);
  t.strictSame(why('dW', 0, 1, 0), [
    'The slope of layer 1, unit 2 is 0 for all 3 samples: z ≤ −2.1. No gradient passes through it.',
  ]);
  t.strictSame(why('dW', 0, 1, 1), [
    'The slope of layer 1, unit 2 is 0 for all 3 samples: z ≤ −2.1. No gradient passes through it.',
    'The input is 0 for all 3 samples: this weight changes nothing.',
  ]);
  t.strictSame(why('dW', 0, 0, 0), ['The gradient of the unit is 0 for all 3 samples.']);
  t.strictSame(why('dW', 1, 0, 1), ['The input is 0 for all 3 samples: this weight changes nothing.']);
  t.strictSame(why('dW', 1, 0, 0), ['The terms cancel.'], 'a sum that is 0 by chance');
  t.strictSame(why('db', 0, 0, 1), [
    'The slope of layer 1, unit 2 is 0 for all 3 samples: z ≤ −2.1. No gradient passes through it.',
  ]);
  const { run: columns } = await runOf(oriented(dead, 'columns'));
  t.strictSame(whyZero(columns, { kind: 'db', layer: 0, i: 1, j: 0 }, 0, en.steps, name), why('db', 0, 0, 1));
  t.strictSame(why('db', 1, 0, 0), ['The terms cancel.']);
  t.strictSame(why('dX', 0, 0, 1), ['The gradients of all units that it goes to are 0, or their weights are.']);
  t.strictSame(why('dX', 1, 0, 1), ['The terms cancel.']);
  t.strictSame(why('dY', 1, 2, 0), ['The output equals its target: the loss has slope 0 here.']);
  t.strictSame(why('Y', 0, 0, 1), [], 'an output has no gradient to explain');
  t.strictSame(whyZero(run, { kind: 'dY', layer: 1, i: 0, j: 0 }, 0.5, en.steps, name), []);
  const flat = {
    network: { layers: [{ weights: [[1]], activation: 'relu' as const }, { weights: [[1]] }] },
    batch: { inputs: [[-1], [1]], targets: [[1], [3]] },
  };
  const { run: flatRun } = await runOf(flat);
  const flatWhy = (kind: NumberOf['kind']) => whyZero(flatRun, { kind, layer: 0, i: 0, j: 0 }, 0, en.steps, name);
  t.strictSame(flatWhy('dZ'), ['The activation has slope 0 here: z = −1.']);
  const apart = { ...flat, batch: { inputs: [[-1], [0]], targets: [[1], [3]] } };
  const { run: apartRun } = await runOf({
    ...apart,
    network: { layers: [{ weights: [[1]], biases: [0.5], activation: 'relu' as const }, { weights: [[1]] }] },
  });
  t.strictSame(whyZero(apartRun, { kind: 'dW', layer: 0, i: 0, j: 0 }, 0, en.steps, name), [
    'In every sample, either the input or the gradient of the unit is 0.',
  ]);
});

t.test('hints on requests that are legal, and odd', async (t) => {
  const hints = async (request: GradientsRequest) => hintsOn((await runOf(request)).run, en.steps);
  const { hints: text } = en.steps;
  t.strictSame(await hints(article), []);
  const classes = examples.classification.request;
  const last = classes.network.layers.length - 1;
  t.strictSame(await hints(withValue(classes, `/network/layers/${last}/activation`, 'softmax')), [text.softmaxTwice]);
  const one: GradientsRequest = {
    network: { layers: [{ weights: [[1]], activation: 'sigmoid' }] },
    batch: { inputs: [[1]], targets: [[1]] },
  };
  t.strictSame(await hints({ ...one, loss: 'binary_cross_entropy_with_logits' }), [text.sigmoidTwice]);
  t.strictSame(await hints(withValue(one, '/batch/targets', [[7]])), [text.outOfReach('sigmoid', '0', '1')]);
  t.strictSame(await hints(withValue(withValue(one, '/network/layers/0/activation', 'relu'), '/batch/targets', [[-1]])), [
    text.outOfReach('relu', '0', '∞'),
  ]);
  const linear = withValue(one, '/network/layers/0/activation', undefined);
  t.strictSame(await hints(withValue(linear, '/batch/targets', [[500]])), [text.outputsSmaller('1', '500')]);
  t.strictSame(await hints(withValue(linear, '/batch/targets', [[0.001]])), [text.outputsLarger('1', '0.001')]);
});
