// The sums behind a number, with their terms. Layers, rows and columns count from 0 in code and from 1 in labels.
import type { Penalty } from '../../../schemas/penalty.ts';
import type { Computed } from '../request/computed.ts';
import type { Dictionary } from '../text/en.ts';
import type { Factor, NumberOf, Sum, Term } from './step.ts';

export type StepsText = Dictionary['steps'];

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

function term(...factors: Factor[]): Term {
  return { factors, value: factors.reduce((product, { value }) => product * value, 1) };
}

const plain = (label: string, value: number): Factor => ({ label, value });

/** A number of a matrix of samples, as a factor. */
function ofSample(
  run: Computed,
  letter: string,
  value: number,
  of: Omit<NumberOf, 'i' | 'j'>,
  layer: number,
  place: Place,
): Factor {
  const [i, j] = run.cell(...place);
  return { label: `${letter}_${layer + 1}[${i + 1},${j + 1}]`, value, of: { ...of, i, j } };
}

type Place = readonly [sample: number, unit: number];

const dz = (run: Computed, layer: number, ...place: Place) =>
  ofSample(run, 'dZ', run.value('pre_activation_gradients', layer, ...place), { kind: 'dZ', layer }, layer, place);

const dy = (run: Computed, layer: number, ...place: Place) =>
  ofSample(run, 'dY', run.value('output_gradients', layer, ...place), outputGradientsOf(run, layer), layer, place);

const x = (run: Computed, layer: number, ...place: Place) =>
  ofSample(run, 'X', run.value('inputs', layer, ...place), inputsOf(layer), layer, place);

/** What makes the inputs of a layer, and what the gradient of its outputs. */
export const inputsOf = (layer: number) =>
  layer === 0 ? ({ kind: 'X', layer } as const) : ({ kind: 'Y', layer: layer - 1 } as const);
export const outputGradientsOf = (run: Computed, layer: number) =>
  layer === run.layers - 1 ? ({ kind: 'dY', layer } as const) : ({ kind: 'dX', layer: layer + 1 } as const);

const w = (run: Computed, layer: number, unit: number, input: number): Factor => ({
  label: `W_${layer + 1}[${unit + 1},${input + 1}]`,
  value: run.weight(layer, unit, input),
  of: { kind: 'W', layer, i: unit, j: input },
});

const b = (run: Computed, layer: number, unit: number, value: number): Factor => {
  const [i, j] = run.columns ? [unit, 0] : [0, unit];
  return { label: `b_${layer + 1}[${unit + 1}]`, value, of: { kind: 'b', layer, i, j } };
};

/** The label of a number of a matrix of samples. */
export function labelOf(run: Computed, letter: string, layer: number, sample: number, unit: number): string {
  const [i, j] = run.cell(sample, unit);
  return `${letter}_${layer + 1}[${i + 1},${j + 1}]`;
}

/** Z = Σ W X + b: a weighted sum. */
export function preActivation(run: Computed, layer: number, sample: number, unit: number, t: StepsText): Sum {
  const inputs = layer === 0 ? run.features : run.units[layer - 1];
  const bias = run.bias(layer, unit);
  return {
    label: labelOf(run, 'Z', layer, sample, unit),
    meaning: t.sums.preActivation,
    terms: [
      ...range(inputs).map((m) => term(w(run, layer, unit, m), x(run, layer, sample, m))),
      ...(bias === undefined ? [] : [term(b(run, layer, unit, bias))]),
    ],
    value: run.value('pre_activations', layer, sample, unit),
  };
}

/** dX = Σ W dZ: the gradient of an input of a layer. */
export function inputGradient(run: Computed, layer: number, sample: number, input: number, t: StepsText): Sum {
  return {
    label: labelOf(run, 'dX', layer, sample, input),
    meaning: t.sums.inputGradient,
    terms: range(run.units[layer]).map((n) => term(w(run, layer, n, input), dz(run, layer, sample, n))),
    value: run.value('input_gradients', layer, sample, input),
  };
}

/** dZ = f′(Z) dY; without terms where the activation couples the units of a sample. */
export function preActivationGradient(run: Computed, layer: number, sample: number, unit: number, t: StepsText): Sum {
  const slope = run.slope(layer, sample, unit);
  const value = run.value('pre_activation_gradients', layer, sample, unit);
  const label = labelOf(run, 'dZ', layer, sample, unit);
  if (slope === undefined) return { label, meaning: t.sums.rowwiseGradient, terms: [], value };
  const f = plain(`f′(${labelOf(run, 'Z', layer, sample, unit)})`, slope);
  return { label, meaning: t.sums.preActivationGradient, terms: [term(f, dy(run, layer, sample, unit))], value };
}

/** What the penalty adds to the gradient of a weight or a bias. */
function penaltyTerms({ l1 = 0, l2 = 0 }: Penalty, factor: Factor): Term[] {
  return [
    ...(l1 > 0 ? [term(plain('l1', l1), plain(`sign(${factor.label})`, Math.sign(factor.value)))] : []),
    ...(l2 > 0 ? [term(plain('l2', l2), factor)] : []),
  ];
}

