// The examples with a classifier: each sends class indices, sample weights, and an activation and a loss with options.
import t from 'tap';
import type { GradientsAnswer } from '../../schemas/gradients.ts';
import { startService } from '../support/process.ts';
import { classifiers, run, skipped } from './programs.ts';

const request = {
  network: {
    layers: [
      {
        weights: [
          [0.2, -0.4],
          [0.6, 0.1],
          [-0.3, 0.5],
        ],
        biases: [0.1, 0, -0.1],
        activation: { type: 'leaky_relu', negative_slope: 0.2 },
      },
      {
        weights: [
          [0.7, -0.2, 0.3],
          [-0.5, 0.4, 0.1],
          [0.2, 0.6, -0.8],
        ],
        biases: [0, 0.1, 0.2],
      },
    ],
  },
  batch: {
    inputs: [
      [1, 2],
      [-1, 0.5],
      [0, -2],
      [3, 1],
    ],
    classes: [0, 2, 1, 2],
    sample_weights: [1, 0.5, 2, 1],
  },
  loss: { type: 'cross_entropy', label_smoothing: 0.1 },
};

const service = await startService();
t.teardown(async () => {
  service.process.kill();
  await service.exit;
});
const headers = { 'content-type': 'application/json' };
const response = await fetch(new URL('/gradients', service.url), { method: 'POST', headers, body: JSON.stringify(request) });
const { loss, divisor, gradients } = (await response.json()) as GradientsAnswer;
const skips = await Promise.all(classifiers.map(skipped));
t.equal(classifiers.length, 5);
t.jobs = 2;

for (const program of classifiers) {
  t.test(program.file, { buffered: true, skip: skips[classifiers.indexOf(program)] }, async (t) => {
    const { code, stdout, stderr } = await run(program, service.url.origin);
    t.equal(code, 0, 'it succeeds', { stderr });
    const numbers = (label: string) =>
      (new RegExp(`^${label}: ?(.*)$`, 'm').exec(stdout)?.[1].match(/-?[\d.]+(e[-+]\d+)?/g) ?? []).map(Number);
    t.strictSame(numbers('loss'), [loss]);
    t.strictSame(numbers('divisor'), [divisor]);
    t.strictSame(numbers('biases of the last layer'), gradients.at(-1)?.biases);
  });
}
