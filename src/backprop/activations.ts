// The activations: value and derivative of each. At a kink the derivative is PyTorch's.
import { type ActivationName, type ActivationOptions, activations as declared, SELU } from '../../schemas/activation.ts';
import { resolve } from '../../schemas/variant.ts';
import { Dense } from '../linalg/dense.ts';
import { relu, reluPullback, tanh, tanhPullback } from '../linalg/elementwise.ts';
import type { Scratch } from '../memory/scratch.ts';
import { erf } from './erf.ts';

/**
 * An activation with its options bound. Z, A and dA are samples x units; A = value(Z). With `reuse`, the result may overwrite the
 * first argument, unless the backward pass needs it: allocating memory costs more than most activations.
 */
export interface Activation {
  value(Z: Dense, scratch: Scratch, reuse: boolean): Dense;
  /** ∂loss/∂Z from dA = ∂loss/∂A. */
  pullback(dA: Dense, Z: Dense, A: Dense, scratch: Scratch, reuse: boolean): Dense;
}

type Elementwise = Forth & ({ derivative: Derivative } | { pullback: Pullback });

/** f′(z), given both z and a = f(z). */
type Derivative = (z: number, a: number) => number;

/** ∂loss/∂z from da = ∂loss/∂a; for activations where da f′(z) would be wrong (0 · ∞) if da is infinite. */
type Pullback = (da: number, z: number, a: number) => number;

interface Forth {
  value(z: number): number;
  /** Whether the derivative depends on a only, so that z need not be kept. */
  readonly byOutput?: true;
  /** Faster versions for whole arrays, if there are any. */
  readonly arrays?: {
    /** Writes f(z) into a. */
    value(z: Float64Array, a: Float64Array): void;
    /** Writes ∂loss/∂z into dz. */
    pullback(da: Float64Array, a: Float64Array, dz: Float64Array): void;
  };
}

/** For shorter arrays, the scalar functions are faster. */
const LOOP_MAX_NUMBERS = 32;

function elementwise(f: Elementwise): Activation {
  const { value, byOutput, arrays } = f;
  const back: Pullback = 'pullback' in f ? f.pullback : (da, z, a) => da * f.derivative(z, a);
  const arraysOf = ({ data }: Dense) => (data.length < LOOP_MAX_NUMBERS ? undefined : arrays);
  return {
    value(Z, scratch, reuse) {
      const A = reuse && byOutput ? Z : Dense.in(scratch, Z.rows, Z.columns);
      const whole = arraysOf(Z);
      if (whole) whole.value(Z.data, A.data);
      else for (let i = 0; i < A.data.length; i++) A.data[i] = value(Z.data[i]);
      return A;
    },
    pullback(dA, Z, A, scratch, reuse) {
      const dZ = reuse ? dA : Dense.in(scratch, Z.rows, Z.columns);
      const whole = arraysOf(A);
      if (whole) whole.pullback(dA.data, A.data, dZ.data);
      else for (let i = 0; i < dZ.data.length; i++) dZ.data[i] = back(dA.data[i], Z.data[i], A.data[i]);
      return dZ;
    },
  };
}

interface Rowwise {
  /** Writes f(z) into a. */
  value(z: Float64Array, a: Float64Array): void;
  /** Writes ∂loss/∂z into dz. */
  pullback(da: Float64Array, a: Float64Array, dz: Float64Array): void;
}

function rowwise({ value, pullback }: Rowwise): Activation {
  return {
    value(Z, scratch) {
      const A = Dense.in(scratch, Z.rows, Z.columns);
      for (let i = 0; i < A.rows; i++) value(Z.row(i), A.row(i));
      return A;
    },
    pullback(dA, _Z, A, scratch) {
      const dZ = Dense.in(scratch, A.rows, A.columns);
      for (let i = 0; i < dZ.rows; i++) pullback(dA.row(i), A.row(i), dZ.row(i));
      return dZ;
    },
  };
}

export function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** log(1 + exp(z)), where exp(z) may be too large for float64. */
export function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

