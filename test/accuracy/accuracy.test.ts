// Every activation and loss is accurate over the whole range of float64: in each decade its largest error is at most that of PyTorch,
// or two units in the last place.
import t from 'tap';
import { activations } from '../../schemas/activation.ts';
import { losses } from '../../schemas/loss.ts';
import { findPython } from '../support/languages.ts';
import { activationCases, lossCases, measure } from './measure.ts';

const found = await findPython('import mpmath, torch');

/** The largest error that needs no comparison, in units in the last place. */
const ULPS = 2;
/** Functions that exceed it: 1 - a², as in PyTorch, multiplies the rounding error of a = tanh(z). */
const MORE_ULPS: Record<string, number> = { 'derivative of tanh': 4 };
/** Of second derivatives, relative to the largest one in a decade; smaller errors than TINY are those of the reference. */
const SECOND_RELATIVE = 1e-14;
const TINY = 1e-34;
/** Of two units, 1 - 2 softmax(z) cancels at 0. */
const SECOND_ABSOLUTE: Record<string, number> = { softmax: 1e-16 };
/** The largest relative error, wherever the exact number is normal. */
const RELATIVE = 1e-13;

t.test('all activations and losses', async (t) => {
  t.strictSame(new Set([...activationCases.map(({ name }) => name), 'identity']), new Set(Object.keys(activations)));
  // nll is one product.
  t.strictSame(new Set([...lossCases.map(({ name }) => name), 'nll']), new Set(Object.keys(losses)));
});

t.test('errors in every decade', { skip: !found && 'no Python has PyTorch and mpmath here' }, async (t) => {
  const { first, second } = await measure(`${found?.python}`);
  for (const { label, of, decades } of first) {
    t.ok(decades.length > 0, `${of} of ${label}: measured`);
    const name = `${of} of ${label}`;
    const allowed = MORE_ULPS[name] ?? ULPS;
    t.strictSame(
      decades.filter(({ ours, torch, relative }) => ours > Math.max(allowed, torch) || relative > RELATIVE),
      [],
      name,
    );
  }
  for (const { label, decades } of second)
    t.strictSame(
      decades.filter(({ error, largest }) => error > Math.max(SECOND_RELATIVE * largest, SECOND_ABSOLUTE[label] ?? TINY)),
      [],
      `second derivative of ${label}`,
    );
});
