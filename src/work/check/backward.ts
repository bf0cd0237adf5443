// The search through the backward pass, layer by layer from the last: what agrees there is right, and where something does not, each
// mistake is tried in each line.
import type { MistakeName } from '../../../schemas/mistake.ts';
import { pullBack, slopesOf } from '../../backprop/activations.ts';
import type { Forward } from '../../backprop/forward.ts';
import { mistakesIn } from '../../backprop/mistakes/catalogue.ts';
import type { Change, InputsLine, LossValue, ParameterLine, Setting, SlopeLine } from '../../backprop/mistakes/change.ts';
import { type FactorPlace, namesOfFactor } from '../../backprop/mistakes/factors.ts';
import { lossWith } from '../../backprop/mistakes/loss-values.ts';
import { Dense } from '../../linalg/dense.ts';
import type { Scratch } from '../../memory/scratch.ts';
import { ENOUGH_NUMBERS, type Fit, factorBetween, indexOfLargest, relativeError, significantNumbers } from './compare.ts';
import type { Evidence, Item } from './evidence.ts';
import { type Atom, explained, type Hypothesis, idOf, inOrder, missed, pendingIn, withAtom } from './hypothesis.ts';
import { type Leaf, Leaves, type Only, penaltyOf, sum } from './leaves.ts';
import { explainLoss } from './loss.ts';
import type { Meter } from './meter.ts';

/** A hypothesis about everything before layer k in the order of the backward pass. */
export interface Walk extends Hypothesis {
  readonly setting: Setting;
  readonly steps: readonly Forward[];
  /** The layer after k, from which the gradient comes; undefined at the last one. */
  readonly above: { readonly dA: Dense; readonly dZ: Dense } | undefined;
  /** What gradients of parameters are multiplied by. */
  readonly parameterFactor: number;
}

/** A hypothesis within a layer. */
export interface Flow extends Walk {
  readonly dA: Dense;
  /** Whether a constant factor may be fitted. */
  readonly isFree: boolean;
  /** The index of the atom that is tried in this layer. */
  readonly fresh: number | undefined;
  /** The loss that goes with it, without the penalty. */
  readonly loss?: number;
  /** The factor that was fitted. */
  readonly factor?: number;
}

/** The most hypotheses that are followed at a time. */
const MOST_HYPOTHESES = 24;

export class Backward {
  readonly #evidence: Evidence;
  readonly #tolerance: number;
  readonly #meter: Meter;
  readonly #leaves: Leaves;
  /** The mistakes that are tried at the moment; undefined: all. */
  #only: Only;

