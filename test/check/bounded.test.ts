// The work of a search is bounded, and the answer says what was left out.
import t from 'tap';
import { check, wrongIn } from './candidates.ts';
import { checkOf, wrong } from './corpus.ts';
import { map, times } from './numpy.ts';
import { df, type Problem, problem, requestOf, run } from './program.ts';

const ofLines = (p: Problem, lines: Parameters<typeof run>[1]) => checkOf(wrong('constant-factor', p, lines), false);

function trace(p: Problem) {
  return run(p, {}).trace;
}

t.test('a deep network: the work is bounded, and the answer says what was left out', async (t) => {
  const depth = 120;
  const sizes = Array.from({ length: depth + 1 }, () => 4);
  const p = problem(
    305,
    sizes,
    sizes.slice(1).map(() => 'tanh'),
    'mse',
  );
  const unknown = check(
    ofLines(p, {
      dZ: (at) =>
        times(
          at.dA,
          map(at.Z[at.k], (z) => 1.1 * df.tanh(z) + 0.1),
        ),
    }),
  );
  t.match(
    unknown.left_out,
    /^not tried, because the network is large: mistakes in layer \d+, .* and \d+ more\. Check fewer samples, or send a trace$/,
  );
  t.equal(wrongIn(unknown).length, 2 * depth);
  t.strictSame(check(ofLines(p, {})).left_out, undefined);
});

t.test('a deep network whose trace is wrong in every layer', async (t) => {
  const sizes = Array.from({ length: 61 }, () => 4);
  const p = problem(
    306,
    sizes,
    sizes.slice(1).map(() => 'tanh'),
    'mse',
  );
  const off = trace(p).map((layer, k) => ({
    output_gradients: map(
      (layer as unknown as { output_gradients: number[][] }).output_gradients,
      (d, i, j) => d * (1.5 + Math.cos(k + i * j)),
    ),
  }));
  const answer = check({ ...requestOf(p), candidate: { trace: off } });
  t.match(answer, {
    agrees: false,
    first_difference: '/candidate/trace/59/output_gradients',
    diagnoses: [],
    left_out: /mistakes in layer/,
  });
});

t.test('an unknown mistake in a layer below many of which the candidate has nothing', async (t) => {
  const sizes = Array.from({ length: 25 }, () => 6);
  const p = problem(
    307,
    sizes,
    sizes.slice(1).map(() => 'sigmoid'),
    'mse',
    { samples: 200 },
  );
  const { gradients } = run(p, {});
  const weights = map(gradients[0].weights, (x, i, j) => x * (2 + Math.cos(i + 2 * j)));
  const answer = check({ ...requestOf(p), candidate: { gradients: [{ weights }] } });
  t.match(answer, { agrees: false, diagnoses: [], left_out: /^not tried/ });
});
