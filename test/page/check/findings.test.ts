// Where a comparison is shown: marks of units and edges, and the number of a step.
import t from 'tap';
import { examples } from '../../../schemas/examples.ts';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { readCandidate } from '../../../src/page/check/candidate.ts';
import { marksOf, numberAt, wrongPrint } from '../../../src/page/check/findings.ts';
import { placeName, whereName } from '../../../src/page/check/words.ts';
import { Computed } from '../../../src/page/request/computed.ts';
import { forPage } from '../../../src/page/request/for-page.ts';
import { check } from '../../../src/page/text/en/check.ts';
import { gradients, startApp, validRequest } from '../../support/app.ts';

const article: GradientsRequest = examples.article.request;

t.test('marks in the picture', async (t) => {
  const app = await startApp();
  const request = validRequest();
  const answer = await gradients(app, forPage(request));
  const run = new Computed(request, answer);
  const [first, second] = answer.gradients;
  const wrong = [first.weights[0], [first.weights[1][0], first.weights[1][1] + 1]];
  const candidate = {
    gradients: [
      { weights: wrong, biases: first.biases },
      { weights: [1, 2], biases: [0] },
    ],
  } as object;
  t.strictSame(Object.fromEntries(marksOf(run, candidate, 1e-6)), {
    '1:0:0': 'right',
    '1:0:1': 'right',
    '1:1:0': 'right',
    '1:1:1': 'wrong',
    '1:0': 'right',
    '1:1': 'right',
    '2:0': 'wrong',
  });
  const trace = [
    { inputs: run.trace[0].inputs, pre_activations: [[9, run.trace[0].pre_activations[0][1]], run.trace[0].pre_activations[1]] },
    {},
  ];
  t.strictSame(Object.fromEntries(marksOf(run, { trace, outputs: run.trace[1].outputs, gradients: [{}, second] }, 1e-6)), {
    '2:0:0': 'right',
    '2:0:1': 'right',
    '2:0': 'right',
    '0:0': 'right',
    '0:1': 'right',
    '1:0': 'wrong',
    '1:1': 'right',
  });
  const unknown = { network: { layers: [{ weights: [[1]] }] }, batch: { inputs: [[1]], targets: [[1]] } };
  const unbiased = new Computed(unknown, await gradients(app, forPage(unknown)));
  t.strictSame([...marksOf(unbiased, { gradients: [{ biases: [1] }], trace: [{ slopes: [[1]] }] }, 0)], [['1:0', 'right']]);
  t.match(wrongPrint(unbiased), /^dW1 = \[\[0\.0+\]\]$/);
  const { placements, candidate: read } = readCandidate(wrongPrint(run), request);
  t.equal(placements.length, 4);
  t.ok(
    Math.abs((read.gradients?.[0].biases?.[0] as number) - (first.biases?.[0] as number) / 2) < 1e-8,
    'means in place of sums',
  );
});

t.test('the number of a step', async (t) => {
  const app = await startApp();
  const run = new Computed(validRequest(), await gradients(app, forPage(validRequest())));
  const columns = new Computed(article, await gradients(app, forPage(article)));
  const at = (pointer: string, of = run) => Object.values(numberAt(`/candidate/${pointer}`, [1, 0], of)).join(' ');
  const expected: [pointer: string, number: string][] = [
    ['loss', 'L 1 0 0'],
    ['outputs', 'Y 1 1 0'],
    ['gradients/0/weights', 'dW 0 1 0'],
    ['gradients/0/biases', 'db 0 0 1'],
    ['trace/0/inputs', 'X 0 1 0'],
    ['trace/1/inputs', 'Y 0 1 0'],
    ['trace/1/pre_activations', 'Z 1 1 0'],
    ['trace/0/outputs', 'Y 0 1 0'],
    ['trace/0/output_gradients', 'dX 1 1 0'],
    ['trace/1/output_gradients', 'dY 1 1 0'],
    ['trace/0/input_gradients', 'dX 0 1 0'],
    ['trace/0/slopes', 'dZ 0 1 0'],
    ['trace/0/pre_activation_gradients', 'dZ 0 1 0'],
  ];
  for (const [pointer, number] of expected) t.equal(at(pointer), number, pointer);
  t.equal(at('gradients/0/biases', columns), 'db 0 1 0', 'of samples in columns');
  t.strictSame(Object.values(numberAt('/candidate/outputs', [], run)), ['Y', 1, 0, 0]);
});

t.test('places in words count layers from 1', async (t) => {
  const request = validRequest();
  t.equal(placeName('/candidate/gradients/1/weights', request, check), 'gradient of the weights, layer 2');
  t.equal(placeName('/candidate/loss', request, check), 'loss');
  t.equal(placeName('/candidate/nothing', request, check), '/candidate/nothing');
  t.equal(whereName('/network/layers/0/activation', check), 'layer 1');
  t.equal(whereName('/network/layers', check), 'all layers');
  t.equal(whereName('/loss', check), 'the loss');
  t.equal(whereName('/other', check), '/other');
});
