// What a loss is: value, gradient and second derivative per sample, before the reduction; and the two kinds of losses.
// y is an output of the network, t its target. All derivatives are with respect to y.
import { Dense } from '../linalg/dense.ts';
import { exponentOf, powerOf2 } from '../linalg/powers.ts';
import { Sum } from '../linalg/sum.ts';
import type { Scratch } from '../memory/scratch.ts';

/** samples x outputs, or one class index per sample. */
export type Targets = Dense | Float64Array;

/** The values for which a loss is defined. */
export interface Domain {
  readonly expected: string;
  holds(value: number): boolean;
}

/** The loss of a batch before the reduction. */
export interface Unreduced {
  /** Each sample's loss, summed over its outputs. */
  readonly losses: Float64Array;
  /** samples x outputs: the gradient of each sample's loss. */
  readonly dY: Dense;
  /**
   * Losses and gradients of sample i have been divided by 2^exponents[i], as they may be beyond the largest float64 before they
   * are divided by the divisor. Undefined if all are 0.
   */
  readonly exponents?: Int16Array;
}

/** A loss with its options bound. */
export interface Loss {
  /** The domain of a matrix of targets; undefined if the loss takes class indices only. */
  readonly values?: Domain;
  /** Undefined if the loss takes a matrix of targets only. */
  readonly classes?: { readonly ignoreIndex: number };
  /** The domain of the network's outputs; undefined if there is no restriction. */
  readonly outputs?: Domain;
  /** What a sample with this target (of a number of `outputs`) adds to the divisor of a mean. */
  countOf(t: number | undefined, outputs: number): number;
  unreduced(Y: Dense, targets: Targets, scratch: Scratch): Unreduced;
  /**
   * The derivative of dY along RY, a direction of Y: each sample's second derivative times its RY, divided by 2^exponents[i] as dY is.
   */
  curvature(Y: Dense, targets: Targets, RY: Dense, exponents: Int16Array | undefined, scratch: Scratch): Dense;
}

export const anything: Domain = { expected: 'a number', holds: Number.isFinite };

/** A loss that is a sum over the outputs. */
interface Elementwise {
  readonly targets: Domain;
  readonly outputs?: Domain;
  /** j is the index of the output. */
  value(y: number, t: number, j: number): number;
  gradient(y: number, t: number, j: number): number;
  /** At a kink of the gradient it is that of the piece from which the gradient is taken. */
  second(y: number, t: number, j: number): number;
}

/** The second derivative of losses that consist of straight lines. */
export const straight = () => 0;

export function elementwise({ targets, outputs, value, gradient, second }: Elementwise): Loss {
  return {
    values: targets,
    ...(outputs && { outputs }),
    countOf: (_t, outputs) => outputs,
    unreduced(Y, T, scratch) {
      const dY = Dense.in(scratch, Y.rows, Y.columns);
      const losses = scratch.take(Y.rows);
      const { data } = T as Dense;
      let exponents: Int16Array | undefined;
      for (let i = 0, at = 0; i < Y.rows; i++) {
        const loss = new Sum();
        for (let j = 0; j < Y.columns; j++, at++) {
          loss.add(value(Y.data[at], data[at], j));
          dY.data[at] = gradient(Y.data[at], data[at], j);
        }
        losses[i] = loss.value;
        if (!Number.isFinite(losses[i])) {
          exponents ??= new Int16Array(Y.rows);
          exponents[i] = OVERFLOW_EXPONENT;
          losses[i] = downscaledLoss(Y.row(i), (T as Dense).row(i), dY.row(i));
        }
      }
      return { losses, dY, ...(exponents && { exponents }) };
    },
    curvature(Y, T, RY, exponents, scratch) {
      const RdY = Dense.in(scratch, Y.rows, Y.columns);
      const { data } = T as Dense;
      for (let i = 0, at = 0; i < Y.rows; i++) {
        const scale = exponents ? powerOf2(-exponents[i]) : 1;
        for (let j = 0; j < Y.columns; j++, at++) RdY.data[at] = second(Y.data[at], data[at], j) * scale * RY.data[at];
      }
      return RdY;
    },
  };

  /** The loss of one sample, and its gradient dy, divided by 2^OVERFLOW_EXPONENT. */
  function downscaledLoss(y: Float64Array, t: Float64Array, dy: Float64Array): number {
    const loss = new Sum();
    for (let j = 0; j < y.length; j++) {
      loss.add(value(y[j], t[j], j) * 2 ** -OVERFLOW_EXPONENT);
      dy[j] *= 2 ** -OVERFLOW_EXPONENT;
    }
    return loss.value;
  }
}

/** More than the logarithm of the most outputs that a network may have. */
const OVERFLOW_EXPONENT = 64;

/** A loss of a sample's outputs together. */
interface Samplewise {
  readonly values?: Domain;
  readonly classes: { readonly ignoreIndex: number };
  /** The weight of each class; 1 by default. It is what a sample of that class adds to the divisor of a mean. */
  readonly weights: Float64Array | undefined;
  /** Whether the loss of a sample of one class depends on the weights of others. */
  readonly mixesClasses: boolean;
  /**
   * Returns a function of sample i, which returns its loss, and writes its gradient into its row of dY, which is 0 before; t is a class
   * index or a vector of class probabilities. Both results are divided by 2^exponent. What is the same for all samples is done at once.
   */
  evaluate(Y: Dense, dY: Dense, scratch: Scratch): (i: number, t: number | Float64Array, exponent: number) => number;
  /** Writes the second derivative times ry, divided by 2^exponent, into rdy, which is 0 before. */
  curvature(y: Float64Array, t: number | Float64Array, ry: Float64Array, rdy: Float64Array, exponent: number): void;
}

export function samplewise({ weights, mixesClasses, evaluate, curvature, ...takes }: Samplewise): Loss {
  const exponentOfAll = weights ? exponentOf(weights.reduce((a, b) => Math.max(a, b))) : 0;
  const countOf = (t: number | undefined) =>
    t === undefined ? 1 : t === takes.classes.ignoreIndex ? 0 : weights ? weights[t] : 1;
  return {
    ...takes,
    countOf,
    unreduced(Y, targets, scratch) {
      const dY = new Dense(Y.rows, Y.columns, scratch.filled(Y.data.length, 0));
      const losses = scratch.filled(Y.rows, 0);
      const exponents = weights && new Int16Array(Y.rows);
      const evaluateOne = evaluate(Y, dY, scratch);
      for (let i = 0; i < Y.rows; i++) {
        const t = targets instanceof Dense ? targets.row(i) : targets[i];
        if (t === takes.classes.ignoreIndex) {
          dY.row(i).fill(0);
          continue;
        }
        if (exponents) exponents[i] = typeof t === 'number' && !mixesClasses ? exponentOf(countOf(t)) : exponentOfAll;
        losses[i] = evaluateOne(i, t, exponents?.[i] ?? 0);
      }
      return { losses, dY, ...(exponents && { exponents }) };
    },
    curvature(Y, targets, RY, exponents, scratch) {
      const RdY = new Dense(Y.rows, Y.columns, scratch.filled(Y.data.length, 0));
      for (let i = 0; i < Y.rows; i++) {
        const t = targets instanceof Dense ? targets.row(i) : targets[i];
        if (t !== takes.classes.ignoreIndex) curvature(Y.row(i), t, RY.row(i), RdY.row(i), exponents?.[i] ?? 0);
      }
      return RdY;
    },
  };
}
