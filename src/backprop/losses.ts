// The losses: value, gradient and second derivative of each, per sample, before the reduction.
// y is an output of the network, t its target. All derivatives are with respect to y.
import { losses as declared, type LossName, type LossOptions, type Reduction, sharedLossDefaults } from '../../schemas/loss.ts';
import type { Tensors } from '../../schemas/numbers.ts';
import { resolve } from '../../schemas/variant.ts';
import { Dense } from '../linalg/dense.ts';
import { DoubleDouble } from '../linalg/double-double.ts';
import {
  expOf as exp,
  exp as exps,
  sigmoidOf as sigmoid,
  softplusOf as softplus,
  tanhOf as tanh,
} from '../linalg/elementwise.ts';
import { exponentOf, mantissa, powerOf2, timesPowerOf2 } from '../linalg/powers.ts';
import { Sum } from '../linalg/sum.ts';
import type { Scratch } from '../memory/scratch.ts';
import { Refusal } from '../refusal.ts';
import { square } from './activations.ts';
import { bothSigmoidsOf, squaredSechOf } from './second-derivatives.ts';
import { indexOfLargest, logSoftmax, logSoftmaxActivation, timesLogitCurvature } from './softmax.ts';

/** samples x outputs, or one class index per sample. */
export type Targets = Dense | Float64Array;

type FlatOptions<Name extends LossName> = Tensors<LossOptions<Name>>;

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
const unitInterval: Domain = { expected: 'a value from 0 to 1', holds: (v) => v >= 0 && v <= 1 };
const sign: Domain = { expected: '-1 or 1', holds: (v) => v === 1 || v === -1 };
const count: Domain = { expected: 'a count, at least 0', holds: (v) => v >= 0 };
const logProbability: Domain = { expected: 'the logarithm of a probability, at most 0', holds: (v) => v <= 0 };

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
const straight = () => 0;

