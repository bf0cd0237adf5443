// The search through the forward pass: the values of every layer as the candidate has them, or with a mistake in one layer or in all.
import { activate } from '../../backprop/activation.ts';
import type { Forward } from '../../backprop/forward.ts';
import { mistakesIn } from '../../backprop/mistakes/catalogue.ts';
import type { ForwardLine, ForwardValue, Setting } from '../../backprop/mistakes/change.ts';
import type { Layer } from '../../backprop/network.ts';
import { Dense } from '../../linalg/dense.ts';
import { relativeError } from './compare.ts';
import type { Evidence, Item } from './evidence.ts';
import { type Atom, explained, type Hypothesis, idOf, inOrder, missed, NO_MISTAKE, pendingIn, withAtom } from './hypothesis.ts';
import type { Meter } from './meter.ts';

/** A hypothesis about the forward pass up to a layer. */
export interface ForwardWalk extends Hypothesis {
  readonly setting: Setting;
  readonly steps: readonly Forward[];
  readonly X: Dense;
}

/** The most hypotheses that are followed at a time. */
const MOST_HYPOTHESES = 24;

/** The share of the work that may go into mistakes which no array of the forward pass can confirm; as much again follows in the backward pass. */
const HIDDEN_SHARE = 0.3;

export class ForwardSearch {
  readonly #evidence: Evidence;
  readonly #tolerance: number;
  readonly #meter: Meter;

  constructor(evidence: Evidence, tolerance: number, meter: Meter) {
    this.#evidence = evidence;
    this.#tolerance = tolerance;
    this.#meter = meter;
  }

