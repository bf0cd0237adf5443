// The activations: value and derivative of each. At a kink the derivative is PyTorch's.
import { type ActivationName, type ActivationOptions, activations as declared, SELU } from '../../schemas/activation.ts';
import { resolve } from '../../schemas/variant.ts';
import { Dense } from '../linalg/dense.ts';
import { DoubleDouble } from '../linalg/double-double.ts';
import { relu, reluPullback, tanhPullback, tanh as tanhs } from '../linalg/elementwise.ts';
import { exp, squaredSech, tanh, timesExp } from '../linalg/exponential.ts';
import { Sum } from '../linalg/sum.ts';
import type { Scratch } from '../memory/scratch.ts';
import { normal, slopeOfNormal } from './normal.ts';

/**
 * An activation with its options bound. Z, A and dA are samples x units; A = value(Z). With `reuse`, the result may overwrite the
 * first argument, unless the backward pass needs it: allocating memory costs more than most activations.
 */
export interface Activation {
  value(Z: Dense, scratch: Scratch, reuse: boolean): Dense;
  /** ∂loss/∂Z from dA = ∂loss/∂A. */
  pullback(dA: Dense, Z: Dense, A: Dense, scratch: Scratch, reuse: boolean): Dense;
}

interface Elementwise {
  value(z: number): number;
  /** f′(z), given both z and a = f(z). */
  derivative(z: number, a: number): number;
  /** Whether the derivative depends on a only, so that z need not be kept. */
  readonly byOutput?: true;
  /** Whether a derivative of 0 is exactly 0, not only rounded to 0: ∂loss/∂z is then 0 even if ∂loss/∂a is infinite. */
  readonly hasFlats?: true;
  /** Faster versions for whole arrays, if there are any. */
  readonly arrays?: {
    /** Writes f(z) into a. */
    value(z: Float64Array, a: Float64Array): void;
    /** Writes ∂loss/∂z into dz. */
    pullback(da: Float64Array, z: Float64Array, a: Float64Array, dz: Float64Array): void;
  };
}

/** For shorter arrays, the scalar functions are faster. */
const LOOP_MAX_NUMBERS = 32;

function elementwise(f: Elementwise): Activation {
  const { value, derivative, byOutput, hasFlats, arrays } = f;
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
      if (whole) whole.pullback(dA.data, Z.data, A.data, dZ.data);
      else {
        for (let i = 0; i < dZ.data.length; i++) {
          const slope = derivative(Z.data[i], A.data[i]);
          dZ.data[i] = hasFlats && slope === 0 ? 0 : dA.data[i] * slope;
        }
      }
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

/** The logistic function. exp(-z) is infinite for z < -709. */
export function sigmoid(z: number): number {
  return z < -700 ? exp(z) : 1 / (1 + exp(-z));
}

/** a (1 - a), by the smaller one of a and 1 - a. */
function sigmoidDerivative(z: number, a: number): number {
  const s = z > 0 ? sigmoid(-z) : a;
  return s * (1 - s);
}

/** From this output on, the derivative is computed from z, as in src/kernel/assembly/tanh.ts. */
const STEEP = 0.9;

function tanhDerivative(z: number, a: number): number {
  return Math.abs(a) < STEEP ? 1 - a * a : squaredSech(z);
}

/** x². The operator ** would round it less well. */
export function square(x: number): number {
  return x * x;
}

/** log(1 + exp(z)), where exp(z) may be too large for float64. */
export function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(exp(-Math.abs(z)));
}

/** log(softmax(z)) into a; returns the index of the largest z. */
export function logSoftmax(z: Float64Array, a: Float64Array): number {
  const { most, others } = exponentials(z, a);
  const log = Math.log1p(others);
  for (let j = 0; j < z.length; j++) a[j] = z[j] - z[most] - log;
  return most;
}

function softmax(z: Float64Array, a: Float64Array): void {
  const { others } = exponentials(z, a);
  for (let j = 0; j < z.length; j++) a[j] /= 1 + others;
}

/**
 * Writes exp(z_j - max z) into a; none overflows. Returns the index of the largest z, and the sum over all others: the largest one
 * adds 1, next to which small ones would be lost.
 */
function exponentials(z: Float64Array, a: Float64Array): { most: number; others: number } {
  const most = indexOfLargest(z);
  const others = new Sum();
  for (let j = 0; j < z.length; j++) {
    a[j] = exp(z[j] - z[most]);
    if (j !== most) others.add(a[j]);
  }
  return { most, others: others.value };
}

function indexOfLargest(z: Float64Array): number {
  let most = 0;
  for (let j = 1; j < z.length; j++) if (z[j] > z[most]) most = j;
  return most;
}

/** positive · z for z > 0, otherwise negative · (exp(z) - 1): elu and selu. */
function exponentialLinear(positive: number, negative: number): Activation {
  return elementwise({
    value: (z) => (z > 0 ? positive * z : negative * Math.expm1(z)),
    derivative: (z) => (z > 0 ? positive : timesExp(negative, z)),
    ...(negative === 0 && { hasFlats: true }),
  });
}