/** Writes log(softmax(z)) into a. Subtracts the maximum first, so that no exponential overflows. */
export function logSoftmax(z: Float64Array, a: Float64Array): void {
  const max = maximum(z);
  let sum = 0;
  for (let j = 0; j < z.length; j++) sum += Math.exp(z[j] - max);
  const log = Math.log(sum);
  for (let j = 0; j < z.length; j++) a[j] = z[j] - max - log;
}

function softmax(z: Float64Array, a: Float64Array): void {
  const max = maximum(z);
  let sum = 0;
  for (let j = 0; j < z.length; j++) sum += a[j] = Math.exp(z[j] - max);
  for (let j = 0; j < z.length; j++) a[j] /= sum;
}

function maximum(z: Float64Array): number {
  let max = z[0];
  for (let j = 1; j < z.length; j++) max = Math.max(max, z[j]);
  return max;
}

/** positive · z for z > 0, otherwise negative · (exp(z) - 1): elu and selu. */
function exponentialLinear(positive: number, negative: number): Activation {
  return elementwise({
    value: (z) => (z > 0 ? positive * z : negative * Math.expm1(z)),
    derivative: (z) => (z > 0 ? positive : negative * Math.exp(z)),
  });
}

/** PyTorch rounds alpha to float32 in the backward pass, even in float64. So does this, unless it rounds to 0 or Infinity. */
function celu(alpha: number): Activation {
  const float32 = Math.fround(alpha);
  const rounded = float32 > 0 && float32 < Infinity ? float32 : alpha;
  return elementwise({
    value: (z) => (z > 0 ? z : alpha * Math.expm1(z / alpha)),
    derivative: (z) => (z > 0 ? 1 : (alpha / rounded) * Math.exp(z / rounded)),
  });
}

/** min(max(z, low), high): hardtanh and relu6. */
function clamp(low: number, high: number): Activation {
  return elementwise({
    value: (z) => Math.min(Math.max(z, low), high),
    derivative: (z) => (z > low && z < high ? 1 : 0),
  });
}

const geluExact = elementwise({
  value: (z) => 0.5 * z * (1 + erf(z * Math.SQRT1_2)),
  derivative: (z) => 0.5 * (1 + erf(z * Math.SQRT1_2)) + (z * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI),
});

/** Hendrycks & Gimpel, Gaussian Error Linear Units (2016). */
const geluTanh = (() => {
  const inner = (z: number) => Math.sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z);
  return elementwise({
    value: (z) => 0.5 * z * (1 + Math.tanh(inner(z))),
    derivative(z) {
      const t = Math.tanh(inner(z));
      // If tanh is saturated, its derivative is 0, and the other factor may be infinite: avoids 0 · ∞ = NaN.
      const slope = t * t === 1 ? 0 : (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * z * z);
      return 0.5 * (1 + t) + 0.5 * z * slope;
    },
  });
})();

