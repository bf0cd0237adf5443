// The claims of the page's examples, checked against the service.
import t, { type Test } from 'tap';
import { examples } from '../../schemas/examples.ts';
import type { GradientsAnswer } from '../../schemas/gradients.ts';
import { pageExamples } from '../../src/page/request/examples.ts';
import { en } from '../../src/page/text/en.ts';
import { gradients, startApp } from '../support/app.ts';

const app = await startApp();

/** The claims in the description of each example. */
const claims: Record<string, (t: Test, answer: GradientsAnswer) => void> = {
  article(t, answer) {
    const { loss, gradients, divisor } = answer;
    t.strictSame({ loss, gradients, divisor }, examples.article.answer);
    for (const { weights } of answer.gradients.slice(0, 2))
      t.strictSame(weights, Array(3).fill(weights[0]), 'the same in all units');
  },
  xor(t, answer) {
    const wrong = answer.outputs?.map(([output], i) => output > 0 !== (i === 1 || i === 2));
    t.strictSame(wrong, [false, false, false, true]);
    t.equal(largest(answer.per_sample_losses ?? []), 3);
    const pulls = answer.trace?.at(-1)?.output_gradients.flat() ?? [];
    t.strictSame(pulls.map(Math.sign), [1, -1, -1, 1], 'descent goes against the gradient');
    t.equal(largest(pulls.map(Math.abs)), 3);
  },
  digits(t, answer) {
    t.strictSame(
      answer.outputs?.map(largest),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 7],
      'all right, but that the 7 is labelled 1',
    );
    const losses = answer.per_sample_losses ?? [];
    t.equal(largest(losses), 14);
    t.ok(losses[14] > 0.8 * answer.loss, 'most of the loss');
    for (const layer of answer.per_sample_gradients ?? []) {
      const norms = layer.weights.map((weights) => Math.hypot(...weights.flat()));
      t.equal(largest(norms), 14);
      t.ok(norms[14] > norms.slice(0, 14).reduce((sum, norm) => sum + norm), 'more than half of the gradient');
    }
    const answers = answer.trace?.[0].outputs.slice(0, 10) ?? [];
    const favourites = answers.map((_, unit) => largest(answers.map((outputs) => outputs[unit])));
    t.strictSame(favourites, [...Array(10).keys()], 'each unit answers most to its digit');
  },
  vanishing(t, answer) {
    const norms = weightNorms(answer);
    t.equal(norms.length, 10);
    t.ok(norms[0] < 1e-6 * norms[9], `${norms[0]} and ${norms[9]}`);
    t.strictSame(
      norms,
      norms.toSorted((a, b) => a - b),
      'smaller with each step back',
    );
  },
  exploding(t, answer) {
    const norms = weightNorms(answer);
    t.equal(norms.length, 12);
    t.ok(norms[0] > 1000 * norms[11], `${norms[0]} and ${norms[11]}`);
    t.strictSame(
      norms,
      norms.toSorted((a, b) => b - a),
      'larger with each step back',
    );
    for (const { outputs } of answer.trace?.slice(0, -1) ?? []) t.ok(outputs.flat().every((value) => Math.abs(value) <= 1));
  },
};

t.strictSame(
  pageExamples.map(({ name }) => name),
  Object.keys(claims),
);

for (const { name, request } of pageExamples) {
  const { title, text } = en.request.exampleTexts[name];
  t.test(title, async (t) => {
    t.strictSame(JSON.parse(JSON.stringify(request)), request, 'survives JSON');
    t.match(text, /^([^.]|\.\d)+(\.|: .+\.)( [^.]+\.){0,2}$/, 'one to three sentences');
    const answer = await gradients(app, {
      ...request,
      include: ['outputs', 'per_sample_losses', 'per_sample_gradients', 'gradient_norms', 'trace'],
    });
    claims[name](t, answer);
  });
}

function weightNorms(answer: GradientsAnswer): number[] {
  return answer.gradient_norms?.layers.map(({ weights }) => weights) ?? [];
}

/** The index of the largest number. */
function largest(numbers: number[]): number {
  return numbers.indexOf(Math.max(...numbers));
}