/** PyTorch rounds alpha to float32 in the backward pass, even in float64. So does this, unless it rounds to 0 or Infinity. */
function celu(alpha: number): Activation {
  const float32 = Math.fround(alpha);
  const rounded = float32 > 0 && float32 < Infinity ? float32 : alpha;
  return elementwise({
    value: (z) => (z > 0 ? z : alpha * Math.expm1(z / alpha)),
    derivative: (z) => (z > 0 ? 1 : timesExp(alpha / rounded, z / rounded)),
  });
}

/** min(max(z, low), high): hardtanh and relu6. */
function clamp(low: number, high: number): Activation {
  return elementwise({
    value: (z) => Math.min(Math.max(z, low), high),
    derivative: (z) => (z > low && z < high ? 1 : 0),
    hasFlats: true,
  });
}

/** z Φ(z), Φ being the standard normal distribution. */
const geluExact = elementwise({
  value(z) {
    const { below, scale } = normal(z);
    return z * below * scale;
  },
  derivative: slopeOfNormal,
});

// Working memory for derivatives that have a zero where large terms cancel.
const [e, d, n] = [new DoubleDouble(), new DoubleDouble(), new DoubleDouble()];

/**
 * From here on, exp(-|z|) is too small to change a sum with 1: functions of z > FAR are z or 1, those of z < -FAR a product with
 * exp(z).
 */
const FAR = 40;

/**
 * Hendrycks & Gimpel, Gaussian Error Linear Units (2016): z (1 + tanh(u)) / 2 = z sigmoid(2u), where
 * 2u = FACTOR (z + CUBIC z³).
 */
const geluTanh = (() => {
  // 2 √(2/π) and 0.044715, each with its own rounding error.
  const FACTOR = [1.5957691216057308, -9.96930880911092e-17] as const;
  const CUBIC = [0.044715, 2.1960211427085595e-18] as const;
  /** From here on, sigmoid(2u) is 0 or 1 in float64. */
  const SATURATED = 30;
  /** 2u: its rounding error would be the relative error of exp(2u). */
  const inner = new DoubleDouble();
  const setInner = (z: number) =>
    inner
      .set(z)
      .times(z)
      .times(...CUBIC)
      .plus(1)
      .times(z)
      .times(...FACTOR);
  return elementwise({
    value(z) {
      if (Math.abs(z) > SATURATED) return Math.max(z, 0);
      const { high, low } = setInner(z);
      if (high < -FAR) return timesExp(z * (1 + low), high);
      d.copy(e.exp(-high, -low)).plus(1);
      return n.set(z).over(d.high, d.low).value;
    },
    derivative(z) {
      if (Math.abs(z) > SATURATED) return z < 0 ? 0 : 1;
      const { high, low } = setInner(z);
      // z times the derivative of 2u.
      const slope = inner
        .set(z)
        .times(z)
        .times(3)
        .times(...CUBIC)
        .plus(1)
        .times(z)
        .times(...FACTOR);
      if (high < -FAR) return timesExp((1 + slope.value) * (1 + low), high);
      // sigmoid(2u) (1 + slope sigmoid(-2u)), with e = exp(-2u): (1 + slope e / (1 + e)) / (1 + e).
      d.copy(e.exp(-high, -low)).plus(1);
      n.copy(slope).times(e.high, e.low).over(d.high, d.low).plus(1);
      return n.over(d.high, d.low).value;
    },
  });
})();

/** sigmoid(z) (1 + z sigmoid(-z)). */
function siluDerivative(z: number): number {
  if (z < -FAR) return timesExp(1 + z, z);
  if (z > FAR) return 1;
  // With e = exp(-z): (1 + z e / (1 + e)) / (1 + e).
  d.copy(e.exp(-z)).plus(1);
  return n.copy(e).times(z).over(d.high, d.low).plus(1).over(d.high, d.low).value;
}

/** z tanh(log(1 + exp(z))) = z n / (n + 2) with n = (1 + exp(z))² - 1. */
function mish(z: number): number {
  if (z < -FAR) return timesExp(z, z);
  if (z > FAR) return z;
  setMish(z);
  return n.over(d.high, d.low).times(z).value;
}

/** The derivative of z n / (n + 2): (n + 4 z e (1 + e) / (n + 2)) / (n + 2) with e = exp(z). */
function mishDerivative(z: number): number {
  if (z < -FAR) return timesExp(1 + z, z);
  if (z > FAR) return 1;
  setMish(z);
  const { high, low } = e;
  e.plus(1)
    .times(high, low)
    .times(4 * z)
    .over(d.high, d.low);
  return n.plus(e.high, e.low).over(d.high, d.low).value;
}

/** Sets e, n and d = n + 2. */
function setMish(z: number): void {
  const { high, low } = e.exp(z);
  n.set(2).plus(high, low).times(high, low);
  d.copy(n).plus(2);
}

/** z - tanh(z). Near 0, where the difference would cancel, by Lambert's continued fraction tanh(z) = z / (1 + z²/(3 + z²/(5 + …))). */
function tanhshrink(z: number): number {
  if (Math.abs(z) > 2) return z - tanh(z);
  let fraction = 0;
  for (let n = 23; n >= 3; n -= 2) fraction = square(z) / (n + fraction);
  return z * (fraction / (1 + fraction));
}