  /**
   * The hypotheses about the forward pass, the best first. With `areHidden`, also mistakes that no array of the forward pass confirms;
   * the gradients may.
   */
  search(setting: Setting, areHidden: boolean): ForwardWalk[] {
    let walks: ForwardWalk[] = [{ ...NO_MISTAKE, setting, steps: [], X: setting.X }];
    for (let k = 0; k < setting.layers.length; k++) {
      const next = inOrder(walks.flatMap((walk) => this.#layer(walk, k, areHidden)));
      walks = areHidden ? next : next.slice(0, MOST_HYPOTHESES);
    }
    return walks;
  }

  /** Whether the candidate has an array of layer k or of a later one in the forward pass. */
  #hasEvidence(from: number, layers: number): boolean {
    for (let k = from; k < layers; k++) if (this.#itemsAt(k, layers).length > 0) return true;
    return false;
  }

  #itemsAt(k: number, layers: number): Item[] {
    const items = [this.#evidence.at(k, 'pre_activations'), this.#evidence.at(k, 'outputs'), this.#evidence.at(k + 1, 'inputs')];
    if (k === layers - 1) items.push(this.#evidence.outputs);
    return items.filter((item) => item?.isShaped) as Item[];
  }

  #layer(walk: ForwardWalk, k: number, areHidden: boolean): ForwardWalk[] {
    const { setting } = walk;
    const start = k === 0 ? this.#firstInputs(walk) : walk;
    const { W, b, f } = setting.layers[k];
    const pending = pendingIn(start);
    const line: ForwardLine = { setting: start.setting, k, X: start.X, before: start.steps.at(-1) };
    const right = () => {
      this.#meter.product(start.X.rows, W.columns, W.rows);
      const Z = setting.engine.forward(start.X, W, b);
      return { Z, A: activate(f, Z, setting.engine.scratch, false), layer: setting.layers[k] };
    };
    const found: ForwardWalk[] = [];
    const values = right();
    const repeated = pending?.isEverywhere
      ? this.#changesOf(line, pending).find(([atom]) => idOf(atom) === idOf(pending))
      : undefined;
    if (!repeated) {
      const plain = this.#matched(start, k, values);
      if (plain) found.push(plain);
    }
    const hasItems = this.#itemsAt(k, setting.layers.length).length > 0;
    const isHidden = !hasItems && (areHidden || this.#hasEvidence(k, setting.layers.length));
    if ((found.length === 0 && hasItems) || isHidden || repeated)
      for (const [atom, compute] of repeated ? [repeated] : pending ? [] : this.#changesOf(line)) {
        if (!this.#meter.allows(`mistakes in the forward pass of layer ${k}`, hasItems ? 1 : HIDDEN_SHARE)) break;
        this.#meter.product(start.X.rows, W.columns, W.rows);
        this.#meter.trials(1);
        const changed = this.#matched(withAtom(start, atom), k, compute() as ForwardValue);
        if (!changed) continue;
        found.push(changed);
        const waiting = pending ? undefined : pendingIn(changed);
        // A mistake that nothing has confirmed yet may have been made in all layers from here on.
        if (waiting) found.push({ ...changed, atoms: [...start.atoms, { ...waiting, isEverywhere: true }] });
      }
    if (found.length > 0 || (pending && hasItems)) return found;
    return [this.#broken(start, k, values)];
  }

  /** The candidate's inputs of layer 0, which may be others than those of the request. */
  #firstInputs(walk: ForwardWalk): ForwardWalk {
    const item = this.#evidence.at(0, 'inputs');
    if (!item?.isShaped) return walk;
    const X = observed(item, walk.X);
    const agrees = relativeError(item.numbers as Float64Array, walk.X.data) <= this.#tolerance;
    return { ...(agrees ? explained(walk, item, 0) : missed(walk, true)), X };
  }

  /** The ways in which the line may be wrong; given an atom, those of its mistake. */
  #changesOf(line: ForwardLine, like?: Atom): (readonly [Atom, () => ForwardValue | undefined])[] {
    const mistakes = mistakesIn('forward').filter(([mistake]) => !like || mistake === like.mistake);
    return mistakes.flatMap(([mistake, { changes }]) =>
      changes(line).map(({ key = '', detail, compute }) => {
        const part = /bias/.test(mistake) ? 'biases' : /weights/.test(mistake) ? 'weights' : 'activation';
        const pointer = `/network/layers/${line.k}/${part}`;
        return [{ mistake, key, layer: line.k, pointer, detail, isLeaf: false, explains: [], residual: 0 }, compute] as const;
      }),
    );
  }

  /** The hypothesis with the values of layer k; undefined if the candidate has others. What it has takes their place. */
  #matched(walk: ForwardWalk, k: number, { Z, A, layer }: ForwardValue): ForwardWalk | undefined {
    let next = walk;
    const [ofZ, ...ofA] = this.#valuesAt(k, walk.setting.layers.length);
    for (const [item, values] of [[ofZ, Z] as const, ...ofA.map((item) => [item, A] as const)]) {
      if (!item) continue;
      const error = relativeError(item.numbers as Float64Array, values.data);
      if (error > this.#tolerance) return undefined;
      next = explained(next, item, error);
    }
    return this.#with(next, k, ofZ ? observed(ofZ, Z) : Z, A, layer);
  }

  /** The candidate's pre-activations of layer k, and its outputs under all names. */
  #valuesAt(k: number, layers: number): (Item | undefined)[] {
    const shaped = (item: Item | undefined) => (item?.isShaped ? item : undefined);
    return [
      shaped(this.#evidence.at(k, 'pre_activations')),
      shaped(this.#evidence.at(k, 'outputs')),
      shaped(this.#evidence.at(k + 1, 'inputs')),
      k === layers - 1 ? shaped(this.#evidence.outputs) : undefined,
    ];
  }

  /** No mistake gives what the candidate has of layer k: the rest is computed from it. */
  #broken(walk: ForwardWalk, k: number, { Z, A, layer }: ForwardValue): ForwardWalk {
    const { setting } = walk;
    const [ofZ, ...ofA] = this.#valuesAt(k, setting.layers.length);
    let next: ForwardWalk = walk;
    let [usedZ, usedA] = [Z, A];
    const check = (item: Item, values: Dense) => {
      const error = relativeError(item.numbers as Float64Array, values.data);
      next = error <= this.#tolerance ? explained(next, item, error) : missed(next, true);
      return observed(item, values);
    };
    if (ofZ) {
      usedZ = check(ofZ, Z);
      usedA = activate(layer.f, usedZ, setting.engine.scratch, false);
    }
    for (const item of ofA) if (item) usedA = check(item, usedA);
    return this.#with(next, k, usedZ, usedA, layer);
  }

  #with(walk: ForwardWalk, k: number, Z: Dense, A: Dense, layer: Layer): ForwardWalk {
    const own = walk.setting.layers[k];
    const setting = layer === own ? walk.setting : { ...walk.setting, layers: walk.setting.layers.with(k, layer) };
    const item = this.#valuesAt(k, setting.layers.length)
      .slice(1)
      .find((one) => one !== undefined);
    const used = item ? observed(item, A) : A;
    return { ...walk, setting, steps: [...walk.steps, { X: walk.X, Z, A: used }], X: used };
  }
}

/** The candidate's array as a matrix, in the shape of another. */
function observed({ numbers }: Item, { rows, columns }: Dense): Dense {
  return new Dense(rows, columns, numbers as Float64Array);
}
