// Mistakes in the derivative of an activation: that of another one, at other pre-activations, or over other units.
import type { ActivationName } from '../../../schemas/activation.ts';
import type { Change, SlopeValue } from './change.ts';
import { mapped } from './loss-values.ts';
import { activationAt, byOutput, type SlopeMistake, slopes, slopesAt } from './slopes.ts';

/** Activations whose derivatives are taken for each other's. */
const COMMON: readonly ActivationName[] = [
  'sigmoid',
  'tanh',
  'relu',
  'leaky_relu',
  'softplus',
  'gelu',
  'silu',
  'elu',
  'exp',
  'softsign',
];

export const otherSlopeMistakes = {
  'derivative-of-neighbouring-layer': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const others = [line.k - 1, line.k + 1].filter((j) => j >= 0 && j < line.setting.layers.length);
      return others.flatMap((j) => {
        const other = activationAt(line, j).name;
        const isSingle = other !== 'softmax' && other !== 'log_softmax' && other !== 'identity';
        if (other === name || !isSingle) return [];
        const given = line.setting.layers[j].activation as { type: string };
        return [
          {
            key: `${j - line.k}`,
            detail: `the derivative is ${other}', of layer ${j}; layer ${line.k} has ${name}`,
            compute: () => slopes(slopesAt(line, given, line.steps[line.k].Z)),
          },
        ];
      });
    },
  },
  'slopes-of-another-layer': {
    changes(line) {
      const { setting, steps, k } = line;
      const { name } = activationAt(line, k);
      const own = setting.layers[k].activation as { type: string };
      return steps.flatMap(({ Z }, j): Change<SlopeValue>[] =>
        j === k || name === 'identity' || Z.columns !== steps[k].Z.columns
          ? []
          : [
              {
                key: `${j - k}`,
                detail: `${name}' was taken at the pre-activations of layer ${j}; it belongs at those of layer ${k}`,
                compute: () => slopes(slopesAt(line, own, Z)),
              },
            ],
      );
    },
  },
  'derivative-of-another-activation': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const { Z, A } = line.steps[line.k];
      const byFormula = (['tanh', 'sigmoid'] as const).filter(
        (other) => other !== name && name !== 'identity' && name !== 'softmax',
      );
      return [
        ...COMMON.filter((other) => other !== name).map((other) => ({
          key: other,
          detail: `the derivative is ${other}'; the layer has ${name}`,
          compute: () => slopes(slopesAt(line, other, Z)),
        })),
        ...byFormula.map((other) => ({
          key: `${other} by a`,
          detail: `${name}' was computed as ${byOutput[other]?.text}, which is the formula for ${other}`,
          compute: () => slopes(mapped(A, (a) => (byOutput[other] as { slope(a: number, o: object): number }).slope(a, {}))),
        })),
      ];
    },
  },
  'softmax-diagonal-only': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const { A } = line.steps[line.k];
      return name === 'softmax'
        ? [
            {
              detail:
                'only the diagonal a (1 - a) of the softmax Jacobian was used; a_i also depends on the other z_j, by -a_i a_j',
              compute: () => ({ dZ: mapped(A, (a, at) => line.dA.data[at] * a * (1 - a)) }),
            },
          ]
        : [];
    },
  },
  'softmax-derivative-over-samples': {
    changes(line) {
      const { name } = activationAt(line, line.k);
      const { A } = line.steps[line.k];
      const { dA } = line;
      return name === 'softmax' && A.rows > 1
        ? [
            {
              detail: 'the sum in the derivative of softmax was taken over the samples; it is over the units of a sample',
              compute() {
                const sums = new Float64Array(A.columns);
                for (let at = 0; at < A.data.length; at++) sums[at % A.columns] += A.data[at] * dA.data[at];
                return { dZ: mapped(A, (a, at) => a * (dA.data[at] - sums[at % A.columns])) };
              },
            },
          ]
        : [];
    },
  },
} satisfies Record<string, SlopeMistake>;
