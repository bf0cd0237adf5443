// The candidate's loss: what gives it, beside the mistake that explains the gradients.
import type { MistakeName } from '../../../schemas/mistake.ts';
import { mistakesIn } from '../../backprop/mistakes/catalogue.ts';
import { namesOfFactor } from '../../backprop/mistakes/factors.ts';
import { lossWith } from '../../backprop/mistakes/loss-values.ts';
import { type BoundPenalty, penaltyOf } from '../../backprop/penalty.ts';
import type { Item } from './evidence.ts';
import { type Atom, explained, missed, withArray, withAtom } from './hypothesis.ts';
import type { Flow } from './walk.ts';

/** Wrong values of the penalty, by the mistakes with its gradient that go with them. */
const penalties: {
  readonly [Name in MistakeName]?: (share: number, samples: number, withOptions: (options: object) => number) => number;
} = {
  'penalty-left-out': () => 0,
  'penalty-doubled': (share) => 2 * share,
  'penalty-averaged': (share, samples) => share / samples,
  'penalty-subtracted': (share) => -share,
  'penalty-on-biases': (_share, _samples, withOptions) => withOptions({ biases: true }),
  'penalty-not-on-biases': (_share, _samples, withOptions) => withOptions({ biases: false }),
};

/** The hypotheses that give the candidate's loss, if it has one. */
export function explainLoss(flow: Flow, item: Item | undefined, tolerance: number): Flow[] {
  if (!item) return [flow];
  const { setting, steps, fresh, factor = 1 } = flow;
  const { penalty, layers, X } = setting;
  const line = { setting, Y: steps[steps.length - 1].A };
  const right = lossWith(line, {}).loss as number;
  const share = penalty ? penaltyOf(penalty, layers) : 0;
  const candidate = (item.numbers as Float64Array)[0];
  const errorOf = (loss: number) => Math.abs(candidate - loss) / Math.abs(loss);
  const fits = (loss: number) => errorOf(loss) <= tolerance;

  const own = (flow.loss ?? right) * factor + share;
  if (fresh !== undefined && flow.atoms[fresh].layer === undefined && fits(own)) {
    const atom = withArray(flow.atoms[fresh], item, errorOf(own));
    return [item.agrees ? flow : { ...flow, atoms: flow.atoms.with(fresh, atom) }];
  }
  if (fits(right + share)) return [explained(flow, item, errorOf(right + share))];

  // The loss with a penalty that the gradients have shown.
  const at = flow.atoms.findIndex((atom) => atom.penalty !== undefined);
  if (at >= 0)
    for (const biases of [false, true]) {
      const loss = right + penaltyOf({ ...(flow.atoms[at].penalty as BoundPenalty), biases }, layers);
      if (fits(loss)) return [{ ...flow, atoms: flow.atoms.with(at, withArray(flow.atoms[at], item, errorOf(loss))) }];
    }

  const found: Atom[] = [];
  const add = (mistake: MistakeName, detail: string, pointer: string, error: number, key = '') =>
    found.push({ mistake, key, layer: undefined, pointer, detail, isLeaf: true, explains: [item.pointer], residual: error });
  for (const [name, { changes }] of mistakesIn('loss'))
    for (const change of changes(line)) {
      const loss = change.compute()?.loss;
      if (loss !== undefined && fits(loss + share))
        add(name, change.detail, change.pointer ?? '/loss', errorOf(loss + share), change.key);
    }
  if (penalty)
    for (const [name, shareWith] of Object.entries(penalties)) {
      const value = shareWith(share, X.rows, (options) => penaltyOf({ ...penalty, ...options }, layers));
      if (fits(right + value))
        add(name as MistakeName, `the penalty in the loss is ${value}; it is ${share}`, '/penalty', errorOf(right + value));
    }
  for (const ratio of new Set([(candidate - share) / right, candidate / (right + share)]))
    for (const { name, detail } of namesOfFactor(ratio, 'loss', setting, tolerance))
      if (name !== 'constant-factor') add(name, `the loss: ${detail}`, '/loss', 0);
  return found.length > 0 ? found.map((atom) => withAtom(flow, atom)) : [missed(flow, false)];
}
