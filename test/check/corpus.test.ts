// The mistakes of wrong programs that were written by hand are named, from their gradients alone and with a trace.
import t from 'tap';
import { type MistakeName, mistakes } from '../../schemas/mistake.ts';
import { check, explainsAll } from './candidates.ts';
import { checkOf } from './corpus.ts';
import { wrongFlow } from './corpus-flow.ts';
import { wrongLosses } from './corpus-loss.ts';
import { wrongParameters } from './corpus-parameters.ts';
import { wrongSlopes } from './corpus-slopes.ts';

const corpus = [...wrongLosses, ...wrongSlopes, ...wrongParameters, ...wrongFlow];

/** The least share of programs whose mistake must be named first. */
const LEAST_NAMED = 0.97;

t.test('every mistake has at least two programs', async (t) => {
  const counts = Map.groupBy(corpus, ({ mistake }) => mistake);
  t.strictSame(
    Object.keys(mistakes).filter((name) => (counts.get(name as MistakeName)?.length ?? 0) < 2),
    [],
  );
});

for (const withTrace of [false, true])
  t.test(withTrace ? 'with a trace' : 'from the gradients', async (t) => {
    const missed = corpus.flatMap((wrong, i) => {
      const answer = check(checkOf(wrong, withTrace));
      const [first] = answer.diagnoses;
      if (first?.mistake === wrong.mistake && explainsAll(answer)) return [];
      return [`program ${i}, ${wrong.mistake}: named ${first?.mistake}, as ${first?.alternatives}`];
    });
    for (const text of missed) t.comment(text);
    t.ok(
      missed.length <= (1 - LEAST_NAMED) * corpus.length,
      `${corpus.length - missed.length} of ${corpus.length} are named first`,
    );
  });
