// The search through the backward pass, layer by layer from the last: what agrees there is right, and where something does not, each
// mistake is tried in each line.
import type { ParameterLine } from '../../backprop/mistakes/change.ts';
import type { Dense } from '../../linalg/dense.ts';
import { type Fit, significantNumbers } from './compare.ts';
import type { Evidence, Item } from './evidence.ts';
import { explained, type Hypothesis, idOf, inOrder, missed, pendingIn, withAtom } from './hypothesis.ts';
import { Incoming } from './incoming.ts';
import { fittedIn, type Leaf, Leaves, type Only } from './leaves.ts';
import { explainLoss } from './loss.ts';
import type { Meter } from './meter.ts';
import { scaled } from './settle.ts';
import { eachSlope } from './slope.ts';
import { copyOf, type Flow, type Search, times, type Walk } from './walk.ts';

/** The most hypotheses that are followed at a time. */
const MOST_HYPOTHESES = 24;

/** The same of those whose mistake is in layers of which the candidate has nothing, and the most numbers that they keep. */
const MOST_PENDING = 300;
const MOST_PENDING_NUMBERS = 2 ** 21;

/** How many numbers such hypotheses keep at most, of a layer with so many. */
export function pendingNumbers(ofLayer: number): number {
  return 2 * Math.min(MOST_PENDING * ofLayer, MOST_PENDING_NUMBERS);
}

export class Backward {
  readonly #search: Search;
  readonly #incoming: Incoming;
  readonly #leaves: Leaves;
  #fitted: string[] | undefined;

  constructor(evidence: Evidence, tolerance: number, meter: Meter) {
    this.#search = { evidence, tolerance, meter, only: undefined };
    this.#incoming = new Incoming(this.#search);
    this.#leaves = new Leaves(tolerance, meter);
  }

