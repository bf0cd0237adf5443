// The losses: names, options with bounds and defaults, formulas. Computed in src/backprop/losses.ts.
// In the formulas y is an output of the network and t its target.
import { type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';
import { Vector } from './numbers.ts';
import { declare, defaultsOf, named, type OptionsOf } from './variant.ts';

const weight = Type.Optional(Vector('outputs: one weight per class, at least 0; left out: every class weighs 1'));
const ignoreIndex = Type.Integer({ default: -100, description: 'samples of this class index count for nothing' });

export const losses = {
  mse: declare('(y - t)^2'),
  l1: declare('|y - t|'),
  log_cosh: declare('log(cosh(y - t))'),
  smooth_l1: declare('(y - t)^2 / (2 * beta) if |y - t| < beta, else |y - t| - beta / 2', {
    beta: Type.Number({ minimum: 0, default: 1, description: 'where the parabola ends, in units of the outputs' }),
  }),
  huber: declare('(y - t)^2 / 2 if |y - t| < delta, else delta * (|y - t| - delta / 2)', {
    delta: Type.Number({ exclusiveMinimum: 0, default: 1, description: 'where the parabola ends, in units of the outputs' }),
  }),
  binary_cross_entropy: declare('-t * log(y) - (1 - t) * log(1 - y), both logarithms at least -100; y and t in 0..1'),
  binary_cross_entropy_with_logits: declare(
    '-p * t * log(s) - (1 - t) * log(1 - s) with s = sigmoid(y), p = pos_weight; t in 0..1',
    {
      pos_weight: Type.Optional(Vector('outputs: what a positive target weighs, at least 0; left out: 1 everywhere')),
    },
  ),
  cross_entropy: declare(
    '-sum_c q_c * log_softmax(y)_c with q_c = weight_c * (t_c * (1 - label_smoothing) + label_smoothing / outputs); ' +
      't_c is the probability of class c: for a class index, 1 there and 0 elsewhere',
    {
      weight,
      label_smoothing: Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0,
        description: 'share of the uniform distribution in the targets, no unit',
      }),
      ignore_index: ignoreIndex,
    },
  ),
  nll: declare('-weight_k * y_k for the class index k; y are log-probabilities', { weight, ignore_index: ignoreIndex }),
  kl_div: declare('t * (log(t) - y), or exp(t) * (t - y) with log_target; y are log-probabilities', {
    log_target: Type.Boolean({ default: false, description: 'whether the targets are logarithms of probabilities' }),
  }),
  poisson_nll: declare(
    'exp(y) - t * y, or y - t * log(y + eps) without log_input; full adds t * log(t) - t + log(2 * pi * t) / 2 where t > 1',
    {
      log_input: Type.Boolean({ default: true, description: 'whether the outputs are logarithms of rates' }),
      full: Type.Boolean({ default: false, description: "whether to add Stirling's approximation of log(t!)" }),
      eps: Type.Number({ minimum: 0, default: 1e-8, description: 'keeps the logarithm from 0, in units of the outputs' }),
    },
  ),
  soft_margin: declare('log(1 + exp(-t * y)); t is -1 or 1'),
  hinge: declare('max(0, 1 - t * y); t is -1 or 1'),
  squared_hinge: declare('max(0, 1 - t * y)^2; t is -1 or 1'),
};

export type LossName = keyof typeof losses;
export type LossOptions<Name extends LossName> = OptionsOf<typeof losses, Name>;

/** The options of every loss. */
export const sharedLossOptions = {
  reduction: Names(['mean', 'sum', 'batchmean'], {
    $id: 'Reduction',
    default: 'mean',
    description: [
      'what the summed loss is divided by',
      '- `mean`: the sum of sample weights, times outputs; for class indices the sum of sample weight times class weight over the ' +
        'samples not ignored; for class probabilities the sum of sample weights',
      '- `sum`: 1',
      '- `batchmean`: the sum of sample weights',
    ].join('\n'),
  }),
};

export const sharedLossDefaults = defaultsOf(sharedLossOptions) as { reduction: Reduction };

export type Reduction = Static<(typeof sharedLossOptions)['reduction']>;

/** The loss of a request without `loss`. */
export const defaultLoss = 'mse' satisfies LossName;

export const Loss = named(
  {
    $id: 'Loss',
    default: defaultLoss,
    description: 'a name, or {"type": name, "reduction": ..., ...options}. In the formulas y is an output and t its target',
  },
  losses,
  sharedLossOptions,
);
export type Loss = Static<typeof Loss>;
