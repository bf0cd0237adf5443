// Right candidates are never diagnosed. `node test/check/right.ts` checks ten thousand.
import t from 'tap';
import { check } from './candidates.ts';
import { tanhMse } from './corpus.ts';
import { requestOf, run } from './program.ts';
import { falseAlarms } from './right.ts';

t.test('random networks, in float64 and rounded to float32', async (t) => {
  t.strictSame(falseAlarms(400), []);
});

t.test('differences within the tolerance', async (t) => {
  const { gradients } = run(tanhMse, {});
  const off = gradients.map(({ weights, biases }) => ({ weights: weights.map((row) => row.map((x) => x * (1 + 9e-4))), biases }));
  const request = { ...requestOf(tanhMse), candidate: { gradients: off } };
  t.match(check({ ...request, tolerance: 1e-3 }), { agrees: true, first_difference: null, diagnoses: [] });
  t.match(check(request), { agrees: false, diagnoses: [{ mistake: 'constant-factor' }] });
});
