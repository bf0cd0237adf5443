// Values of the loss and of its gradient from which mistakes are made.
import { losses, sharedLossDefaults } from '../../../schemas/loss.ts';
import { resolve } from '../../../schemas/variant.ts';
import { Dense } from '../../linalg/dense.ts';
import { sigmoidOf } from '../../linalg/elementwise.ts';
import { buildActivation } from '../activations.ts';
import type { Targets } from '../loss.ts';
import { bindLoss } from '../losses.ts';
import { divisorAsNumber, divisorOf, reduce } from '../reduction.ts';
import type { LossLine, LossValue, Setting } from './change.ts';

interface Instead {
  readonly given?: object | string;
  readonly targets?: Targets;
  readonly s?: Float64Array;
  readonly divisor?: number;
}

/** The loss and its gradient, with something else in place of the request's loss, targets, sample weights or divisor. */
export function lossWith({ setting, Y }: LossLine, instead: Instead): LossValue {
  const { targets, s, divisor } = { ...setting, ...instead };
  const { scratch } = setting.engine;
  const bound = instead.given ? bindLoss(instead.given as { type: string }) : setting.bound;
  const { loss, dY } = reduce(bound.loss.unreduced(Y, targets, scratch), s, { factor: divisor, exponent: 0 }, scratch);
  return { loss, dY };
}

/** The divisor of a loss; NaN if it would be 0. */
export function divisorWith({ setting, Y }: LossLine, { given, targets = setting.targets, s = setting.s }: Instead): number {
  const bound = given ? bindLoss(given as { type: string }) : setting.bound;
  const classes = targets instanceof Float64Array ? targets : undefined;
  try {
    return divisorAsNumber(divisorOf(bound, Y.rows, Y.columns, classes, s));
  } catch {
    return Number.NaN;
  }
}

/** The options of the loss, with their defaults. */
export function optionsOf({ given }: Setting): Readonly<Record<string, unknown>> & { readonly reduction: string } {
  return { ...sharedLossDefaults, ...resolve(losses, given as { type: string }).options };
}

/** The loss of the request with other options. */
export function withOptions(setting: Setting, options: Readonly<Record<string, unknown>>): object {
  return { type: setting.bound.name, ...optionsOf(setting), ...options };
}

/** Whether the loss takes logits: its gradient is then p M - q, with probabilities p of the logits. */
export function takesLogits({ bound }: Setting): boolean {
  return bound.name === 'cross_entropy' || bound.name === 'binary_cross_entropy_with_logits';
}

/** The softmax of each row for cross_entropy, the sigmoid of each number for binary_cross_entropy_with_logits. */
export function probabilitiesOf({ bound }: Setting, Y: Dense): Dense {
  const P = new Dense(Y.rows, Y.columns);
  if (bound.name === 'cross_entropy') buildActivation('softmax')?.value(Y, P);
  else for (let i = 0; i < P.data.length; i++) P.data[i] = sigmoidOf(Y.data[i]);
  return P;
}

/** M and q of the gradient p M - q, with the sample weights, divided by the divisor. */
export function termsOf({ setting, Y }: LossLine): { readonly M: Dense; readonly q: Dense } {
  const { targets, s, divisor, bound } = setting;
  const { weight, label_smoothing = 0, ignore_index, pos_weight } = optionsOf(setting) as TermOptions;
  const M = new Dense(Y.rows, Y.columns);
  const q = new Dense(Y.rows, Y.columns);
  for (let i = 0; i < Y.rows; i++) {
    if (targets instanceof Float64Array && targets[i] === ignore_index) continue;
    let sum = 0;
    for (let j = 0; j < Y.columns; j++) {
      const t = targets instanceof Float64Array ? Number(targets[i] === j) : targets.get(i, j);
      const at = i * Y.columns + j;
      if (bound.name === 'cross_entropy')
        q.data[at] = (t * (1 - label_smoothing) + label_smoothing / Y.columns) * (weight?.[j] ?? 1);
      else {
        q.data[at] = (pos_weight?.[j] ?? 1) * t;
        M.data[at] = 1 - t + q.data[at];
      }
      sum += q.data[at];
    }
    for (let at = i * Y.columns; at < (i + 1) * Y.columns; at++) {
      M.data[at] = ((bound.name === 'cross_entropy' ? sum : M.data[at]) * s[i]) / divisor;
      q.data[at] *= s[i] / divisor;
    }
  }
  return { M, q };
}

interface TermOptions {
  readonly weight?: Float64Array;
  readonly label_smoothing?: number;
  readonly ignore_index?: number;
  readonly pos_weight?: Float64Array;
}

/** A matrix of the same size, number by number. */
export function mapped(matrix: Dense, value: (x: number, at: number) => number): Dense {
  const result = new Dense(matrix.rows, matrix.columns);
  for (let at = 0; at < result.data.length; at++) result.data[at] = value(matrix.data[at], at);
  return result;
}

/** A matrix that has only row i of another. */
export function onlyRow(matrix: Dense, i: number): Dense {
  const result = new Dense(matrix.rows, matrix.columns);
  result.row(i).set(matrix.row(i));
  return result;
}
