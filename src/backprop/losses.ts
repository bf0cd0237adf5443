// The mathematics of the losses: value and gradient side by side, each per sample, before the reduction.
// y is an output of the network, t its target. All gradients are with respect to y.
import { losses as declared, type LossName, type LossOptions, type Reduction, sharedLossDefaults } from '../../schemas/loss.ts';
import type { Tensors } from '../../schemas/numbers.ts';
import { resolve } from '../../schemas/variant.ts';
import { Dense } from '../linalg/dense.ts';
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
  /** What each sample counts for in the divisor of a mean. */
  readonly counts: Float64Array;
}

/** A loss with its options bound. */
export interface Loss {
  /** What a matrix of targets may hold; absent where class indices are wanted. */
  readonly values?: Domain;
  /** Absent where a matrix of targets is wanted. */
  readonly classes?: { readonly ignoreIndex: number };
  /** What the network's outputs may be; absent: anything. */
  readonly outputs?: Domain;
  unreduced(Y: Dense, targets: Targets): Unreduced;
}

export const anything: Domain = { expected: 'a number', holds: Number.isFinite };
const unitInterval: Domain = { expected: 'a value from 0 to 1', holds: (v) => v >= 0 && v <= 1 };
const sign: Domain = { expected: '-1 or 1', holds: (v) => v === 1 || v === -1 };
const count: Domain = { expected: 'a count, at least 0', holds: (v) => v >= 0 };
const logProbability: Domain = { expected: 'the logarithm of a probability, at most 0', holds: (v) => v <= 0 };

interface Elementwise {
  readonly targets: Domain;
  readonly outputs?: Domain;
  /** j is the unit of the output. */
  value(y: number, t: number, j: number): number;
  gradient(y: number, t: number, j: number): number;
}

function elementwise({ targets, outputs, value, gradient }: Elementwise): Loss {
  return {
    values: targets,
    ...(outputs && { outputs }),
    unreduced(Y, T) {
      const dY = new Dense(Y.rows, Y.columns);
      const losses = new Float64Array(Y.rows);
      const { data } = T as Dense;
      for (let i = 0, at = 0; i < Y.rows; i++) {
        for (let j = 0; j < Y.columns; j++, at++) {
          losses[i] += value(Y.data[at], data[at], j);
          dY.data[at] = gradient(Y.data[at], data[at], j);
        }
      }
      return { losses, dY, counts: new Float64Array(Y.rows).fill(Y.columns) };
    },
  };
}

interface Samplewise {
  readonly values?: Domain;
  readonly classes: { readonly ignoreIndex: number };
  /** Returns the loss of a sample, of class t or with the class probabilities t, and writes its gradient into dy. */
  evaluate(y: Float64Array, t: number | Float64Array, dy: Float64Array): number;
  /** What the class t counts for in the divisor of a mean. */
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

/** d²/2 near 0 and a straight line from |d| = end on, scaled to the given slope there. What smooth_l1 and huber have in common. */
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

/** log(cosh(d)): near 0 by log(1 + 2 sinh²(d/2)), which cancels nothing; elsewhere without cosh, which overflows. */
function logCosh(d: number): number {
  const z = Math.abs(d);
  return z < 1 ? Math.log1p(2 * Math.sinh(z / 2) ** 2) : z + softplus(-2 * z) - Math.LN2;
}

/** What each output weighs: 1 where nothing is given. */
function weigh(weights: Float64Array | undefined): (j: number) => number {
  return (j) => weights?.[j] ?? 1;
}

function crossEntropy({ weight, label_smoothing, ignore_index }: FlatOptions<'cross_entropy'>): Loss {
  const weightOf = weigh(weight);
  return samplewise({
    values: unitInterval,
    classes: { ignoreIndex: ignore_index },
    count: weightOf,
    evaluate(y, t, dy) {
      const a = new Float64Array(y.length);
      logSoftmax(y, a);
      const q = new Float64Array(y.length);
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
      // Bounded as PyTorch bounds them, by a float32 number even in float64, both loss and gradient stay finite at 0 and 1.
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
            // t log(t) is 0 at 0, its limit.
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

/** A loss as a request names it, its options' defaults filled in. */
export interface BoundLoss {
  readonly name: LossName;
  readonly reduction: Reduction;
  /** The options that hold a weight per output, by their pointers into the request. */
  readonly weights: readonly (readonly [pointer: string, weights: Float64Array])[];
  readonly loss: Loss;
}

/** The loss that a request names; its weights must be flat. */
export function bindLoss(given: string | { type: string }): BoundLoss {
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

/** Weighs the samples by s and divides by what the reduction says: both the loss and its gradient, here and nowhere else. */
export function reduce({ losses, dY, counts }: Unreduced, s: Float64Array, reduction: Reduction): Reduced {
  const total = (of: (i: number) => number) => losses.reduce((sum, _, i) => sum + of(i), 0);
  const divisor = { mean: () => total((i) => s[i] * counts[i]), sum: () => 1, batchmean: () => total((i) => s[i]) }[reduction]();
  const shares = losses.map((loss, i) => (s[i] * loss) / divisor);
  for (let i = 0; i < dY.rows; i++) {
    const dy = dY.row(i);
    for (let j = 0; j < dy.length; j++) dy[j] = (s[i] * dy[j]) / divisor;
  }
  return { loss: shares.reduce((sum, share) => sum + share, 0), divisor, shares, dY };
}
