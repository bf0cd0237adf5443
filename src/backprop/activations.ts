// The activations: value and derivative of each. At a kink the derivative is PyTorch's.
import { type ActivationName, type ActivationOptions, activations as declared, SELU } from '../../schemas/activation.ts';
import { resolve } from '../../schemas/variant.ts';
import { Dense } from '../linalg/dense.ts';
import { DoubleDouble } from '../linalg/double-double.ts';
import {
  type Arrays,
  exp,
  gelu,
  geluTanh,
  leakyRelu,
  relu,
  sigmoid,
  silu,
  softplus,
  tanh,
  tanhOf,
} from '../linalg/elementwise.ts';
import { timesExp } from '../linalg/exponential.ts';
import { Sum } from '../linalg/sum.ts';
import type { Scratch } from '../memory/scratch.ts';

/** An activation other than identity, with its options bound. All matrices are samples x units; each sample is computed on its own. */
export interface Activation {
  /** Writes f(Z) into A. */
  value(Z: Dense, A: Dense): void;
  /** Writes dZ = ∂loss/∂Z into dZ, from dA = ∂loss/∂A and A = f(Z). */
  pullback(dA: Dense, Z: Dense, A: Dense, dZ: Dense): void;
  /** Whether A may overwrite Z, which the backward pass does not need. */
  readonly forgetsZ?: boolean;
  /** Whether dZ may overwrite dA. */
  readonly forgetsGradient?: true;
  /** Whether an output depends on other units of the sample, too. */
  readonly mixesUnits?: true;
}

/** f(Z); undefined is identity. With `reuse`, it may overwrite Z: allocating memory costs more than most activations. */
export function activate(f: Activation | undefined, Z: Dense, scratch: Scratch, reuse: boolean): Dense {
  if (!f) return Z;
  const A = reuse && f.forgetsZ ? Z : Dense.in(scratch, Z.rows, Z.columns);
  f.value(Z, A);
  return A;
}

/** ∂loss/∂Z from dA = ∂loss/∂A and A = f(Z). With `reuse`, it may overwrite dA. */
export function pullBack(f: Activation | undefined, dA: Dense, Z: Dense, A: Dense, scratch: Scratch, reuse: boolean): Dense {
  if (!f) return dA;
  const dZ = reuse && f.forgetsGradient ? dA : Dense.in(scratch, dA.rows, dA.columns);
  f.pullback(dA, Z, A, dZ);
  return dZ;
}

/** f′(Z), given A = f(Z); undefined if f does not act on each unit alone. */
export function slopesOf(f: Activation | undefined, Z: Dense, A: Dense, scratch: Scratch): Dense | undefined {
  if (f?.mixesUnits) return undefined;
  const ones = new Dense(Z.rows, Z.columns, scratch.filled(Z.data.length, 1));
  return pullBack(f, ones, Z, A, scratch, true);
}

interface Elementwise {
  value(z: number): number;
  /** f′(z), given both z and a = f(z). */
  derivative(z: number, a: number): number;
  /** Whether a derivative of 0 is exactly 0, not only rounded to 0: ∂loss/∂z is then 0 even if ∂loss/∂a is infinite. */
  readonly hasFlats?: true;
}

function elementwise({ value, derivative, hasFlats }: Elementwise): Activation {
  return ofArrays({
    value(z, a) {
      for (let i = 0; i < a.length; i++) a[i] = value(z[i]);
    },
    pullback(da, z, a, dz) {
      for (let i = 0; i < dz.length; i++) {
        const slope = derivative(z[i], a[i]);
        dz[i] = hasFlats && slope === 0 ? 0 : da[i] * slope;
      }
    },
  });
}

/** With `byOutput`, the backward pass needs A only, so that Z need not be kept. */
function ofArrays({ value, pullback }: Arrays, { byOutput = false } = {}): Activation {
  return {
    value: (Z, A) => value(Z.data, A.data),
    pullback: (dA, Z, A, dZ) => pullback(dA.data, Z.data, A.data, dZ.data),
    forgetsZ: byOutput,
    forgetsGradient: true,
  };
}

interface Rowwise {
  /** Turns numbers exp(z_j - max z) of one row, from `start` to before `end`, into f(z). */
  finish(z: Float64Array, a: Float64Array, start: number, end: number): void;
  /** Given exp(a) in dz, if it is needed, writes ∂loss/∂z into dz. */
  pullback(da: Float64Array, a: Float64Array, dz: Float64Array): void;
  readonly needsExponentials?: true;
}

/** softmax and log_softmax. Both directions compute the exponentials of all rows together. */
function rowwise({ finish, pullback, needsExponentials }: Rowwise): Activation {
  return {
    value(Z, A) {
      const { length } = A.data;
      for (let start = 0; start < length; start += A.columns) subtractLargest(Z.data, A.data, start, start + A.columns);
      exp(A.data, A.data);
      for (let start = 0; start < length; start += A.columns) finish(Z.data, A.data, start, start + A.columns);
    },
    pullback(dA, _Z, A, dZ) {
      if (needsExponentials) exp(A.data, dZ.data);
      for (let i = 0; i < dZ.rows; i++) pullback(dA.row(i), A.row(i), dZ.row(i));
    },
    mixesUnits: true,
  };
}

