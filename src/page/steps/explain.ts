// The sums that made a number, with the numbers that they are made of. Labels count layers, units and samples from 1.
import type { Penalty } from '../../../schemas/penalty.ts';
import type { Computed } from '../request/computed.ts';

/** A product, or a number by itself. */
export interface Term {
  readonly factors: readonly { readonly label: string; readonly value: number }[];
  readonly value: number;
}

export interface Sum {
  /** What was summed up, as in z_2. */
  readonly label: string;
  /** In words. */
  readonly meaning: string;
  readonly terms: readonly Term[];
  /** The service's number, which the terms add up to. */
  readonly value: number;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

function term(...factors: [label: string, value: number][]): Term {
  return {
    factors: factors.map(([label, value]) => ({ label, value })),
    value: factors.reduce((product, [, value]) => product * value, 1),
  };
}

/** z = Σ w x + b: the pre-activation of a unit. */
export function preActivation(run: Computed, layer: number, sample: number, unit: number): Sum {
  const inputs = run.trace[layer].inputs;
  const count = run.columns ? inputs.length : inputs[0].length;
  const bias = run.bias(layer, unit);
  return {
    label: `z_${unit + 1}`,
    meaning: 'weights times inputs, added up',
    terms: [
      ...range(count).map((m) =>
        term([`w_${unit + 1},${m + 1}`, run.weight(layer, unit, m)], [`x_${m + 1}`, run.value('inputs', layer, sample, m)]),
      ),
      ...(bias === undefined ? [] : [term([`b_${unit + 1}`, bias])]),
    ],
    value: run.value('pre_activations', layer, sample, unit),
  };
}

/** dy = Σ dz w over the units that it went to; of the last layer what the loss begins with, which is no sum. */
export function outputGradient(run: Computed, layer: number, sample: number, unit: number): Sum {
  const value = run.value('output_gradients', layer, sample, unit);
  const label = `dy_${unit + 1}`;
  if (layer === run.layers - 1)
    return { label, meaning: 'the slope of the loss at this output', terms: [term([label, value])], value };
  return { ...inputGradient(run, layer + 1, sample, unit), label, value };
}

/** dx = Σ dz w: what comes back to an input of a layer. */
export function inputGradient(run: Computed, layer: number, sample: number, input: number): Sum {
  return {
    label: `dx_${input + 1}`,
    meaning: 'what comes back from every unit that it went to, by the same weights',
    terms: range(run.units[layer]).map((n) =>
      term(
        [`dz_${n + 1}`, run.value('pre_activation_gradients', layer, sample, n)],
        [`w_${n + 1},${input + 1}`, run.weight(layer, n, input)],
      ),
    ),
    value: run.value('input_gradients', layer, sample, input),
  };
}

/** dz = f′(z) dy; undefined where the activation looks at all units of a sample at once. */
export function preActivationGradient(run: Computed, layer: number, sample: number, unit: number): Sum | undefined {
  const slope = run.slope(layer, sample, unit);
  if (slope === undefined) return undefined;
  return {
    label: `dz_${unit + 1}`,
    meaning: 'the slope of the activation times what comes back',
    terms: [term([`f′(z_${unit + 1})`, slope], [`dy_${unit + 1}`, run.value('output_gradients', layer, sample, unit)])],
    value: run.value('pre_activation_gradients', layer, sample, unit),
  };
}

/** What the penalty adds to the gradient of a weight or a bias. */
function penaltyTerms({ l1 = 0, l2 = 0 }: Penalty, label: string, value: number): Term[] {
  return [
    ...(l1 > 0 ? [term(['l1', l1], [`sign(${label})`, Math.sign(value)])] : []),
    ...(l2 > 0 ? [term(['l2', l2], [label, value])] : []),
  ];
}

/** dw = Σ dz x over the samples, and what the penalty adds. */
export function weightGradient(run: Computed, layer: number, unit: number, input: number): Sum {
  return {
    label: `dw_${unit + 1},${input + 1}`,
    meaning: 'what comes back to the unit times what went in, added up over the samples',
    terms: [
      ...range(run.samples).map((i) =>
        term(
          [`dz_${unit + 1}^(${i + 1})`, run.value('pre_activation_gradients', layer, i, unit)],
          [`x_${input + 1}^(${i + 1})`, run.value('inputs', layer, i, input)],
        ),
      ),
      ...penaltyTerms(run.penalty, `w_${unit + 1},${input + 1}`, run.weight(layer, unit, input)),
    ],
    value: run.weightGradient(layer, unit, input),
  };
}

/** db = Σ dz over the samples, and what the penalty adds; undefined without a bias. */
export function biasGradient(run: Computed, layer: number, unit: number): Sum | undefined {
  const value = run.biasGradient(layer, unit);
  if (value === undefined) return undefined;
  return {
    label: `db_${unit + 1}`,
    meaning: 'what comes back to the unit, added up over the samples',
    terms: [
      ...range(run.samples).map((i) =>
        term([`dz_${unit + 1}^(${i + 1})`, run.value('pre_activation_gradients', layer, i, unit)]),
      ),
      ...(run.penalty.biases ? penaltyTerms(run.penalty, `b_${unit + 1}`, run.bias(layer, unit) as number) : []),
    ],
    value,
  };
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