function elementwise({ targets, outputs, value, gradient, second }: Elementwise): Loss {
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

function samplewise({ weights, mixesClasses, evaluate, curvature, ...takes }: Samplewise): Loss {
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

function smoothL1({ beta }: FlatOptions<'smooth_l1'>): Loss {
  return elementwise({
    targets: anything,
    value(y, t) {
      const d = Math.abs(y - t);
      return d < beta ? 0.5 * d * (d / beta) : d - 0.5 * beta;
    },
    gradient(y, t) {
      const d = y - t;
      return Math.abs(d) < beta ? d / beta : Math.sign(d);
    },
    second: (y, t) => (Math.abs(y - t) < beta ? 1 / beta : 0),
  });
}

function huber({ delta }: FlatOptions<'huber'>): Loss {
  return elementwise({
    targets: anything,
    value(y, t) {
      const d = Math.abs(y - t);
      return d < delta ? 0.5 * d * d : delta * (d - 0.5 * delta);
    },
    gradient: (y, t) => Math.max(-delta, Math.min(y - t, delta)),
    second: (y, t) => (Math.abs(y - t) < delta ? 1 : 0),
  });
}

/** log(cosh(d)). Near 0 it is log(1 + 2 sinh²(d/2)), to avoid cancellation; elsewhere it avoids cosh, which overflows. */
function logCosh(d: number): number {
  const z = Math.abs(d);
  return z < 1 ? Math.log1p(2 * square(Math.sinh(z / 2))) : z + softplus(-2 * z) - Math.LN2;
}

function crossEntropy({ weight, label_smoothing, ignore_index }: FlatOptions<'cross_entropy'>): Loss {
  /** q_c / 2^exponent. */
  const shareOf = (t: number | Float64Array, c: number, classes: number, exponent: number) => {
    const p = typeof t === 'number' ? Number(c === t) : t[c];
    const share = p * (1 - label_smoothing) + label_smoothing / classes;
    return share === 0 ? 0 : share * (weight ? timesPowerOf2(weight[c], -exponent) : 1);
  };
  return samplewise({
    values: unitInterval,
    classes: { ignoreIndex: ignore_index },
    weights: weight,
    mixesClasses: label_smoothing > 0,
    evaluate(Y, { data: dy }, scratch) {
      const { columns, data: y } = Y;
      const A = Dense.in(scratch, Y.rows, columns);
      logSoftmaxActivation.value(Y, A);
      const a = A.data;
      exps(a, dy);
      const q = scratch.take(columns);
      return (i, t, exponent) => {
        const first = i * columns;
        const most = indexOfLargest(y, first, first + columns);
        const loss = new Sum();
        // Of the classes but the most probable one.
        const others = new Sum();
        for (let c = 0, at = first; c < columns; c++, at++) {
          q[c] = shareOf(t, c, columns, exponent);
          if (q[c] === 0) continue;
          loss.add(-q[c] * a[at]);
          if (at !== most) others.add(q[c]);
        }
        const sum = q[most - first] + others.value;
        for (let c = 0, at = first; c < columns; c++, at++) dy[at] = dy[at] * sum - q[c];
        // The same for the most probable class, where both terms may be almost equal.
        dy[most] = Math.expm1(a[most]) * sum + others.value;
        return loss.value;
      };
    },
    // (Σ q) (diag p - p pᵀ) ry
    curvature(y, t, ry, rdy, exponent) {
      const sum = new Sum();
      for (let c = 0; c < y.length; c++) sum.add(shareOf(t, c, y.length, exponent));
      logSoftmax(y, rdy);
      exps(rdy, rdy);
      timesLogitCurvature(ry, sum.value, rdy);
    },
  });
}

function nll({ weight, ignore_index }: FlatOptions<'nll'>): Loss {
  return samplewise({
    classes: { ignoreIndex: ignore_index },
    weights: weight,
    mixesClasses: false,
    evaluate:
      ({ columns, data: y }, { data: dy }) =>
      (i, t, exponent) => {
        const at = i * columns + (t as number);
        dy[at] = weight ? -timesPowerOf2(weight[t as number], -exponent) : -1;
        return dy[at] * y[at];
      },
    curvature() {},
  });
}

function poissonNll({ log_input, full, eps }: FlatOptions<'poisson_nll'>): Loss {
  const stirling = (t: number) => (full && t > 1 ? t * Math.log(t) - t + 0.5 * Math.log(2 * Math.PI * t) : 0);
  if (log_input) {
    const rate = new DoubleDouble();
    return elementwise({
      targets: count,
      value: (y, t) => exp(y) - t * y + stirling(t),
      gradient: (y, t) => (Math.abs(y) < 600 ? rate.exp(y).plus(-t).value : exp(y) - t),
      second: (y) => exp(y),
    });
  }
  return elementwise({
    targets: count,
    outputs: { expected: `a rate, above -eps (${-eps})`, holds: (y) => y + eps > 0 },
    value: (y, t) => y - t * Math.log(y + eps) + stirling(t),
    gradient: (y, t) => (y - t + eps) / (y + eps),
    second: (y, t) => t / (y + eps) / (y + eps),
  });
}

const mathematics = {
  mse: () => elementwise({ targets: anything, value: (y, t) => square(y - t), gradient: (y, t) => 2 * (y - t), second: () => 2 }),
  l1: () =>
    elementwise({ targets: anything, value: (y, t) => Math.abs(y - t), gradient: (y, t) => Math.sign(y - t), second: straight }),
  log_cosh: () =>
    elementwise({
      targets: anything,
      value: (y, t) => logCosh(y - t),
      gradient: (y, t) => tanh(y - t),
      second: (y, t) => squaredSechOf(y - t),
    }),
  smooth_l1: smoothL1,
  huber,
  binary_cross_entropy: () =>
    elementwise({
      targets: unitInterval,
      outputs: unitInterval,
      // PyTorch's bounds, which keep loss and gradient finite at 0 and 1. Its 1e-12 is a float32 number, even in float64.
      value: (y, t) => (t - 1) * Math.max(Math.log1p(-y), -100) - t * Math.max(Math.log(y), -100),
      gradient: (y, t) => (y - t) / Math.max((1 - y) * y, Math.fround(1e-12)),
      second: (y, t) => ((1 - y) * y > Math.fround(1e-12) ? t / square(y) + (1 - t) / square(1 - y) : 1 / Math.fround(1e-12)),
    }),
  binary_cross_entropy_with_logits: ({ pos_weight }) => {
    const weightOf = (j: number) => pos_weight?.[j] ?? 1;
    return elementwise({
      targets: unitInterval,
      // weight t log(1 + exp(-y)) + (1 - t) log(1 + exp(y)), by one logarithm.
      value(y, t, j) {
        const positive = weightOf(j) * t;
        const linear = y < 0 ? -positive * y : (1 - t) * y;
        return linear + (1 - t + positive) * softplus(-Math.abs(y));
      },
      // (1 - t) sigmoid(y) - weight t sigmoid(-y), by the smaller one of both sigmoids, the other one being 1 minus it.
      gradient(y, t, j) {
        const positive = weightOf(j) * t;
        const sum = 1 - t + positive;
        return y < 0 ? sigmoid(y) * sum - positive : 1 - t - sigmoid(-y) * sum;
      },
      second: (y, t, j) => (1 - t + weightOf(j) * t) * bothSigmoidsOf(y),
    });
  },
  cross_entropy: crossEntropy,
  nll,
  kl_div: ({ log_target }) =>
    elementwise(
      log_target
        ? {
            targets: logProbability,
            value: (y, t) => exp(t) * (t - y),
            gradient: (_y, t) => -exp(t),
            second: straight,
          }
        : {
            targets: unitInterval,
            // At t = 0, t log(t) is its limit, 0.
            value: (y, t) => (t === 0 ? 0 : t * Math.log(t)) - t * y,
            gradient: (_y, t) => -t,
            second: straight,
          },
    ),
  poisson_nll: poissonNll,
  soft_margin: () =>
    elementwise({
      targets: sign,
      value: (y, t) => softplus(-t * y),
      gradient: (y, t) => -t * sigmoid(-t * y),
      second: (y) => bothSigmoidsOf(y),
    }),
  hinge: () =>
    elementwise({
      targets: sign,
      value: (y, t) => Math.max(0, 1 - t * y),
      gradient: (y, t) => (1 - t * y >= 0 ? -t : 0),
      second: straight,
    }),
  squared_hinge: () =>
    elementwise({
      targets: sign,
      value: (y, t) => square(Math.max(0, 1 - t * y)),
      gradient: (y, t) => -2 * t * Math.max(0, 1 - t * y),
      // At 1 = t y it is that of the parabola, as in PyTorch.
      second: (y, t) => (1 - t * y >= 0 ? 2 : 0),
    }),
} satisfies { [Name in LossName]: (options: FlatOptions<Name>) => Loss };

/** The loss of a request, with its options bound. */
export interface BoundLoss {
  readonly name: LossName;
  readonly reduction: Reduction;
  /** The options that are vectors of weights, one per output, with their JSON pointers into the request. */
  readonly weights: readonly (readonly [pointer: string, weights: Float64Array])[];
  readonly loss: Loss;
}

/** The losses with default options, bound once: most requests use these. */
const byDefault = Object.fromEntries(Object.keys(declared).map((name) => [name, bind(name)]));

/** The loss of a request; missing options have their defaults. Vectors of weights must be Float64Arrays. */
export function bindLoss(given: string | { type: string }): BoundLoss {
  return typeof given === 'string' ? byDefault[given] : bind(given);
}

function bind(given: string | { type: string }): BoundLoss {
  const { name, options } = resolve(declared, given);
  const { reduction } = { ...sharedLossDefaults, ...options };
  const weights = Object.entries(options).flatMap(([key, value]) =>
    value instanceof Float64Array ? [[`/loss/${key}`, value] as const] : [],
  );
  return { name, reduction, weights, loss: (mathematics[name] as (options: object) => Loss)(options) };
}

/** The loss of some samples of a batch after the reduction. */
export interface Reduced {
  /** The sum of their shares. */
  readonly loss: number;
  /** Each sample's share of the loss. */
  readonly shares: Float64Array;
  /** samples x outputs: ∂loss/∂Y. */
  readonly dY: Dense;
  /** Those of the losses before the reduction. */
  readonly exponents: Int16Array | undefined;
}

/**
 * Multiplies losses and gradients by the sample weights s, and divides both by the divisor of the reduction. Overwrites dY.
 * Weights are split into a factor near 1 and a power of 2, like the divisor, so that no product leaves the range of float64 before it is
 * divided. A sample of weight 0 counts for nothing, even if its loss is infinite.
 */
export function reduce({ losses, dY, exponents }: Unreduced, s: Float64Array, divisor: Divisor, scratch: Scratch): Reduced {
  const shares = scratch.take(losses.length);
  const loss = new Sum();
  for (let i = 0; i < losses.length; i++) {
    const { factor, exponent } = scaleOf(s[i], exponents?.[i], divisor);
    shares[i] = factor === 0 ? 0 : timesPowerOf2((factor * losses[i]) / divisor.factor, exponent);
    loss.add(shares[i]);
  }
  reduceRows(dY, exponents, s, divisor);
  return { loss: loss.value, shares, dY, exponents };
}

/** Multiplies the rows of dY, or of its derivative along a direction, by the sample weights s and so on, as `reduce` does. */
export function reduceRows(rows: Dense, exponents: Int16Array | undefined, s: Float64Array, divisor: Divisor): void {
  const { data, columns } = rows;
  for (let i = 0, at = 0; i < s.length; i++) {
    const { factor, exponent } = scaleOf(s[i], exponents?.[i], divisor);
    const half = powerOf2(Math.trunc(exponent / 2));
    const rest = powerOf2(exponent - Math.trunc(exponent / 2));
    for (let j = 0; j < columns; j++, at++) data[at] = factor === 0 ? 0 : ((factor * data[at]) / divisor.factor) * half * rest;
  }
}

/** What a sample of weight `s` is multiplied by, before it is divided by the factor of the divisor: factor · 2^exponent. */
function scaleOf(s: number, own = 0, divisor: Divisor): Divisor {
  const exponent = exponentOf(s);
  return { factor: timesPowerOf2(s, -exponent), exponent: exponent + own - divisor.exponent };
}

/** A divisor between 1 / SAFE and SAFE need not be split: nothing that matters for it has left the range. */
const SAFE = 2 ** 500;

/** What a loss is divided by: factor · 2^exponent. */
export interface Divisor {
  readonly factor: number;
  readonly exponent: number;
}

/**
 * How far the sum of a divisor has come: numbers, so that another thread can go on. If the plain sum is too large or too small, all samples
 * are added in two more passes: for the largest exponent of a term, and for the sum of the terms relative to it.
 */
export interface DivisorState {
  readonly pass: 'sum' | 'exponents' | 'scaled';
  readonly sum: number;
  /** The rounding errors of the sum. */
  readonly lost: number;
  /** The largest exponent of a term. */
  readonly exponent: number;
}

export const NO_TERMS: DivisorState = { pass: 'sum', sum: 0, lost: 0, exponent: Number.NEGATIVE_INFINITY };

/**
 * Adds n samples to a divisor: their classes, if the targets are classes, and their weights s. Samples may come in several ranges, in
 * their order: the result has the same bits.
 */
export function addToDivisor(
  { pass, sum: before, lost, exponent: largest }: DivisorState,
  { loss, reduction }: BoundLoss,
  n: number,
  outputs: number,
  classes: Float64Array | undefined,
  s: Float64Array | undefined,
): DivisorState {
  const sum = new Sum(before, lost);
  let exponent = largest;
  for (let i = 0; i < n; i++) {
    const weight = s ? s[i] : 1;
    const count = reduction === 'mean' ? loss.countOf(classes?.[i], outputs) : 1;
    if (pass === 'sum') sum.add(weight * count);
    else if (weight !== 0 && count !== 0) {
      const own = exponentOf(weight) + exponentOf(count);
      if (pass === 'exponents') exponent = Math.max(exponent, own);
      else sum.add(timesPowerOf2(mantissa(weight) * mantissa(count), own - exponent));
    }
  }
  return { pass, ...sum.state, exponent };
}

/**
 * The divisor, when all samples have been added; or the state with which all of them are added once more.
 * @throws Refusal `out-of-domain`, if it is 0.
 */
export function finishDivisor({ pass, sum, lost, exponent }: DivisorState): Divisor | DivisorState {
  const factor = new Sum(sum, lost).value;
  if (pass === 'scaled') return { factor, exponent };
  if (pass === 'exponents') {
    if (exponent === Number.NEGATIVE_INFINITY) throw countsForNothing();
    return { ...NO_TERMS, pass: 'scaled', exponent };
  }
  return factor > 1 / SAFE && factor < SAFE ? { factor, exponent: 0 } : { ...NO_TERMS, pass: 'exponents' };
}

/** The divisor, if it does not depend on the data. */
export function fixedDivisor({ reduction }: BoundLoss): Divisor | undefined {
  return reduction === 'sum' ? { factor: 1, exponent: 0 } : undefined;
}

/**
 * The divisor of the reduction, for all samples of a batch: their classes, if the targets are classes, and their weights s.
 * @throws Refusal `out-of-domain`, if it is 0.
 */
export function divisorOf(
  bound: BoundLoss,
  samples: number,
  outputs: number,
  classes: Float64Array | undefined,
  s: Float64Array | undefined,
): Divisor {
  const fixed = fixedDivisor(bound);
  if (fixed) return fixed;
  let state: DivisorState = NO_TERMS;
  for (;;) {
    const divisor = finishDivisor(addToDivisor(state, bound, samples, outputs, classes, s));
    if ('factor' in divisor) return divisor;
    state = divisor;
  }
}

/** The divisor as a number. */
export function divisorAsNumber({ factor, exponent }: Divisor): number {
  return timesPowerOf2(factor, exponent);
}

function countsForNothing(): Refusal {
  const detail = 'every sample has the weight 0 or an ignored target';
  return new Refusal('out-of-domain', {
    detail: `${detail}, so the divisor is 0: leave this part of the data out`,
    errors: [{ pointer: '/batch/targets', detail }],
  });
}