  /** The best hypotheses about the whole backward pass, given one about the forward pass. */
  search(start: Omit<Walk, 'above' | 'parameterFactor'>): Hypothesis[] {
    let walks: Walk[] = [{ ...start, above: undefined, parameterFactor: 1 }];
    for (let k = start.steps.length - 1; k >= 0; k--) walks = best(walks.flatMap((walk) => this.#layer(walk, k)));
    return walks.flatMap((walk) => this.#end(walk));
  }

  /** The gradient of the inputs of the first layer. */
  #end(walk: Walk): Hypothesis[] {
    if (!this.#search.evidence.at(0, 'input_gradients')) return [walk];
    const found: Hypothesis[] = [];
    this.#incoming.each(walk, -1, (flow) => found.push(flow));
    return found;
  }

  #layer(walk: Walk, k: number): Walk[] {
    const pending = pendingIn(walk);
    const hasEvidence = this.#itemsAt(k).length > 0;
    const found: Walk[] = [];
    const add = (flow: Flow, dZ: Dense) => found.push(...this.#parameters(flow, dZ, k, pending !== undefined && hasEvidence));
    // First as if everything were right: what is, needs no search.
    if (!pending?.isEverywhere) {
      const plain = this.#incoming.plain(walk, k);
      if (plain) eachSlope(this.#search, plain, k, add, false);
      const isRight = hasEvidence && found.some((next) => next.missed === walk.missed && next.atoms.length === walk.atoms.length);
      if (isRight || (pending && hasEvidence)) return found;
    }
    const plain = found.splice(0);
    const explore = (only: Only) => {
      found.length = 0;
      this.#search.only = only;
      this.#incoming.each(walk, k, (flow) => eachSlope(this.#search, flow, k, add, true));
      this.#search.only = undefined;
    };
    if (!this.#search.meter.allows(`mistakes in layer ${k}`)) {
      // Right lines only.
      if (plain.length === 0) explore(new Set());
      return [...plain, ...found];
    }
    // What has been mistaken in a later layer is likely to be here, too.
    if (!pending && walk.atoms.length > 0) {
      explore(new Set(walk.atoms.map(({ mistake }) => mistake)));
      if (found.some((next) => next.missed === walk.missed)) return found;
    }
    explore(undefined);
    return found.length > 0 ? found : plain;
  }

  /** What the candidate has of layer k in the backward pass, and of what it receives. */
  #itemsAt(k: number): Item[] {
    const own = (['output_gradients', 'slopes', 'pre_activation_gradients', 'weights', 'biases'] as const).map((name) =>
      this.#search.evidence.at(k, name),
    );
    return [this.#search.evidence.at(k + 1, 'input_gradients'), ...own].filter((item) => item !== undefined);
  }

  /** The hypotheses about the gradients of the parameters of layer k, and about the loss at the last layer. */
  #parameters(flow: Flow, dZ: Dense, k: number, isStrict: boolean): Walk[] {
    const line: ParameterLine = { setting: flow.setting, steps: flow.steps, k, dA: flow.dA, dZ };
    const leavesOf = ({ parameterFactor }: Flow): Leaf[] => {
      const [weights, biases] = [this.#search.evidence.at(k, 'weights'), this.#search.evidence.at(k, 'biases')];
      this.#search.meter.numbers(dZ.data.length);
      return [
        ...(biases ? [this.#leaves.biases(line, biases, parameterFactor)] : []),
        ...(weights ? [this.#leaves.weights(line, weights, parameterFactor)] : []),
      ];
    };
    const leaves = leavesOf(flow);
    const isRight = ({ error }: Leaf) => error <= this.#search.tolerance;
    const done = (next: Flow, values: Dense) => this.#done(next, values, k);
    const matched = leaves.filter(isRight).reduce((next, { item, error }) => explained(next, item, error), flow);
    const wrong = leaves.filter((leaf) => !isRight(leaf));
    if (wrong.length === 0) return done(matched, dZ);
    if (isStrict) return [];
    const found: Walk[] = [];
    if (flow.isFree && wrong.length === leaves.length) found.push(...this.#withFactor(flow, leaves, dZ, k));
    const fresh = flow.fresh === undefined ? undefined : matched.atoms[flow.fresh];
    if (fresh && fresh.explains.length === 0) return found;
    // Each array by itself: all combinations of what explains them.
    let hypotheses: Flow[] = [{ ...matched, isFree: false }];
    // Weights first: they have more numbers to tell a constant, which the biases may share.
    for (const leaf of wrong.toReversed()) {
      this.#fitted ??= fittedIn(flow.setting, this.#search.evidence, this.#search.tolerance);
      const known = new Set([...this.#fitted, ...hypotheses.flatMap(({ atoms }) => atoms.map(idOf))]);
      const atoms = flow.setting.engine.scratch.reuse(() => this.#leaves.explain(line, leaf, this.#search.only, known));
      hypotheses = hypotheses.flatMap((next) =>
        atoms.length > 0 ? atoms.map((atom) => withAtom(next, atom)) : [missed(next, false)],
      );
      hypotheses = inOrder(hypotheses).slice(0, MOST_HYPOTHESES);
    }
    return [...found, ...hypotheses.flatMap((next) => done(next, dZ))];
  }

  /** The hypotheses with one factor for all gradients of a layer. */
  #withFactor(flow: Flow, leaves: readonly Leaf[], dZ: Dense, k: number): Walk[] {
    const fits: Fit[] = [];
    for (const leaf of leaves) {
      const fit = leaf.fit();
      if (!fit || Math.abs(fit.factor / (fits[0] ?? fit).factor - 1) > 2 * this.#search.tolerance) return [];
      fits.push(fit);
    }
    const [{ factor }] = fits;
    const numbers = leaves.reduce((sum, { ofLoss }) => sum + significantNumbers(ofLoss()), 0);
    return scaled(this.#search, flow, factor, numbers, flow.above ? 'inputs' : 'loss', k).flatMap((next) => {
      const all = leaves.reduce((one, { item }, i) => explained(one, item, fits[i].error), next);
      return this.#done(all, times(dZ, factor), k);
    });
  }

  /** What goes on to the layer before; a mistake that nothing has confirmed yet may have been made everywhere. */
  #done(flow: Flow, dZ: Dense, k: number): Walk[] {
    const { setting, steps, parameterFactor } = flow;
    const above = { dA: flow.dA, dZ };
    const kept = flow.fresh === undefined ? above : { dA: copyOf(above.dA), dZ: copyOf(above.dZ) };
    const flows = k === steps.length - 1 ? explainLoss(flow, this.#search.evidence.loss, this.#search.tolerance) : [flow];
    return flows.flatMap(({ atoms, liveFrom, missed }) => {
      const walk: Walk = { setting, steps, parameterFactor, above: kept, atoms, liveFrom, missed };
      const pending = pendingIn(walk);
      if (!pending || flow.fresh === undefined || pending.isEverywhere) return [walk];
      const everywhere = atoms.map((atom) => (atom === pending ? { ...atom, isEverywhere: true } : atom));
      return [walk, { ...walk, atoms: everywhere }];
    });
  }
}

/** The hypotheses that are worth following. */
function best(walks: readonly Walk[]): Walk[] {
  const least = Math.min(...walks.map(({ missed }) => missed));
  const sorted = inOrder(walks.filter(({ missed }) => missed === least));
  const numbers = sorted[0]?.above?.dZ.data.length ?? 1;
  const mostPending = Math.min(MOST_PENDING, Math.floor(MOST_PENDING_NUMBERS / numbers));
  const isPending = (walk: Walk) => pendingIn(walk) !== undefined;
  return [
    ...sorted.filter((walk) => !isPending(walk)).slice(0, MOST_HYPOTHESES),
    ...sorted.filter(isPending).slice(0, mostPending),
  ];
}
