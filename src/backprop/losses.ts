// The losses: value, gradient and second derivative of each.
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
import { timesPowerOf2 } from '../linalg/powers.ts';
import { Sum } from '../linalg/sum.ts';
import { square } from './activations.ts';
import { anything, type Domain, elementwise, type Loss, samplewise, straight } from './loss.ts';
import { bothSigmoidsOf, squaredSechOf } from './second-derivatives.ts';
import { indexOfLargest, logSoftmax, logSoftmaxActivation, timesLogitCurvature } from './softmax.ts';

type FlatOptions<Name extends LossName> = Tensors<LossOptions<Name>>;

const unitInterval: Domain = { expected: 'a value from 0 to 1', holds: (v) => v >= 0 && v <= 1 };
const sign: Domain = { expected: '-1 or 1', holds: (v) => v === 1 || v === -1 };
const count: Domain = { expected: 'a count, at least 0', holds: (v) => v >= 0 };
const logProbability: Domain = { expected: 'the logarithm of a probability, at most 0', holds: (v) => v <= 0 };

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
