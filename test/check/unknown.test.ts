// A mistake that is not in the catalogue is never taken for one that is.
import t from 'tap';
import { check, explainsAll, wrongIn } from './candidates.ts';
import { checkOf, tanhMse, wrong } from './corpus.ts';
import { unknown } from './corpus-unknown.ts';
import { map, sum0 } from './numpy.ts';
import { rightLines } from './program.ts';

for (const withTrace of [false, true])
  t.test(withTrace ? 'with a trace' : 'from the gradients', async (t) => {
    for (const { what, p, lines, finish } of unknown) {
      const answer = check(checkOf(wrong('constant-factor', p, lines, finish), withTrace));
      t.equal(answer.agrees, false, what);
      t.equal(answer.first_difference, wrongIn(answer)[0], what);
      t.notOk(explainsAll(answer), `${what}: ${answer.diagnoses.map(({ mistake }) => mistake)}`);
    }
  });

t.test('beside one that is, that one is named', async (t) => {
  const lines = {
    dW: (at: Parameters<typeof rightLines.dW>[0]) =>
      map(rightLines.dW(at), (x, i, j) => (at.k === 1 ? x + 0.1 * Math.cos(i + j) : x)),
    db: (at: Parameters<typeof rightLines.db>[0]) => (at.k === 2 ? sum0(at.dZ).map((x) => x / 6) : sum0(at.dZ)),
  };
  const answer = check(checkOf(wrong('averaged-twice', tanhMse, lines), false));
  t.match(answer, {
    first_difference: '/candidate/gradients/2/biases',
    diagnoses: [{ mistake: 'averaged-twice', pointer: '/network/layers/2/biases', explains: ['/candidate/gradients/2/biases'] }],
  });
  t.equal(answer.diagnoses.length, 1);
  t.strictSame(wrongIn(answer), ['/candidate/gradients/2/biases', '/candidate/gradients/1/weights']);
});
