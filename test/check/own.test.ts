// The catalogue's own mistakes are recognised in random networks.
import t from 'tap';
import type { MistakeName } from '../../schemas/mistake.ts';
import { check, engine, explainsAll } from './candidates.ts';
import { names, randomProblem, withMistake } from './own.ts';

const NETWORKS = 20;

/** These differ from the right computation by more than one line: see whole.test.ts. */
const APART: readonly MistakeName[] = ['float32'];

/** These show in a trace only. */
const TRACED: readonly MistakeName[] = ['mean-in-parameters-only', 'samples-as-columns'];

/** A mistake in one layer or in all: what the candidate shows, and whether the mistake, or one with the same numbers, is named. */
function* candidates(name: MistakeName): Generator<{ readonly seed: number; readonly isNamed: boolean }> {
  for (let seed = 1, count = 0; count < NETWORKS; seed++) {
    const p = randomProblem(seed * 7919 + names.indexOf(name));
    const pick = (layers: readonly number[]) => (seed % 2 ? layers : layers.slice(seed % Math.max(1, layers.length)).slice(0, 1));
    const request = withMistake(p, name, engine, pick, seed % 3 === 0 || TRACED.includes(name));
    const answer = request && check(request);
    // The mistake may make no difference here.
    if (!answer || answer.agrees) continue;
    count++;
    const [first] = answer.diagnoses;
    yield { seed, isNamed: explainsAll(answer) && [first?.mistake, ...(first?.alternatives ?? [])].includes(name) };
  }
}

t.test('every mistake in random networks', async (t) => {
  let all = 0;
  const missed: string[] = [];
  for (const name of names.filter((one) => !APART.includes(one)))
    for (const { seed, isNamed } of candidates(name)) {
      all++;
      if (!isNamed) missed.push(`${name}, seed ${seed}`);
    }
  for (const text of missed) t.comment(text);
  t.equal(all, NETWORKS * (names.length - APART.length));
  t.ok(missed.length <= 0.01 * all, `${all - missed.length} of ${all}`);
});