const mathematics = {
  identity: () => ({ value: (Z) => Z, pullback: (dA) => dA }),
  tanh: () =>
    elementwise({
      value: Math.tanh,
      derivative: (_z, a) => 1 - a * a,
      byOutput: true,
      arrays: { value: tanh, pullback: tanhPullback },
    }),
  sigmoid: () => elementwise({ value: sigmoid, derivative: (_z, a) => a * (1 - a), byOutput: true }),
  relu: () =>
    elementwise({
      value: (z) => Math.max(z, 0),
      pullback: (da, _z, a) => (a > 0 ? da : 0),
      byOutput: true,
      arrays: { value: relu, pullback: reluPullback },
    }),
  relu6: () => clamp(0, 6),
  leaky_relu: ({ negative_slope }) =>
    elementwise({
      value: (z) => (z > 0 ? z : negative_slope * z),
      derivative: (z) => (z > 0 ? 1 : negative_slope),
    }),
  elu: ({ alpha }) => exponentialLinear(1, alpha),
  selu: () => exponentialLinear(SELU.scale, SELU.scale * SELU.alpha),
  celu: ({ alpha }) => celu(alpha),
  gelu: ({ approximate }) => (approximate === 'tanh' ? geluTanh : geluExact),
  silu: () =>
    elementwise({
      value: (z) => z * sigmoid(z),
      derivative(z) {
        const s = sigmoid(z);
        return s * (1 + z * (1 - s));
      },
    }),
  mish: () =>
    elementwise({
      value: (z) => z * Math.tanh(softplus(z)),
      derivative(z) {
        const t = Math.tanh(softplus(z));
        return t + z * sigmoid(z) * (1 - t * t);
      },
    }),
  softplus: ({ beta, threshold }) =>
    elementwise({
      value: (z) => (beta * z > threshold ? z : softplus(beta * z) / beta),
      derivative: (z) => (beta * z > threshold ? 1 : sigmoid(beta * z)),
    }),
  softsign: () =>
    elementwise({
      value: (z) => z / (1 + Math.abs(z)),
      derivative: (z) => 1 / (1 + Math.abs(z)) ** 2,
    }),
  hardtanh: ({ min_val, max_val }) => clamp(min_val, max_val),
  hardsigmoid: () =>
    elementwise({
      value: (z) => Math.min(Math.max(z + 3, 0), 6) / 6,
      // PyTorch uses 1/6 in float32 here, even in float64.
      derivative: (z) => (z > -3 && z < 3 ? Math.fround(1 / 6) : 0),
    }),
  hardswish: () =>
    elementwise({
      value: (z) => z * (Math.min(Math.max(z + 3, 0), 6) / 6),
      // At z = 3 this is 1.5, as in PyTorch's scalar loop; PyTorch's vectorised loop, for 8 values or more, gives 1.
      derivative: (z) => (z < -3 ? 0 : z <= 3 ? z / 3 + 0.5 : 1),
    }),
  logsigmoid: () => elementwise({ value: (z) => -softplus(-z), derivative: (z) => sigmoid(-z) }),
  tanhshrink: () => elementwise({ value: (z) => z - Math.tanh(z), derivative: (z) => Math.tanh(z) ** 2 }),
  softshrink: ({ lambd }) =>
    elementwise({
      value: (z) => (z > lambd ? z - lambd : z < -lambd ? z + lambd : 0),
      derivative: (z) => (Math.abs(z) > lambd ? 1 : 0),
    }),
  hardshrink: ({ lambd }) =>
    elementwise({
      value: (z) => (Math.abs(z) > lambd ? z : 0),
      derivative: (z) => (Math.abs(z) > lambd ? 1 : 0),
    }),
  exp: () => elementwise({ value: Math.exp, derivative: (_z, a) => a, byOutput: true }),
  softmax: () =>
    rowwise({
      value: softmax,
      pullback(da, a, dz) {
        let sum = 0;
        for (let j = 0; j < a.length; j++) sum += da[j] * a[j];
        for (let j = 0; j < a.length; j++) dz[j] = a[j] * (da[j] - sum);
      },
    }),
  log_softmax: () =>
    rowwise({
      value: logSoftmax,
      pullback(da, a, dz) {
        let sum = 0;
        for (let j = 0; j < a.length; j++) sum += da[j];
        for (let j = 0; j < a.length; j++) dz[j] = da[j] - Math.exp(a[j]) * sum;
      },
    }),
} satisfies { [Name in ActivationName]: (options: ActivationOptions<Name>) => Activation };

/** The activations with default options, bound once: most layers use these. */
const byDefault = Object.fromEntries(Object.keys(declared).map((name) => [name, bind(name)]));

/** The activation of a layer in a request; missing options have their defaults. */
export function buildActivation(given: string | { type: string }): Activation {
  return typeof given === 'string' ? byDefault[given] : bind(given);
}

function bind(given: string | { type: string }): Activation {
  const { name, options } = resolve(declared, given);
  return (mathematics[name] as (options: object) => Activation)(options);
}
