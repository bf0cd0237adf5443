// Networks with products too large for loops: the engine gives the same numbers as ml-matrix.
import t from 'tap';
import { type Extra, GradientsRequest } from '../../schemas/gradients.ts';
import { namesOf } from '../../schemas/names.ts';
import { gradients, startApp, startOwnApp } from '../support/app.ts';
import { sameNumbers } from '../support/numbers.ts';
import { scalesOf } from '../support/scales.ts';

const include = namesOf(GradientsRequest.properties.include.items) as Extra[];
const SAMPLES = 24;
const CLASSES = 9;

/** Numbers between -1 and 1, the same in every run, without a pattern that could cancel in products. */
const matrix = (rows: number, columns: number, seed: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin((seed + columns * i + j) ** 2)));

const classes = Array.from({ length: SAMPLES }, (_, i) => i % CLASSES);

t.test('three layers', async (t) => {
  const request: GradientsRequest = {
    network: {
      layers: [
        { weights: matrix(37, 41, 1), biases: matrix(1, 37, 2)[0], activation: 'tanh' },
        { weights: matrix(23, 37, 3), activation: 'gelu' },
        { weights: matrix(CLASSES, 23, 4), biases: matrix(1, CLASSES, 5)[0] },
      ],
    },
    batch: { inputs: matrix(SAMPLES, 41, 6), targets: classes },
    loss: 'cross_entropy',
    include,
  };
  const [app, plain] = [await startApp(), await startOwnApp(t, { ENGINE: 'ml-matrix' })];
  const scales = await scalesOf(plain, request);
  sameNumbers(t, await gradients(app, request), await gradients(plain, request), 'the answer', { scales });
});

t.test('a gradient that cancels to 0', async (t) => {
  // Every sample has an opposite one, and the loss is linear in the outputs.
  const inputs = matrix(SAMPLES, 41, 1);
  const weights = matrix(CLASSES, 41, 2);
  const request: GradientsRequest = {
    network: { layers: [{ weights }] },
    batch: { inputs: [...inputs, ...inputs.map((row) => row.map((x) => -x))], targets: [...classes, ...classes] },
    loss: 'nll',
  };
  const app = await startApp();
  const answer = await gradients(app, request);
  const zero = weights.map((row) => row.map(() => 0));
  sameNumbers(t, { gradients: answer.gradients }, { gradients: [{ weights: zero }] }, 'the gradients', {
    scales: await scalesOf(app, request),
  });
});
