// The gradients of a layer's parameters, given ∂loss/∂pre-activations: what of the candidate's is right, and which mistake explains the rest.
import type { MistakeName } from '../../../schemas/mistake.ts';
import { mistakesIn } from '../../backprop/mistakes/catalogue.ts';
import type { Change, GradientLine, ParameterLine, Setting } from '../../backprop/mistakes/change.ts';
import { namesOfFactor } from '../../backprop/mistakes/factors.ts';
import { addPenaltyGradients } from '../../backprop/penalty.ts';
import { Dense } from '../../linalg/dense.ts';
import { ENOUGH_NUMBERS, type Fit, factorBetween, indexOfLargest, relativeError, significantNumbers } from './compare.ts';
import type { Evidence, Item } from './evidence.ts';
import { type Atom, idOf } from './hypothesis.ts';
import type { Meter } from './meter.ts';

/** Compares an array with what a mistake gives, perhaps multiplied by a constant, and notes the mistake if it explains it. */
type Compare = (
  mistake: MistakeName,
  change: Change<unknown>,
  values: Float64Array,
  shape: readonly number[] | undefined,
  ofPenalty?: Float64Array,
) => void;

/** Notes a mistake that explains an array. */
type Add = (mistake: MistakeName, change: Omit<Change<unknown>, 'compute'>, residual: number, factor?: number) => void;

/** The mistakes that are tried; undefined: all. */
export type Only = ReadonlySet<MistakeName> | undefined;

/** One array of gradients of a layer. */
export interface Leaf {
  readonly of: 'weights' | 'biases';
  readonly item: Item;
  /** The gradient of the loss at the right line, before the penalty; computed once. */
  readonly ofLoss: () => Float64Array;
  readonly ofPenalty: Float64Array | undefined;
  readonly parameters: Float64Array;
  /** The right gradient's relative error, computed as far as needed to see that it is too large. */
  readonly error: number;
  /** The constant by which the candidate's gradient of the loss differs from the right one. */
  readonly fit: () => Fit | undefined;
}

/** A number of the candidate, without the penalty, and the right one. */
interface Sample {
  readonly candidate: number;
  readonly value: number;
}

/** Two numbers of the product δᵀ X: at the candidate's largest number, and in the middle. */
function samplesOf({ numbers }: Item, δ: Dense, X: Dense, factor: number, ofPenalty: Float64Array | undefined): Sample[] {
  const values = numbers as Float64Array;
  return [indexOfLargest(values), Math.floor(values.length / 2)].map((at) => {
    const [j, i] = [Math.floor(at / X.columns), at % X.columns];
    let value = 0;
    for (let n = 0; n < δ.rows; n++) value += δ.data[n * δ.columns + j] * X.data[n * X.columns + i];
    return { candidate: values[at] - (ofPenalty?.[at] ?? 0), value: factor * value };
  });
}

export class Leaves {
  readonly #tolerance: number;
  readonly #meter: Meter;

  constructor(tolerance: number, meter: Meter) {
    this.#tolerance = tolerance;
    this.#meter = meter;
  }

