// The activations: names, options with bounds and defaults, formulas. Computed in src/backprop/activations.ts.
import { type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';
import { declare, named, type OptionsOf } from './variant.ts';

/** The constants of Klambauer et al., Self-Normalizing Neural Networks (2017). */
export const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

const lambd = Type.Number({ minimum: 0, default: 0.5, description: 'half the width of the zone that becomes 0, in units of x' });

export const activations = {
  identity: declare('x'),
  tanh: declare('tanh(x)'),
  sigmoid: declare('1 / (1 + exp(-x))'),
  relu: declare('max(0, x)'),
  relu6: declare('min(max(0, x), 6)'),
  leaky_relu: declare('max(0, x) + negative_slope * min(0, x)', {
    negative_slope: Type.Number({ default: 0.01, description: 'slope below 0, no unit' }),
  }),
  elu: declare('x if x > 0, else alpha * (exp(x) - 1)', {
    alpha: Type.Number({ default: 1, description: '-alpha is the limit for very negative x, in units of the output' }),
  }),
  selu: declare(`${SELU.scale} * (x if x > 0, else ${SELU.alpha} * (exp(x) - 1))`),
  celu: declare('x if x > 0, else alpha * (exp(x / alpha) - 1)', {
    alpha: Type.Number({
      exclusiveMinimum: 0,
      default: 1,
      description: '-alpha is the limit for very negative x, in units of x',
    }),
  }),
  gelu: declare('x * (1 + erf(x / sqrt(2))) / 2; "tanh": x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2', {
    approximate: Names(['none', 'tanh'], {
      default: 'none',
      description: '"none": exact, by the error function; "tanh": its approximation',
    }),
  }),
  silu: declare('x / (1 + exp(-x))'),
  mish: declare('x * tanh(log(1 + exp(x)))'),
  softplus: declare('log(1 + exp(beta * x)) / beta; x itself where beta * x > threshold', {
    beta: Type.Number({ exclusiveMinimum: 0, default: 1, description: 'sharpness, per unit of x' }),
    threshold: Type.Number({ default: 20, description: 'the value of beta * x above which the result is x, no unit' }),
  }),
  softsign: declare('x / (1 + |x|)'),
  hardtanh: declare(
    'min(max(x, min_val), max_val)',
    {
      min_val: Type.Number({ default: -1, description: 'lowest output, at most max_val, in units of x' }),
      max_val: Type.Number({ default: 1, description: 'highest output, at least min_val, in units of x' }),
    },
    {
      key: 'max_val',
      holds: ({ min_val, max_val }) => min_val <= max_val,
      detail: ({ min_val, max_val }) => `expected at least min_val (${min_val}), got ${max_val}`,
    },
  ),
  hardsigmoid: declare('min(max(x + 3, 0), 6) / 6'),
  hardswish: declare('x * min(max(x + 3, 0), 6) / 6'),
  logsigmoid: declare('-log(1 + exp(-x))'),
  tanhshrink: declare('x - tanh(x)'),
  softshrink: declare('x - lambd if x > lambd, x + lambd if x < -lambd, else 0', { lambd }),
  hardshrink: declare('x if |x| > lambd, else 0', { lambd }),
  exp: declare('exp(x)'),
  softmax: declare("exp(x_j) / sum_i exp(x_i), over a sample's units"),
  log_softmax: declare("x_j - log(sum_i exp(x_i)), over a sample's units"),
};

export type ActivationName = keyof typeof activations;
export type ActivationOptions<Name extends ActivationName> = OptionsOf<typeof activations, Name>;

/** The activation of a layer without `activation`. */
export const defaultActivation = 'identity' satisfies ActivationName;

export const Activation = named(
  {
    $id: 'Activation',
    default: defaultActivation,
    description: 'a name, or {"type": name, ...options}; left out or null: identity. In the formulas x is a pre-activation',
  },
  activations,
  {},
);
export type Activation = Static<typeof Activation>;