const mathematics = {
  identity: () => ({ value: (Z) => Z, pullback: (dA) => dA }),
  tanh: () => elementwise({ value: tanh, derivative: tanhDerivative, arrays: { value: tanhs, pullback: tanhPullback } }),
  sigmoid: () => elementwise({ value: sigmoid, derivative: sigmoidDerivative }),
  relu: () =>
    elementwise({
      value: (z) => Math.max(z, 0),
      derivative: (_z, a) => (a > 0 ? 1 : 0),
      byOutput: true,
      hasFlats: true,
      arrays: { value: relu, pullback: (da, _z, a, dz) => reluPullback(da, a, dz) },
    }),
  relu6: () => clamp(0, 6),
  leaky_relu: ({ negative_slope }) =>
    elementwise({
      value: (z) => (z > 0 ? z : negative_slope * z),
      derivative: (z) => (z > 0 ? 1 : negative_slope),
      hasFlats: true,
    }),
  elu: ({ alpha }) => exponentialLinear(1, alpha),
  selu: () => exponentialLinear(SELU.scale, SELU.scale * SELU.alpha),
  celu: ({ alpha }) => celu(alpha),
  gelu: ({ approximate }) => (approximate === 'tanh' ? geluTanh : geluExact),
  silu: () =>
    elementwise({
      value: (z) => (z < -700 ? timesExp(z, z) : z / (1 + exp(-z))),
      derivative: siluDerivative,
    }),
  mish: () => elementwise({ value: mish, derivative: mishDerivative }),
  softplus: ({ beta, threshold }) =>
    elementwise({
      value: (z) => (beta * z > threshold ? z : softplus(beta * z) / beta),
      derivative: (z) => (beta * z > threshold ? 1 : sigmoid(beta * z)),
    }),
  softsign: () =>
    elementwise({
      value: (z) => z / (1 + Math.abs(z)),
      // 1 / (1 + |z|)². For small z put so that the rounding error of the sum is not doubled.
      derivative(z) {
        const inverse = 1 / (1 + Math.abs(z));
        return Math.abs(z) < 1 ? inverse - Math.abs(z) * square(inverse) : 1 / square(1 + Math.abs(z));
      },
    }),
  hardtanh: ({ min_val, max_val }) => clamp(min_val, max_val),
  hardsigmoid: () =>
    elementwise({
      value: (z) => Math.min(Math.max(z + 3, 0), 6) / 6,
      // PyTorch uses 1/6 in float32 here, even in float64.
      derivative: (z) => (z > -3 && z < 3 ? Math.fround(1 / 6) : 0),
      hasFlats: true,
    }),
  hardswish: () =>
    elementwise({
      value: (z) => z * (Math.min(Math.max(z + 3, 0), 6) / 6),
      derivative: (z) => (z <= -3 ? 0 : z < 3 ? (2 * z + 3) / 6 : 1),
      hasFlats: true,
    }),
  logsigmoid: () => elementwise({ value: (z) => -softplus(-z), derivative: (z) => sigmoid(-z) }),
  tanhshrink: () => elementwise({ value: tanhshrink, derivative: (z) => square(tanh(z)) }),
  softshrink: ({ lambd }) =>
    elementwise({
      value: (z) => (z > lambd ? z - lambd : z < -lambd ? z + lambd : 0),
      derivative: (z) => (Math.abs(z) > lambd ? 1 : 0),
      hasFlats: true,
    }),
  hardshrink: ({ lambd }) =>
    elementwise({
      value: (z) => (Math.abs(z) > lambd ? z : 0),
      derivative: (z) => (Math.abs(z) > lambd ? 1 : 0),
      hasFlats: true,
    }),
  exp: () => elementwise({ value: exp, derivative: (_z, a) => a, byOutput: true }),
  softmax: () =>
    rowwise({
      value: softmax,
      // a_j (da_j - Σ_i a_i da_i). As Σ_i a_i = 1, a constant may be subtracted from all da. If one a is almost 1, the difference
      // would cancel; with the da of that one as the constant, it does not.
      pullback(da, a, dz) {
        const most = indexOfLargest(a);
        const constant = a[most] > 0.75 ? da[most] : 0;
        const sum = new Sum();
        for (let j = 0; j < a.length; j++) sum.add((da[j] - constant) * a[j]);
        for (let j = 0; j < a.length; j++) dz[j] = a[j] * (da[j] - constant - sum.value);
      },
    }),
  log_softmax: () =>
    rowwise({
      value: logSoftmax,
      // da_j - exp(a_j) Σ_i da_i. For the largest a, exp(a) may be close to 1, and da_j cancel.
      pullback(da, a, dz) {
        const most = indexOfLargest(a);
        const others = new Sum();
        for (let j = 0; j < a.length; j++) if (j !== most) others.add(da[j]);
        const sum = da[most] + others.value;
        for (let j = 0; j < a.length; j++) dz[j] = da[j] - exp(a[j]) * sum;
        dz[most] = -Math.expm1(a[most]) * da[most] - exp(a[most]) * others.value;
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