  /** The gradient of the weights; `factor` multiplies that of the loss. */
  weights(line: ParameterLine, item: Item, factor: number): Leaf {
    const { setting, k, steps, dZ } = line;
    const { W } = setting.layers[k];
    const { X } = steps[k];
    let product: Float64Array | undefined;
    const ofLoss = () => {
      if (!product) this.#meter.product(W.rows, dZ.rows, W.columns);
      product ??= scaled(setting.engine.weightGradient(dZ, X).data, factor);
      return product;
    };
    const ofPenalty = penaltyOf(line, 'weights', W.data);
    // Two numbers tell that the rest need not be computed.
    const samples = item.isShaped ? samplesOf(item, dZ, X, factor, ofPenalty) : undefined;
    const isNear = samples && this.#fits(samples, 1);
    const error = isNear ? relativeError(item.numbers as Float64Array, sum(ofLoss(), ofPenalty)) : Infinity;
    const fit = () => {
      const ratio = samples && samples[0].candidate / samples[0].value;
      if (!ratio || !this.#fits(samples, ratio)) return undefined;
      return factorBetween(difference(item.numbers as Float64Array, ofPenalty), ofLoss(), this.#tolerance);
    };
    return { of: 'weights', item, ofLoss, ofPenalty, parameters: W.data, error, fit };
  }

  biases(line: ParameterLine, item: Item, factor: number): Leaf {
    const { setting, k, dZ } = line;
    const b = setting.layers[k].b as Float64Array;
    const total = scaled(dZ.sumOfRows(setting.engine.scratch), factor);
    const ofPenalty = penaltyOf(line, 'biases', b);
    const error = item.isShaped ? relativeError(item.numbers as Float64Array, sum(total, ofPenalty)) : Infinity;
    const fit = () =>
      item.isShaped ? factorBetween(difference(item.numbers as Float64Array, ofPenalty), total, this.#tolerance) : undefined;
    return { of: 'biases', item, ofLoss: () => total, ofPenalty, parameters: b, error, fit };
  }

  /** Whether the candidate's numbers are those of the product, times a factor. */
  #fits(samples: readonly Sample[], factor: number): boolean {
    // The first one is the candidate's largest number.
    const most = 2 * this.#tolerance * Math.abs(samples[0].candidate) + Number.MIN_VALUE;
    return samples.every(({ candidate, value }) => Math.abs(candidate - factor * value) <= most);
  }

  /** The mistakes that explain an array by themselves; only some, if given. `known` are those that were made elsewhere. */
  explain(line: ParameterLine, leaf: Leaf, only: Only, known: ReadonlySet<string>): Atom[] {
    const found: Atom[] = [];
    const { item, of } = leaf;
    const { k } = line;
    const add: Add = (mistake, change, residual, factor) => {
      found.push({
        mistake,
        key: change.key ?? '',
        layer: k,
        pointer: change.pointer ?? `/network/layers/${k}/${of}`,
        detail: change.detail,
        ...(factor !== undefined && { factor }),
        ...(change.penalty && { penalty: change.penalty }),
        isLeaf: true,
        explains: [item.pointer],
        residual,
      });
    };
    const compare: Compare = (mistake, change, values, shape, ofPenalty = leaf.ofPenalty) => {
      if (item.numbers === undefined || !hasShape(item, shape)) return;
      // An array of another size has no penalty.
      const added = ofPenalty?.length === values.length ? ofPenalty : undefined;
      const error = relativeError(item.numbers, sum(values, added));
      if (error <= this.#tolerance) add(mistake, change, error);
      else if (significantNumbers(values) >= ENOUGH_NUMBERS) {
        const fit = factorBetween(difference(item.numbers, added), values, this.#tolerance);
        if (fit) add(mistake, change, fit.error, fit.factor);
      }
    };
    if (of === 'weights') this.#weights(line, leaf, compare, only);
    else
      for (const [name, mistake] of mistakesIn('biases'))
        for (const change of only && !only.has(name) ? [] : mistake.changes(line)) {
          const value = change.compute();
          if (value) compare(name, change, value.numbers, value.shape);
        }
    if (item.isShaped) this.#gradients(line, leaf, add, known);
    this.#meter.trials(found.length + 1);
    return found;
  }

  #weights(line: ParameterLine, { item, ofPenalty }: Leaf, compare: Compare, only: Only): void {
    const { W } = line.setting.layers[line.k];
    for (const [name, mistake] of mistakesIn('weights'))
      for (const change of only && !only.has(name) ? [] : mistake.changes(line)) {
        const value = change.compute();
        if (!value) continue;
        const { δ, X, isTransposed } = value;
        const shape = isTransposed ? [X.columns, δ.columns] : [δ.columns, X.columns];
        if (!hasShape(item, shape)) continue;
        this.#meter.product(δ.columns, δ.rows, X.columns);
        const product = line.setting.engine.weightGradient(δ, X);
        if (!isTransposed) compare(name, change, product.data, shape);
        else {
          const turned = ofPenalty && new Dense(W.rows, W.columns, ofPenalty).transposed().data;
          compare(name, change, product.transposed().data, shape, turned);
        }
      }
  }

  /** Mistakes with any array of gradients, and constant factors of it. */
  #gradients(line: ParameterLine, { item, of, ofLoss, ofPenalty, parameters }: Leaf, add: Add, known: ReadonlySet<string>): void {
    const { setting, k } = line;
    const candidate = item.numbers as Float64Array;
    const gradientLine: GradientLine = { setting, k, of, ofLoss: ofLoss(), ofPenalty, parameters, candidate };
    for (const [name, mistake] of mistakesIn('gradients'))
      for (const change of mistake.changes(gradientLine)) {
        const { key, fittedTo = ENOUGH_NUMBERS } = change;
        if (fittedTo < ENOUGH_NUMBERS && !known.has(idOf({ mistake: name, key: key as string }))) continue;
        const error = relativeError(candidate, change.compute() as Float64Array);
        if (error <= this.#tolerance) add(name, change, error);
      }
    const factors = [
      factorBetween(candidate, sum(ofLoss(), ofPenalty), this.#tolerance),
      ...(ofPenalty ? [factorBetween(difference(candidate, ofPenalty), ofLoss(), this.#tolerance)] : []),
    ];
    const isEnough = significantNumbers(ofLoss()) >= ENOUGH_NUMBERS;
    for (const fit of factors)
      if (fit)
        for (const { name, detail } of namesOfFactor(fit.factor, 'parameters', setting, this.#tolerance)) {
          const key = name === 'constant-factor' ? fit.factor.toPrecision(6) : '';
          const isTold = isEnough || name !== 'constant-factor' || known.has(idOf({ mistake: name, key }));
          if (isTold) add(name, { detail, key }, fit.error);
        }
  }
}

/** The identities of mistakes whose constant the candidate's other arrays tell, by their difference to the right ones. */
export function fittedIn(setting: Setting, evidence: Evidence, tolerance: number): string[] {
  return setting.layers.flatMap(({ W, b }, k) =>
    (['weights', 'biases'] as const).flatMap((of) => {
      const item = evidence.at(k, of);
      if (!item?.isShaped || item.agrees) return [];
      const parameters = of === 'weights' ? W.data : (b as Float64Array);
      const candidate = item.numbers as Float64Array;
      const ofPenalty = penaltyOf({ setting }, of, parameters);
      const line: GradientLine = { setting, k, of, ofLoss: difference(item.right, ofPenalty), ofPenalty, parameters, candidate };
      return mistakesIn('gradients').flatMap(([mistake, { changes }]) =>
        changes(line)
          .filter(({ fittedTo = 0 }) => fittedTo >= ENOUGH_NUMBERS)
          .filter(({ compute }) => relativeError(candidate, compute() as Float64Array) <= tolerance)
          .map(({ key = '' }) => idOf({ mistake, key })),
      );
    }),
  );
}

function hasShape({ shape, isShaped }: Item, expected: readonly number[] | undefined): boolean {
  return expected ? expected.length === shape.length && expected.every((n, i) => n === shape[i]) : isShaped;
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return factor === 1 ? values : values.map((x) => factor * x);
}

export function sum(values: Float64Array, others: Float64Array | undefined): Float64Array {
  return others ? values.map((x, i) => x + others[i]) : values;
}

function difference(values: Float64Array, others: Float64Array | undefined): Float64Array {
  return others ? values.map((x, i) => x - others[i]) : values;
}

/** The gradient of the penalty; undefined if there is none. */
export function penaltyOf(
  { setting: { penalty } }: Pick<ParameterLine, 'setting'>,
  of: 'weights' | 'biases',
  values: Float64Array,
): Float64Array | undefined {
  if (!penalty || (of === 'biases' && !penalty.biases)) return undefined;
  const W = new Dense(1, values.length, values);
  const dW = new Dense(1, values.length);
  addPenaltyGradients(penalty, [{ W, b: undefined }], [{ dW, db: undefined }]);
  return dW.data;
}
