// The losses: value and gradient of each, per sample, before the reduction.
// y is an output of the network, t its target. All gradients are with respect to y.
import { losses as declared, type LossName, type LossOptions, type Reduction, sharedLossDefaults } from '../../schemas/loss.ts';
import type { Tensors } from '../../schemas/numbers.ts';
import { resolve } from '../../schemas/variant.ts';
import { Dense } from '../linalg/dense.ts';
import { Sum } from '../linalg/sum.ts';
import type { Scratch } from '../memory/scratch.ts';
import { logSoftmax, sigmoid, softplus } from './activations.ts';

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
  /** How much each sample adds to the divisor of a mean. */
  readonly counts: Float64Array;
}

/** A loss with its options bound. */
export interface Loss {
  /** The domain of a matrix of targets; undefined if the loss takes class indices only. */
  readonly values?: Domain;
  /** Undefined if the loss takes a matrix of targets only. */
  readonly classes?: { readonly ignoreIndex: number };
  /** The domain of the network's outputs; undefined if there is no restriction. */
  readonly outputs?: Domain;
  unreduced(Y: Dense, targets: Targets, scratch: Scratch): Unreduced;
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
}

function elementwise({ targets, outputs, value, gradient }: Elementwise): Loss {
  return {
    values: targets,
    ...(outputs && { outputs }),
    unreduced(Y, T, scratch) {
      const dY = Dense.in(scratch, Y.rows, Y.columns);
      const losses = scratch.take(Y.rows);
      const { data } = T as Dense;
      for (let i = 0, at = 0; i < Y.rows; i++) {
        const loss = new Sum();
        for (let j = 0; j < Y.columns; j++, at++) {
          loss.add(value(Y.data[at], data[at], j));
          dY.data[at] = gradient(Y.data[at], data[at], j);
        }
        losses[i] = loss.value;
      }
      return { losses, dY, counts: scratch.filled(Y.rows, Y.columns) };
    },
  };
}

interface Samplewise {
  readonly values?: Domain;
  readonly classes: { readonly ignoreIndex: number };
  /** Returns the loss of one sample, and writes its gradient into dy; t is a class index or a vector of class probabilities. */
  evaluate(y: Float64Array, t: number | Float64Array, dy: Float64Array): number;
  /** How much a sample of class t adds to the divisor of a mean. */
  count(t: number): number;
}

function samplewise({ evaluate, count, ...takes }: Samplewise): Loss {
  return {
    ...takes,
    unreduced(Y, targets) {
      const dY = new Dense(Y.rows, Y.columns);
      const losses = new Float64Array(Y.rows);
      const counts = new Float64Array(Y.rows);
      for (let i = 0; i < Y.rows; i++) {
        if (targets instanceof Dense) counts[i] = 1;
        else if (targets[i] === takes.classes.ignoreIndex) continue;
        else counts[i] = count(targets[i]);
        losses[i] = evaluate(Y.row(i), targets instanceof Dense ? targets.row(i) : targets[i], dY.row(i));
      }
      return { losses, dY, counts };
    },
  };
}

/** smooth_l1 and huber: a parabola in d = y - t for |d| < end, continued by lines of the given slope. */
function parabolaThenLine(end: number, slope: number): Elementwise {
  return {
    targets: anything,
    value(y, t) {
      const d = Math.abs(y - t);
      return d < end ? 0.5 * slope * d * (d / end) : slope * (d - 0.5 * end);
    },
    gradient(y, t) {
      const d = y - t;
      return d <= -end ? -slope : d >= end ? slope : (slope * d) / end;
    },
  };
}

/** log(cosh(d)). Near 0 it is log(1 + 2 sinh²(d/2)), to avoid cancellation; elsewhere it avoids cosh, which overflows. */
function logCosh(d: number): number {
  const z = Math.abs(d);
  return z < 1 ? Math.log1p(2 * Math.sinh(z / 2) ** 2) : z + softplus(-2 * z) - Math.LN2;
}

/** The weight of each output; 1 by default. */
function weigh(weights: Float64Array | undefined): (j: number) => number {
  return (j) => weights?.[j] ?? 1;
}

function crossEntropy({ weight, label_smoothing, ignore_index }: FlatOptions<'cross_entropy'>): Loss {
  const weightOf = weigh(weight);
  // For one sample after the other.
  let a = new Float64Array(0);
  let q = a;
  return samplewise({
    values: unitInterval,
    classes: { ignoreIndex: ignore_index },
    count: weightOf,
    evaluate(y, t, dy) {
      if (a.length !== y.length) {
        a = new Float64Array(y.length);
        q = new Float64Array(y.length);
      }
      logSoftmax(y, a);
      let loss = 0;
      let sum = 0;
      for (let c = 0; c < y.length; c++) {
        const p = typeof t === 'number' ? Number(c === t) : t[c];
        q[c] = weightOf(c) * (p * (1 - label_smoothing) + label_smoothing / y.length);
        sum += q[c];
        if (q[c] !== 0) loss -= q[c] * a[c];
      }
      for (let c = 0; c < y.length; c++) dy[c] = Math.exp(a[c]) * sum - q[c];
      return loss;
    },
  });
}