/** x². The operator ** would round it less well. */
export function square(x: number): number {
  return x * x;
}

/** log(softmax(z)) into a; returns the index of the largest z. */
export function logSoftmax(z: Float64Array, a: Float64Array): number {
  subtractLargest(z, a, 0, z.length);
  exp(a, a);
  return finishLogSoftmax(z, a, 0, z.length);
}

function finishLogSoftmax(z: Float64Array, a: Float64Array, start: number, end: number): number {
  const most = indexOfLargest(z, start, end);
  const log = Math.log1p(sumOfOthers(a, most, start, end));
  for (let j = start; j < end; j++) a[j] = z[j] - z[most] - log;
  return most;
}

function finishSoftmax(z: Float64Array, a: Float64Array, start: number, end: number): void {
  const sum = 1 + sumOfOthers(a, indexOfLargest(z, start, end), start, end);
  for (let j = start; j < end; j++) a[j] /= sum;
}

/** Writes z_j - max z into a: their exponentials do not overflow. */
function subtractLargest(z: Float64Array, a: Float64Array, start: number, end: number): void {
  const largest = z[indexOfLargest(z, start, end)];
  for (let j = start; j < end; j++) a[j] = z[j] - largest;
}

/** The sum of a without that of the largest z, which is 1: small ones would be lost next to it. */
function sumOfOthers(a: Float64Array, most: number, start: number, end: number): number {
  const others = new Sum();
  for (let j = start; j < end; j++) if (j !== most) others.add(a[j]);
  return others.value;
}

function indexOfLargest(z: Float64Array, start = 0, end = z.length): number {
  let most = start;
  for (let j = start + 1; j < end; j++) if (z[j] > z[most]) most = j;
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

// Working memory for derivatives that have a zero where large terms cancel.
const [e, d, n] = [new DoubleDouble(), new DoubleDouble(), new DoubleDouble()];

/**
 * From here on, exp(-|z|) is too small to change a sum with 1: functions of z > FAR are z or 1, those of z < -FAR a product with
 * exp(z).
 */
const FAR = 40;

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
  if (Math.abs(z) > 2) return z - tanhOf(z);
  let fraction = 0;
  for (let n = 23; n >= 3; n -= 2) fraction = square(z) / (n + fraction);
  return z * (fraction / (1 + fraction));
}

const mathematics = {
  identity: () => undefined,
  tanh: () => ofArrays(tanh),
  sigmoid: () => ofArrays(sigmoid),
  relu: () => ofArrays(relu, { byOutput: true }),
  relu6: () => clamp(0, 6),
  leaky_relu: ({ negative_slope }) => ofArrays(leakyRelu(negative_slope)),
  elu: ({ alpha }) => exponentialLinear(1, alpha),
  selu: () => exponentialLinear(SELU.scale, SELU.scale * SELU.alpha),
  celu: ({ alpha }) => celu(alpha),
  gelu: ({ approximate }) => ofArrays(approximate === 'tanh' ? geluTanh : gelu),
  silu: () => ofArrays(silu),
  mish: () => elementwise({ value: mish, derivative: mishDerivative }),
  softplus: ({ beta, threshold }) => ofArrays(softplus(beta, threshold)),
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
  // -softplus(-z)
  logsigmoid: () => ofArrays(softplus(-1, Infinity)),
  tanhshrink: () => elementwise({ value: tanhshrink, derivative: (z) => square(tanhOf(z)) }),
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
  exp: () =>
    ofArrays(
      {
        value: exp,
        pullback(da, _z, a, dz) {
          for (let i = 0; i < dz.length; i++) dz[i] = da[i] * a[i];
        },
      },
      { byOutput: true },
    ),
  softmax: () =>
    rowwise({
      finish: finishSoftmax,
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
      finish: finishLogSoftmax,
      needsExponentials: true,
      // da_j - exp(a_j) Σ_i da_i. For the largest a, exp(a) may be close to 1, and da_j cancel.
      pullback(da, a, dz) {
        const most = indexOfLargest(a);
        const others = new Sum();
        for (let j = 0; j < a.length; j++) if (j !== most) others.add(da[j]);
        const sum = da[most] + others.value;
        const largest = dz[most];
        for (let j = 0; j < a.length; j++) dz[j] = da[j] - dz[j] * sum;
        dz[most] = -Math.expm1(a[most]) * da[most] - largest * others.value;
      },
    }),
} satisfies { [Name in ActivationName]: (options: ActivationOptions<Name>) => Activation | undefined };

/** The activations with default options, bound once: most layers use these. */
const byDefault = Object.fromEntries(Object.keys(declared).map((name) => [name, bind(name)]));

/** The activation of a layer in a request, undefined for identity; missing options have their defaults. */
export function buildActivation(given: string | { type: string }): Activation | undefined {
  return typeof given === 'string' ? byDefault[given] : bind(given);
}

function bind(given: string | { type: string }): Activation | undefined {
  const { name, options } = resolve(declared, given);
  return (mathematics[name] as (options: object) => Activation | undefined)(options);
}
