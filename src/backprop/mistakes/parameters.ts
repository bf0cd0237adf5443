// Mistakes in the gradients of the weights and biases of a layer.
import { Dense } from '../../linalg/dense.ts';
import type { BiasesValue, GradientLine, Mistake, ParameterLine, WeightsValue } from './change.ts';
import { onlyRow } from './loss-values.ts';
import { plus, rateOf } from './penalties.ts';

type WeightsMistake = Mistake<ParameterLine, WeightsValue>;
type BiasesMistake = Mistake<ParameterLine, BiasesValue>;
type GradientMistake = Mistake<GradientLine, Float64Array>;

/** The sums of the columns. */
function sums({ rows, columns, data }: Dense): Float64Array {
  const result = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++, at++) result[j] += data[at];
  return result;
}

/** Gradients of one sample, which the others overwrote, or which were not added. */
const sampleOf = (rows: number) => [
  { key: 'last', i: rows - 1 },
  { key: 'first', i: 0 },
];

export const weightsMistakes = {
  'weights-from-pre-activations': {
    changes: ({ k, steps, dZ }) =>
      k === 0
        ? []
        : [
            {
              detail: `dW was computed from the pre-activations of layer ${k - 1}; it needs its outputs, after the activation`,
              compute: () => ({ δ: dZ, X: steps[k - 1].Z }),
            },
          ],
  },
  'weights-from-own-outputs': {
    changes: ({ k, steps, dZ }) => [
      {
        detail: `dW was computed from the outputs of layer ${k} itself; it needs its inputs`,
        compute: () => ({ δ: dZ, X: steps[k].A }),
      },
    ],
  },
  'weights-from-output-gradients': {
    changes: ({ k, steps, dA }) => [
      {
        detail: 'dW was computed from dA, before the multiplication by the derivative of the activation; it needs dZ',
        compute: () => ({ δ: dA, X: steps[k].X }),
      },
    ],
  },
  'weights-from-inputs-of-another-layer': {
    changes: ({ k, steps, dZ }) =>
      steps.flatMap(({ X }, j) =>
        j === k || X.columns !== steps[k].X.columns
          ? []
          : [
              {
                key: `${j - k}`,
                detail: `dW was computed from the inputs of layer ${j}; it needs those of layer ${k}`,
                compute: () => ({ δ: dZ, X }),
              },
            ],
      ),
  },
  'weights-transposed': {
    changes: ({ k, steps, dZ }) => [
      {
        detail: "dW is transposed: X' dZ in place of dZ' X; weights are outputs x inputs",
        compute: () => ({ δ: dZ, X: steps[k].X, isTransposed: true }),
      },
    ],
  },
  'weights-of-one-sample': {
    changes: ({ k, steps, dZ }) =>
      sampleOf(dZ.rows).map(({ key, i }) => ({
        key,
        detail: `dW is the share of the ${key} sample only; it is the sum over all samples`,
        compute: () => (dZ.rows < 2 ? undefined : { δ: onlyRow(dZ, i), X: steps[k].X }),
      })),
  },
  'product-of-means': {
    changes: ({ k, steps, dZ }) =>
      dZ.rows < 2
        ? []
        : [
            {
              detail:
                'dW is the product of dZ and the inputs that were averaged over the samples first; it is the sum of their products',
              compute() {
                const X = sums(steps[k].X).map((x) => x / dZ.rows);
                return { δ: new Dense(1, dZ.columns, sums(dZ)), X: new Dense(1, X.length, X) };
              },
            },
          ],
  },
} satisfies Record<string, WeightsMistake>;

export const biasesMistakes = {
  'bias-of-one-sample': {
    changes: ({ dZ }) =>
      dZ.rows < 2
        ? []
        : sampleOf(dZ.rows).map(({ key, i }) => ({
            key,
            detail: `db is dZ of the ${key} sample only; it is the sum over all samples`,
            compute: () => ({ numbers: dZ.row(i) }),
          })),
  },
  'bias-from-output-gradients': {
    changes: ({ dA }) => [
      {
        detail: 'db was computed from dA, before the multiplication by the derivative of the activation; it needs dZ',
        compute: () => ({ numbers: sums(dA) }),
      },
    ],
  },
  'bias-summed-over-units': {
    changes: ({ dZ }) =>
      [[dZ.columns], [], [1], [1, 1]].map((shape, i) => ({
        ...(i > 0 && { key: `${i}` }),
        detail: 'db was summed over the units, too (no axis): every unit has a sum of its own, over the samples',
        compute() {
          const total = sums(dZ).reduce((sum, x) => sum + x, 0);
          return { numbers: new Float64Array(shape.length === 1 ? shape[0] : 1).fill(total), shape };
        },
      })),
  },
  'bias-summed-over-wrong-axis': {
    changes: ({ dZ }) =>
      [[dZ.rows], [dZ.rows, 1], [1, dZ.rows]].map((shape, i) => ({
        ...(i > 0 && { key: `${i}` }),
        detail: 'db was summed over the units of each sample; it is the sum over the samples of each unit',
        compute: () => ({ numbers: sums(dZ.transposed()), shape }),
      })),
  },
  'bias-kept-dimension': {
    changes: ({ dZ }) =>
      [
        [1, dZ.columns],
        [dZ.columns, 1],
      ].map((shape, i) => ({
        ...(i > 0 && { key: `${i}` }),
        detail: `db has the shape ${shape.join(' x ')} (keepdims); biases are a flat list`,
        compute: () => ({ numbers: sums(dZ), shape }),
      })),
  },
  'bias-not-summed': {
    changes: ({ dZ }) => [
      {
        detail: 'db is dZ of every sample; it is their sum',
        compute: () => ({ numbers: dZ.data, shape: [dZ.rows, dZ.columns] }),
      },
      {
        key: 'columns',
        detail: 'db is dZ of every sample; it is their sum',
        compute: () => ({ numbers: dZ.transposed().data, shape: [dZ.columns, dZ.rows] }),
      },
    ],
  },
} satisfies Record<string, BiasesMistake>;

export const gradientMistakes = {
  'gradient-zero': {
    changes: ({ of, candidate }) => [
      { detail: `the gradient of the ${of} is 0`, compute: () => new Float64Array(candidate.length) },
    ],
  },
  'gradient-clipped': {
    changes: (line) => {
      const { candidate } = line;
      const bound = candidate.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const atBound = candidate.reduce((count, x) => count + Number(Math.abs(x) === bound), 0);
      // One number alone may just be the largest.
      if (atBound < 2 || atBound === candidate.length) return [];
      const shown = Number(bound.toPrecision(9));
      return [
        {
          key: `${shown}`,
          detail: `the gradient was clipped to at most ${shown} in magnitude`,
          compute: () => plus(line.ofLoss, line.ofPenalty).map((x) => Math.max(-bound, Math.min(bound, x))),
        },
      ];
    },
  },
  'parameters-after-step': {
    changes: (line) => {
      const { candidate, parameters } = line;
      const right = plus(line.ofLoss, line.ofPenalty);
      const rate = -rateOf(candidate, parameters, right);
      const shown = Number(rate.toPrecision(6));
      // One number does not tell a rate.
      return right.length < 2 || !Number.isFinite(rate)
        ? []
        : [
            {
              key: `${shown}`,
              detail: `these are the ${line.of} after a step, w - ${shown} dw, not their gradient`,
              compute: () => plus(parameters, right, -rate),
            },
          ];
    },
  },
} satisfies Record<string, GradientMistake>;