  constructor(evidence: Evidence, tolerance: number, meter: Meter) {
    this.#evidence = evidence;
    this.#tolerance = tolerance;
    this.#meter = meter;
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
    if (!this.#evidence.at(0, 'input_gradients')) return [walk];
    const found: Hypothesis[] = [];
    this.#eachIncoming(walk, -1, (flow) => found.push(flow));
    return found;
  }

  #layer(walk: Walk, k: number): Walk[] {
    const pending = pendingIn(walk);
    const hasEvidence = this.#itemsAt(k).length > 0;
    const found: Walk[] = [];
    const add = (flow: Flow, dZ: Dense) => found.push(...this.#parameters(flow, dZ, k, pending !== undefined && hasEvidence));
    // First as if everything were right: what is, needs no search.
    if (!pending?.isEverywhere) {
      const plain = { ...walk, dA: this.#rightIncoming(walk, k), isFree: false, fresh: undefined };
      this.#eachSlope(plain, k, add, false);
      const isRight = hasEvidence && found.some((next) => next.missed === walk.missed && next.atoms.length === walk.atoms.length);
      if (isRight || (pending && hasEvidence)) return found;
    }
    if (!this.#meter.allows(`mistakes in layer ${k}`)) return found;
    const plain = found.splice(0);
    const explore = (only: Only) => {
      found.length = 0;
      this.#only = only;
      this.#eachIncoming(walk, k, (flow) => this.#eachSlope(flow, k, add, true));
      this.#only = undefined;
    };
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
      this.#evidence.at(k, name),
    );
    return [this.#evidence.at(k + 1, 'input_gradients'), ...own].filter((item) => item !== undefined);
  }

  /** ∂loss/∂outputs of layer k, by the right line. */
  #rightIncoming(walk: Walk, k: number): Dense {
    const { setting, steps, above } = walk;
    if (!above) return lossWith({ setting, Y: steps[k].A }, {}).dY;
    const { W } = setting.layers[k + 1];
    this.#meter.product(above.dZ.rows, W.rows, W.columns);
    return setting.engine.inputGradient(above.dZ, W);
  }

  /** Visits what layer k may have received: by the right line, and with each mistake, as far as the candidate has it. */
  #eachIncoming(walk: Walk, k: number, visit: (flow: Flow) => void): void {
    const items = [
      this.#evidence.at(k + 1, 'input_gradients'),
      k < 0 ? undefined : this.#evidence.at(k, 'output_gradients'),
    ].filter((item) => item?.isShaped) as Item[];
    const pending = pendingIn(walk);
    const place = walk.above ? 'inputs' : 'loss';
    let isFound = false;
    // Whether the candidate has what the right line gives.
    let isRight = false;
    const settle = (flow: Flow) => {
      let flows = [flow];
      for (const item of items)
        flows = flows.flatMap((one) =>
          this.#settle(one, item, one.dA, place, k).map((next) => ({ ...next, dA: observed(item, one.dA) })),
        );
      for (const next of flows) {
        isFound = true;
        isRight ||= next.atoms.length === walk.atoms.length && items.length > 0;
        visit(next);
      }
    };
    const right: Flow = { ...walk, dA: this.#rightIncoming(walk, k), isFree: !pending, fresh: undefined };
    if (!pending?.isEverywhere || !this.#hasChange(walk, k, pending)) settle(right);
    if (!isRight)
      for (const [mistake, change] of this.#incomingChanges(walk, k))
        if (this.#isOpen(pending, mistake, change))
          walk.setting.engine.scratch.reuse(() => {
            const flow = this.#changedIncoming(walk, k, mistake, change, right);
            if (flow) settle(flow);
          });
    if (isFound || items.length === 0) return;
    const broken = items.reduce((flow) => missed(flow, true), right);
    visit({ ...broken, dA: observed(items[0], right.dA), isFree: false });
  }

  /** Whether a mistake may be tried: any, unless one waits for confirmation; then the same again. */
  #isOpen(pending: Atom | undefined, mistake: MistakeName, { key = '' }: Change<unknown>): boolean {
    if (this.#only && !this.#only.has(mistake)) return false;
    return !pending || (pending.isEverywhere === true && idOf(pending) === idOf({ mistake, key }));
  }

  /** Whether the mistake that waits for confirmation can be made in layer k, or in what it receives. */
  #hasChange(walk: Walk, k: number, pending: Atom): boolean {
    return [...this.#incomingChanges(walk, k)].some(([mistake, change]) => this.#isOpen(pending, mistake, change));
  }

  *#incomingChanges(walk: Walk, k: number): Generator<readonly [MistakeName, Change<unknown>]> {
    const { setting, steps, above } = walk;
    if (!above) {
      const line = { setting, Y: steps[k].A };
      for (const [name, mistake] of mistakesIn('loss')) for (const change of mistake.changes(line)) yield [name, change];
      if (setting.divisor !== 1 && this.#evidence.items.some(({ pointer }) => pointer.startsWith('/candidate/trace')))
        yield [
          'mean-in-parameters-only',
          {
            detail: 'the gradients of outputs and pre-activations were not divided by the divisor, those of the parameters were',
            compute: (): LossValue => {
              const { loss, dY } = lossWith(line, {});
              return { loss: loss as number, dY: times(dY, setting.divisor), parameterFactor: 1 / setting.divisor };
            },
          },
        ];
      return;
    }
    const step = () => setting.engine.weightGradient(above.dZ, steps[k + 1].X);
    const line: InputsLine = { setting, steps, k: k + 1, ...above, step };
    for (const [name, mistake] of mistakesIn('inputs')) for (const change of mistake.changes(line)) yield [name, change];
  }

  /** The flow with a mistake in the line that computes what layer k receives. */
  #changedIncoming(walk: Walk, k: number, mistake: MistakeName, change: Change<unknown>, right: Flow): Flow | undefined {
    const { above } = walk;
    const layer = above ? k + 1 : undefined;
    const pointer = change.pointer ?? (above ? `/network/layers/${k + 1}/weights` : '/loss');
    this.#meter.numbers(3 * right.dA.data.length);
    this.#meter.trials(1);
    const value = change.compute() as (LossValue & { inputs?: undefined }) | { inputs: Dense; direction?: Dense; dY?: undefined };
    if (!value) return undefined;
    const atom = atomOf(mistake, change, layer, pointer);
    if (value.dY)
      return {
        ...withAtom(right, atom),
        dA: value.dY,
        fresh: walk.atoms.length,
        parameterFactor: value.parameterFactor ?? 1,
        ...(value.loss !== undefined && { loss: value.loss }),
      };
    const { inputs, direction } = value as { inputs: Dense; direction?: Dense };
    this.#meter.product(inputs.rows, walk.setting.layers[k + 1].W.rows, inputs.columns);
    if (!direction) return { ...withAtom(right, atom), dA: inputs, fresh: walk.atoms.length };
    const rate = this.#rateOf(right, k, inputs, direction);
    if (rate === undefined) return undefined;
    const shown = Number((-rate).toPrecision(6));
    const fitted = { ...atom, key: `${Number(rate.toPrecision(4))}`, detail: `${atom.detail}; the rate is ${shown}` };
    const dA = new Dense(inputs.rows, inputs.columns);
    for (let i = 0; i < dA.data.length; i++) dA.data[i] = inputs.data[i] + rate * direction.data[i];
    return { ...withAtom(right, fitted), dA, fresh: walk.atoms.length, isFree: false };
  }

  /** The rate with which inputs + rate · direction gives the candidate's numbers, by the first array that shows it. */
  #rateOf(right: Flow, k: number, inputs: Dense, direction: Dense): number | undefined {
    const { setting, steps, parameterFactor } = right;
    const { scratch } = setting.engine;
    const { f, b, W } = setting.layers[Math.max(0, k)];
    const place = (['output_gradients', 'pre_activation_gradients', 'biases', 'weights'] as const).find(
      (name) => shaped(this.#evidence.at(k, name)) !== undefined,
    );
    const item = shaped(this.#evidence.at(k + 1, 'input_gradients')) ?? (place && this.#evidence.at(k, place));
    if (!item || significantNumbers(item.numbers as Float64Array) < 2) return undefined;
    const valuesOf = (dA: Dense): Float64Array => {
      if (item.pointer.endsWith('put_gradients')) return dA.data;
      const dZ = pullBack(f, dA, steps[k].Z, steps[k].A, scratch, false);
      if (place === 'pre_activation_gradients') return dZ.data;
      const sums = place === 'biases' ? dZ.sumOfRows(scratch) : setting.engine.weightGradient(dZ, steps[k].X).data;
      return sums.map((x) => parameterFactor * x);
    };
    const ofPenalty =
      place === 'biases' && b
        ? penaltyOf(right, 'biases', b)
        : place === 'weights'
          ? penaltyOf(right, 'weights', W.data)
          : undefined;
    const base = sum(valuesOf(inputs), ofPenalty);
    const slope = valuesOf(direction);
    const at = indexOfLargest(slope);
    const rate = ((item.numbers as Float64Array)[at] - base[at]) / slope[at];
    return Number.isFinite(rate) ? rate : undefined;
  }

  /**
   * Compares what a hypothesis computes with an array of the candidate, perhaps with a constant factor. Returns nothing if they differ.
   */
  #settle(flow: Flow, item: Item, predicted: Dense, place: FactorPlace, k: number): Flow[] {
    const numbers = item.numbers as Float64Array;
    const error = relativeError(numbers, predicted.data);
    if (error <= this.#tolerance) return [{ ...explained(flow, item, error), isFree: false }];
    const fit = flow.isFree ? factorBetween(numbers, predicted.data, this.#tolerance) : undefined;
    if (!fit) return [];
    const flows = this.#scaled(flow, fit.factor, significantNumbers(predicted.data), place, k);
    return flows.map((next) => explained(next, item, fit.error));
  }

  /** The hypothesis with a constant factor from here on: that of its mistake, or a mistake of its own. `numbers` is how many tell it. */
  #scaled(flow: Flow, factor: number, numbers: number, place: FactorPlace, k: number): Flow[] {
    const dA = times(flow.dA, factor);
    const fitted = { ...flow, dA, isFree: false, factor };
    if (flow.fresh !== undefined) {
      const isNamed = namesOfFactor(factor, place, flow.setting, this.#tolerance)[0].name !== 'constant-factor';
      if (numbers < ENOUGH_NUMBERS && !isNamed) return [];
      return [{ ...fitted, atoms: flow.atoms.with(flow.fresh, { ...flow.atoms[flow.fresh], factor }) }];
    }
    return namesOfFactor(factor, place, flow.setting, this.#tolerance).flatMap(({ name, detail }) => {
      const isConstant = name === 'constant-factor';
      if (isConstant && numbers < ENOUGH_NUMBERS) return [];
      const change = { detail, key: isConstant ? factor.toPrecision(6) : '', compute: () => undefined };
      const layer = place === 'loss' ? undefined : k + 1;
      const atom = atomOf(name, change, layer, layer === undefined ? '/loss' : `/network/layers/${layer}/weights`);
      return [{ ...withAtom(fitted, atom), fresh: flow.atoms.length }];
    });
  }

  /** Visits what ∂loss/∂pre-activations of layer k may be: by the right line and, if it may be wrong, with each mistake. */
  #eachSlope(flow: Flow, k: number, visit: (flow: Flow, dZ: Dense) => void, mayBeWrong: boolean): void {
    const { setting, steps, dA } = flow;
    const { scratch } = setting.engine;
    const slopeItem = shaped(this.#evidence.at(k, 'slopes'));
    const item = shaped(this.#evidence.at(k, 'pre_activation_gradients'));
    const { f } = setting.layers[k];
    const { Z, A } = steps[k];
    let isFound = false;
    let isRight = false;
    const attempt = (start: Flow, slopes: Dense | undefined, direct: Dense | undefined) => {
      let next = start;
      let used = slopes;
      if (slopeItem) {
        const error = slopes ? relativeError(slopeItem.numbers as Float64Array, slopes.data) : Infinity;
        if (error > this.#tolerance) return;
        next = explained(next, slopeItem, error);
        used = observed(slopeItem, slopes as Dense);
      }
      const dZ = used && (slopeItem || !direct) ? product(used, next.dA, scratch) : (direct as Dense);
      const settled = item ? this.#settle(next, item, dZ, flow.above ? 'inputs' : 'loss', k) : [next];
      for (const one of settled) {
        isFound = true;
        isRight ||= one.atoms.length === flow.atoms.length;
        visit(one, item ? observed(item, dZ) : dZ);
      }
    };
    const right = slopesOf(f, Z, A, scratch);
    attempt(flow, slopeItem ? right : undefined, pullBack(f, dA, Z, A, scratch, false));
    const isObserved = slopeItem !== undefined || item !== undefined;
    const pending = pendingIn({ ...flow, atoms: flow.atoms.slice(0, flow.fresh ?? flow.atoms.length) });
    const isSettled = flow.fresh === undefined || flow.atoms[flow.fresh].explains.length > 0;
    if (mayBeWrong && isSettled && !(isRight && isObserved)) {
      const line: SlopeLine = { setting, steps, k, dA };
      for (const [mistake, { changes }] of mistakesIn('slopes'))
        for (const change of changes(line))
          if (this.#isOpen(pending, mistake, change))
            scratch.reuse(() => {
              this.#meter.numbers(4 * dA.data.length);
              this.#meter.trials(1);
              const value = change.compute() as { slopes?: Dense; dZ?: Dense } | undefined;
              if (!value) return;
              const atom = atomOf(mistake, change, k, `/network/layers/${k}/activation`);
              attempt({ ...withAtom(flow, atom), fresh: flow.atoms.length, isFree: flow.isFree }, value.slopes, value.dZ);
            });
    }
    if (isFound) return;
    // Nothing explains what the candidate has here.
    let next = flow;
    let dZ = pullBack(f, dA, Z, A, scratch, false);
    if (slopeItem && relativeError(slopeItem.numbers as Float64Array, (right as Dense).data) > this.#tolerance) {
      next = missed(next, true);
      dZ = product(observed(slopeItem, dA), dA, scratch);
    }
    if (item) {
      const error = relativeError(item.numbers as Float64Array, dZ.data);
      next = error <= this.#tolerance ? explained(next, item, error) : missed(next, true);
      dZ = observed(item, dZ);
    }
    visit(next, dZ);
  }

  /** The hypotheses about the gradients of the parameters of layer k, and about the loss at the last layer. */
  #parameters(flow: Flow, dZ: Dense, k: number, isStrict: boolean): Walk[] {
    const line: ParameterLine = { setting: flow.setting, steps: flow.steps, k, dA: flow.dA, dZ };
    const leavesOf = ({ parameterFactor }: Flow): Leaf[] => {
      const [weights, biases] = [this.#evidence.at(k, 'weights'), this.#evidence.at(k, 'biases')];
      this.#meter.numbers(dZ.data.length);
      return [
        ...(biases ? [this.#leaves.biases(line, biases, parameterFactor)] : []),
        ...(weights ? [this.#leaves.weights(line, weights, parameterFactor)] : []),
      ];
    };
    const leaves = leavesOf(flow);
    const isRight = ({ error }: Leaf) => error <= this.#tolerance;
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
    for (const leaf of wrong) {
      const atoms = flow.setting.engine.scratch.reuse(() => this.#leaves.explain(line, leaf, this.#only));
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
      if (!fit || Math.abs(fit.factor / (fits[0] ?? fit).factor - 1) > 2 * this.#tolerance) return [];
      fits.push(fit);
    }
    const [{ factor }] = fits;
    const numbers = leaves.reduce((sum, { ofLoss }) => sum + significantNumbers(ofLoss()), 0);
    return this.#scaled(flow, factor, numbers, flow.above ? 'inputs' : 'loss', k).flatMap((next) => {
      const all = leaves.reduce((one, { item }, i) => explained(one, item, fits[i].error), next);
      return this.#done(all, times(dZ, factor), k);
    });
  }

  /** What goes on to the layer before; a mistake that nothing has confirmed yet may have been made everywhere. */
  #done(flow: Flow, dZ: Dense, k: number): Walk[] {
    const { setting, steps, parameterFactor } = flow;
    const above = { dA: flow.dA, dZ };
    const kept = flow.fresh === undefined ? above : { dA: copyOf(above.dA), dZ: copyOf(above.dZ) };
    const flows = k === steps.length - 1 ? explainLoss(flow, this.#evidence.loss, this.#tolerance) : [flow];
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
  return inOrder(walks.filter(({ missed }) => missed === least)).slice(0, MOST_HYPOTHESES);
}

function atomOf(mistake: MistakeName, { key = '', detail }: Change<unknown>, layer: number | undefined, pointer: string): Atom {
  return { mistake, key, layer, pointer, detail, isLeaf: false, explains: [], residual: 0 };
}

function shaped(item: Item | undefined): Item | undefined {
  return item?.isShaped ? item : undefined;
}

/** The candidate's array as a matrix, in the shape of another. */
function observed({ numbers }: Item, { rows, columns }: Dense): Dense {
  return new Dense(rows, columns, numbers as Float64Array);
}

function copyOf({ rows, columns, data }: Dense): Dense {
  return new Dense(rows, columns, data.slice());
}

function times({ rows, columns, data }: Dense, factor: number): Dense {
  const result = new Dense(rows, columns);
  for (let i = 0; i < data.length; i++) result.data[i] = factor * data[i];
  return result;
}

/** The product number by number. */
function product(a: Dense, b: Dense, scratch: Scratch): Dense {
  const result = Dense.in(scratch, a.rows, a.columns);
  for (let i = 0; i < result.data.length; i++) result.data[i] = a.data[i] * b.data[i];
  return result;
}