function nll({ weight, ignore_index }: FlatOptions<'nll'>): Loss {
  const weightOf = weigh(weight);
  return samplewise({
    classes: { ignoreIndex: ignore_index },
    count: weightOf,
    evaluate(y, t, dy) {
      const k = t as number;
      dy[k] = -weightOf(k);
      return dy[k] * y[k];
    },
  });
}

function poissonNll({ log_input, full, eps }: FlatOptions<'poisson_nll'>): Loss {
  const stirling = (t: number) => (full && t > 1 ? t * Math.log(t) - t + 0.5 * Math.log(2 * Math.PI * t) : 0);
  if (log_input) {
    return elementwise({
      targets: count,
      value: (y, t) => Math.exp(y) - t * y + stirling(t),
      gradient: (y, t) => Math.exp(y) - t,
    });
  }
  return elementwise({
    targets: count,
    outputs: { expected: `a rate, above -eps (${-eps})`, holds: (y) => y + eps > 0 },
    value: (y, t) => y - t * Math.log(y + eps) + stirling(t),
    gradient: (y, t) => 1 - t / (y + eps),
  });
}

const mathematics = {
  mse: () => elementwise({ targets: anything, value: (y, t) => (y - t) ** 2, gradient: (y, t) => 2 * (y - t) }),
  l1: () => elementwise({ targets: anything, value: (y, t) => Math.abs(y - t), gradient: (y, t) => Math.sign(y - t) }),
  log_cosh: () => elementwise({ targets: anything, value: (y, t) => logCosh(y - t), gradient: (y, t) => Math.tanh(y - t) }),
  smooth_l1: ({ beta }) => elementwise(parabolaThenLine(beta, 1)),
  huber: ({ delta }) => elementwise(parabolaThenLine(delta, delta)),
  binary_cross_entropy: () =>
    elementwise({
      targets: unitInterval,
      outputs: unitInterval,
      // PyTorch's bounds, which keep loss and gradient finite at 0 and 1. Its 1e-12 is a float32 number, even in float64.
      value: (y, t) => (t - 1) * Math.max(Math.log1p(-y), -100) - t * Math.max(Math.log(y), -100),
      gradient: (y, t) => (y - t) / Math.max((1 - y) * y, Math.fround(1e-12)),
    }),
  binary_cross_entropy_with_logits: ({ pos_weight }) => {
    const weightOf = weigh(pos_weight);
    return elementwise({
      targets: unitInterval,
      value: (y, t, j) => weightOf(j) * t * softplus(-y) + (1 - t) * softplus(y),
      gradient: (y, t, j) => (1 - t) * sigmoid(y) - weightOf(j) * t * sigmoid(-y),
    });
  },
  cross_entropy: crossEntropy,
  nll,
  kl_div: ({ log_target }) =>
    elementwise(
      log_target
        ? {
            targets: logProbability,
            value: (y, t) => Math.exp(t) * (t - y),
            gradient: (_y, t) => -Math.exp(t),
          }
        : {
            targets: unitInterval,
            // At t = 0, t log(t) is its limit, 0.
            value: (y, t) => (t === 0 ? 0 : t * Math.log(t)) - t * y,
            gradient: (_y, t) => -t,
          },
    ),
  poisson_nll: poissonNll,
  soft_margin: () => elementwise({ targets: sign, value: (y, t) => softplus(-t * y), gradient: (y, t) => -t * sigmoid(-t * y) }),
  hinge: () =>
    elementwise({
      targets: sign,
      value: (y, t) => Math.max(0, 1 - t * y),
      gradient: (y, t) => (1 - t * y >= 0 ? -t : 0),
    }),
  squared_hinge: () =>
    elementwise({
      targets: sign,
      value: (y, t) => Math.max(0, 1 - t * y) ** 2,
      gradient: (y, t) => -2 * t * Math.max(0, 1 - t * y),
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

/** The loss of a batch after the reduction. */
export interface Reduced {
  readonly loss: number;
  readonly divisor: number;
  /** Each sample's share of the loss. */
  readonly shares: Float64Array;
  /** samples x outputs: ∂loss/∂Y. */
  readonly dY: Dense;
}

/** Multiplies losses and gradients by the sample weights s, and divides both by the divisor of the reduction. Overwrites dY. */
export function reduce({ losses, dY, counts }: Unreduced, s: Float64Array, reduction: Reduction, scratch: Scratch): Reduced {
  const divisor = divisorOf(reduction, s, counts);
  const shares = scratch.take(losses.length);
  const loss = new Sum();
  const { data, columns } = dY;
  for (let i = 0, at = 0; i < losses.length; i++) {
    shares[i] = (s[i] * losses[i]) / divisor;
    loss.add(shares[i]);
    for (let j = 0; j < columns; j++, at++) data[at] = (s[i] * data[at]) / divisor;
  }
  return { loss: loss.value, divisor, shares, dY };
}

function divisorOf(reduction: Reduction, s: Float64Array, counts: Float64Array): number {
  if (reduction === 'sum') return 1;
  const sum = new Sum();
  for (let i = 0; i < s.length; i++) sum.add(reduction === 'mean' ? s[i] * counts[i] : s[i]);
  return sum.value;
}
