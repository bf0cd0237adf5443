// The work of a search is bounded, and the answer says what was left out.
import t from 'tap';
import type { Dense } from '../../src/linalg/dense.ts';
import { INLINE_MICROSECONDS, inlineMicroseconds } from '../../src/pool/inline.ts';
import { planCheck } from '../../src/work/check/plan.ts';
import { flat } from '../support/flat.ts';
import { check, engine, wrongIn } from './candidates.ts';
import { checkOf, wrong } from './corpus.ts';
import { map, sum0, times } from './numpy.ts';
import { type At, df, type Problem, problem, requestOf, run } from './program.ts';

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

/** An engine that counts the floating-point operations of its products. */
function counting() {
  const counted = { flops: 0, engine };
  const products = ['forward', 'weightGradient', 'inputGradient'] as const;
  counted.engine = Object.assign(Object.create(engine) as typeof engine, {
    ...Object.fromEntries(
      products.map((name) => [
        name,
        (A: Dense, B: Dense, ...rest: never[]) => {
          counted.flops +=
            (2 * A.data.length * B.data.length) / (name === 'forward' ? A.columns : name === 'inputGradient' ? B.rows : A.rows);
          return (engine[name] as (...all: unknown[]) => Dense)(A, B, ...rest);
        },
      ]),
    ),
  });
  return counted;
}

t.test('a check has at most 60 times the operations of the gradients', async (t) => {
  const unknown = {
    dZ: (at: At) =>
      times(
        at.dA,
        map(at.Z[at.k], (z, i, j) => df[at.p.activations[at.k]](z) + 0.1 * Math.cos(i + j)),
      ),
  };
  const averaged = { db: (at: At) => sum0(at.dZ).map((x) => x / at.dZ.length) };
  for (const [widths, samples] of [
    [[2, 3, 3, 2], 2],
    [[20, 16, 8, 4], 20],
    [[64, 32, 10], 32],
  ] as const)
    for (const activation of ['tanh', 'relu', 'gelu'])
      for (const loss of ['mse', 'cross_entropy'])
        for (const lines of [{}, averaged, unknown]) {
          const p = problem(308, widths, [...widths.slice(2).map(() => activation), 'identity'], loss, { samples });
          const counted = counting();
          const request = flat(ofLines(p, lines)) as Parameters<typeof planCheck>[0];
          engine.scratch.recycle(() => planCheck(request).run(counted.engine));
          const weights = p.W.reduce((sum, W) => sum + W.length * W[0].length, 0);
          const ratio = counted.flops / (6 * samples * weights);
          t.ok(ratio <= 60, `${widths.join('-')}, ${activation}, ${loss}: ${ratio.toFixed(1)}`);
          t.ok(ratio >= 0.9, 'all products are counted');
        }
});

t.test('small checks are answered inline, those of deep networks are not', async (t) => {
  const microseconds = (widths: readonly number[]) => {
    const p = problem(
      309,
      widths,
      widths.slice(1).map(() => 'tanh'),
      'mse',
      { samples: 2 },
    );
    const request = ofLines(p, {});
    const { cost } = planCheck(flat(request) as Parameters<typeof planCheck>[0]);
    return inlineMicroseconds(JSON.stringify(request).length, cost, 10 * cost.answerNumbers);
  };
  t.ok(microseconds([2, 3, 3, 2]) <= INLINE_MICROSECONDS);
  t.notOk(microseconds(Array.from({ length: 9 }, () => 3)) <= INLINE_MICROSECONDS);
});