/** dW = Σ dZ X over the samples, and what the penalty adds. */
export function weightGradient(run: Computed, layer: number, unit: number, input: number, t: StepsText): Sum {
  return {
    label: `dW_${layer + 1}[${unit + 1},${input + 1}]`,
    meaning: t.sums.weightGradient,
    terms: [
      ...range(run.samples).map((sample) => term(dz(run, layer, sample, unit), x(run, layer, sample, input))),
      ...penaltyTerms(run.penalty, w(run, layer, unit, input)),
    ],
    value: run.weightGradient(layer, unit, input),
  };
}

/** db = Σ dZ over the samples, and what the penalty adds. The layer has biases. */
export function biasGradient(run: Computed, layer: number, unit: number, t: StepsText): Sum {
  return {
    label: `db_${layer + 1}[${unit + 1}]`,
    meaning: t.sums.biasGradient,
    terms: [
      ...range(run.samples).map((sample) => term(dz(run, layer, sample, unit))),
      ...(run.penalty.biases ? penaltyTerms(run.penalty, b(run, layer, unit, run.bias(layer, unit) as number)) : []),
    ],
    value: run.biasGradient(layer, unit) as number,
  };
}

/**
 * dY of the last layer where a formula everyone knows gives it: 2 (Y − T) / divisor for mse, (p − T) / divisor for cross-entropy of logits.
 * Without terms for other losses, and where samples, classes or labels have weights.
 */
export function lossGradient(run: Computed, sample: number, unit: number, t: StepsText): Sum {
  const layer = run.layers - 1;
  const value = run.value('output_gradients', layer, sample, unit);
  const label = labelOf(run, 'dY', layer, sample, unit);
  const known = knownLoss(run);
  if (!known) return { label, meaning: t.sums.outputGradient, terms: [], value };
  const { divisor } = run.answer;
  const { scale, difference, meaning } = {
    mse: { scale: 2, difference: run.value('outputs', layer, sample, unit), meaning: t.sums.mse(divisor) },
    softmax: { scale: 1, difference: softmax(run, sample, unit), meaning: t.sums.probability(divisor) },
    sigmoid: { scale: 1, difference: sigmoid(run.value('outputs', layer, sample, unit)), meaning: t.sums.probability(divisor) },
  }[known];
  const [y, target] = [labelOf(run, 'Y', layer, sample, unit), run.target(sample, unit)];
  const [i, j] = run.cell(sample, unit);
  const ofTarget = run.classes ? `${target}` : `T[${i + 1},${j + 1}]`;
  const p = known === 'mse' ? y : `${known}(${y})`;
  const factors = [
    ...(scale === 1 && divisor === 1 ? [] : [plain(divisor === 1 ? `${scale}` : `{${scale}}/{${divisor}}`, scale / divisor)]),
    plain(`(${p} − ${ofTarget})`, difference - target),
  ];
  return { label, meaning, terms: [term(...factors)], value };
}

/** How the gradient of the loss is written: as that of mse, or as probability minus target. */
export function knownLoss({ request, classes }: Computed): 'mse' | 'softmax' | 'sigmoid' | undefined {
  if (request.batch.sample_weights) return undefined;
  const loss = request.loss ?? 'mse';
  const {
    type,
    reduction: _,
    ...options
  } = typeof loss === 'string' ? { type: loss } : (loss as { type: string; reduction?: string });
  if (Object.keys(options).length > 0) return undefined;
  if (type === 'mse' && !classes) return 'mse';
  if (type === 'cross_entropy' && classes) return 'softmax';
  return type === 'binary_cross_entropy_with_logits' && !classes ? 'sigmoid' : undefined;
}

/** A probability of the last layer's outputs, for its formula; the service's gradient has it already. */
function softmax(run: Computed, sample: number, unit: number): number {
  const outputs = range(run.units[run.layers - 1]).map((n) => run.value('outputs', run.layers - 1, sample, n));
  const greatest = Math.max(...outputs);
  const powers = outputs.map((y) => Math.exp(y - greatest));
  return powers[unit] / powers.reduce((sum, power) => sum + power);
}

function sigmoid(y: number): number {
  return 1 / (1 + Math.exp(-y));
}

export interface Shortened {
  readonly terms: readonly Term[];
  /** The terms left out, and what they add up to. */
  readonly rest?: { readonly count: number; readonly value: number };
}

/** The `most` largest terms of a sum, in their order, and the others in one. */
export function shortened({ terms }: Sum, most: number): Shortened {
  if (terms.length <= most) return { terms };
  const sizes = terms.map(({ value }, i) => ({ i, size: Math.abs(value) }));
  const kept = new Set(
    sizes
      .sort((a, b) => b.size - a.size)
      .slice(0, most - 1)
      .map(({ i }) => i),
  );
  const others = terms.filter((_, i) => !kept.has(i));
  const value = others.reduce((sum, one) => sum + one.value, 0);
  return { terms: terms.filter((_, i) => kept.has(i)), rest: { count: others.length, value } };
}
