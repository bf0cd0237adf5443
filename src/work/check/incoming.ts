// What a layer receives in the backward pass: ∂loss/∂outputs, from the loss or from the layer after it.
import type { MistakeName } from '../../../schemas/mistake.ts';
import { pullBack } from '../../backprop/activation.ts';
import { mistakesIn } from '../../backprop/mistakes/catalogue.ts';
import type { Change, InputsLine, LossLine, LossValue } from '../../backprop/mistakes/change.ts';
import { lossWith } from '../../backprop/mistakes/loss-values.ts';
import { Dense } from '../../linalg/dense.ts';
import { indexOfLargest, significantNumbers } from './compare.ts';
import type { Item } from './evidence.ts';
import { type Atom, missed, pendingIn, withAtom } from './hypothesis.ts';
import { penaltyOf, sum } from './leaves.ts';
import { settle } from './settle.ts';
import { atomOf, type Flow, isOpen, isOpenWay, observed, type Search, shaped, times, type Walk } from './walk.ts';

export class Incoming {
  readonly #search: Search;

  constructor(search: Search) {
    this.#search = search;
  }

  /** ∂loss/∂outputs of layer k, by the right line. */
  right(walk: Walk, k: number): Dense {
    const { setting, steps, above } = walk;
    if (!above) return lossWith({ setting, Y: steps[k].A }, {}).dY;
    const { W } = setting.layers[k + 1];
    this.#search.meter.product(above.dZ.rows, W.rows, W.columns);
    return setting.engine.inputGradient(above.dZ, W);
  }

  /** What layer k receives by the right line; undefined if the candidate has something else. */
  plain(walk: Walk, k: number): Flow | undefined {
    const right: Flow = { ...walk, dA: this.right(walk, k), isFree: false, fresh: undefined };
    let flow: Flow | undefined = right;
    for (const item of this.#itemsAt(k))
      if (flow)
        [flow] = settle(this.#search, flow, item, flow.dA, 'inputs', k).map((next) => ({
          ...next,
          dA: observed(item, right.dA),
        }));
    return flow;
  }

  /** What the candidate has of what layer k receives. */
  #itemsAt(k: number): Item[] {
    const { evidence } = this.#search;
    const items = [evidence.at(k + 1, 'input_gradients'), k < 0 ? undefined : evidence.at(k, 'output_gradients')];
    return items.filter((item) => item?.isShaped) as Item[];
  }

  /** Visits what layer k may have received: by the right line, and with each mistake, as far as the candidate has it. */
  each(walk: Walk, k: number, visit: (flow: Flow) => void): void {
    const items = this.#itemsAt(k);
    const pending = pendingIn(walk);
    const place = walk.above ? 'inputs' : 'loss';
    let isFound = false;
    // Whether the candidate has what the right line gives.
    let isRight = false;
    const accept = (flow: Flow) => {
      let flows = [flow];
      for (const item of items)
        flows = flows.flatMap((one) =>
          settle(this.#search, one, item, one.dA, place, k).map((next) => ({ ...next, dA: observed(item, one.dA) })),
        );
      for (const next of flows) {
        isFound = true;
        isRight ||= next.atoms.length === walk.atoms.length && items.length > 0;
        visit(next);
      }
    };
    const right: Flow = { ...walk, dA: this.right(walk, k), isFree: !pending, fresh: undefined };
    const isRepeated = pending?.isEverywhere && !this.#openChanges(walk, k, pending).next().done;
    if (!isRepeated) accept(right);
    if (!isRight)
      for (const [mistake, change] of this.#openChanges(walk, k, pending))
        walk.setting.engine.scratch.reuse(() => {
          const flow = this.#changedIncoming(walk, k, mistake, change, right);
          if (flow) accept(flow);
        });
    if (isFound || items.length === 0) return;
    const broken = items.reduce((flow) => missed(flow, true), right);
    visit({ ...broken, dA: observed(items[0], right.dA), isFree: false });
  }

  /** The mistakes that may be tried in what layer k receives, with their ways. */
  *#openChanges(walk: Walk, k: number, pending: Atom | undefined): Generator<readonly [MistakeName, Change<unknown>]> {
    for (const [mistake, changes] of this.#incomingMistakes(walk, k))
      if (isOpen(this.#search, pending, mistake))
        for (const change of changes()) if (isOpenWay(pending, mistake, change)) yield [mistake, change];
  }

  *#incomingMistakes(walk: Walk, k: number): Generator<readonly [MistakeName, () => readonly Change<unknown>[]]> {
    const { setting, steps, above } = walk;
    if (!above) {
      const line = { setting, Y: steps[k].A };
      for (const [name, { changes }] of mistakesIn('loss')) yield [name, () => changes(line)];
      if (setting.divisor !== 1 && this.#search.evidence.hasTrace) yield ['mean-in-parameters-only', () => [lateDivision(line)]];
      return;
    }
    const { W } = setting.layers[k + 1];
    // The whole gradient, as an update takes it.
    const step = () => {
      const dW = sum(setting.engine.weightGradient(above.dZ, steps[k + 1].X).data, penaltyOf(walk, 'weights', W.data));
      return new Dense(W.rows, W.columns, dW);
    };
    const line: InputsLine = { setting, steps, k: k + 1, ...above, step };
    for (const [name, { changes }] of mistakesIn('inputs')) yield [name, () => changes(line)];
  }

  /** The flow with a mistake in the line that computes what layer k receives. */
  #changedIncoming(walk: Walk, k: number, mistake: MistakeName, change: Change<unknown>, right: Flow): Flow | undefined {
    const { above } = walk;
    const layer = above ? k + 1 : undefined;
    const pointer = change.pointer ?? (above ? `/network/layers/${k + 1}/weights` : '/loss');
    this.#search.meter.numbers(3 * right.dA.data.length);
    this.#search.meter.trials(1);
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
    this.#search.meter.product(inputs.rows, walk.setting.layers[k + 1].W.rows, inputs.columns);
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
      (name) => shaped(this.#search.evidence.at(k, name)) !== undefined,
    );
    const item = shaped(this.#search.evidence.at(k + 1, 'input_gradients')) ?? (place && this.#search.evidence.at(k, place));
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
}

/** The division by the divisor comes late: in the gradients of the parameters. */
function lateDivision(line: LossLine): Change<LossValue> {
  const { divisor } = line.setting;
  return {
    detail: 'the gradients of outputs and pre-activations were not divided by the divisor, those of the parameters were',
    compute() {
      const { loss, dY } = lossWith(line, {});
      return { loss: loss as number, dY: times(dY, divisor), parameterFactor: 1 / divisor };
    },
  };
}
