// The activations: value, first and second derivative of each. At a kink the derivative is PyTorch's.
import { type ActivationName, type ActivationOptions, activations as declared, SELU } from '../../schemas/activation.ts';
import { resolve } from '../../schemas/variant.ts';
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
import type { Activation } from './activation.ts';
import * as second from './second-derivatives.ts';
import { type Second, STRAIGHT } from './second-derivatives.ts';
import { logSoftmaxActivation, softmax } from './softmax.ts';

interface Elementwise {
  value(z: number): number;
  /** f′(z), given both z and a = f(z). */
  derivative(z: number, a: number): number;
  readonly second: Second | undefined;
  /** Whether a derivative of 0 is exactly 0, not only rounded to 0: ∂loss/∂z is then 0 even if ∂loss/∂a is infinite. */
  readonly hasFlats?: true;
}

function elementwise({ value, derivative, second, hasFlats }: Elementwise): Activation {
  const arrays: Arrays = {
    value(z, a) {
      for (let i = 0; i < a.length; i++) a[i] = value(z[i]);
    },
    pullback(da, z, a, dz) {
      for (let i = 0; i < dz.length; i++) {
        const slope = derivative(z[i], a[i]);
        dz[i] = hasFlats && slope === 0 ? 0 : da[i] * slope;
      }
    },
  };
  return ofArrays(arrays, second);
}

/** With `byOutput`, the backward pass needs A only, so that Z need not be kept. */
function ofArrays({ value, pullback }: Arrays, second: Second | undefined, { byOutput = false } = {}): Activation {
  return {
    value: (Z, A) => value(Z.data, A.data),
    pullback: (dA, Z, A, dZ) => pullback(dA.data, Z.data, A.data, dZ.data),
    second: second && ((Z, A, S, into) => second(Z.data, A.data, S.data, into.data)),
    forgetsZ: byOutput,
    forgetsGradient: true,
  };
}

/** x². The operator ** would round it less well. */
export function square(x: number): number {
  return x * x;
}

/** positive · z for z > 0, otherwise negative · (exp(z) - 1): elu and selu. */
function exponentialLinear(positive: number, negative: number): Activation {
  return elementwise({
    value: (z) => (z > 0 ? positive * z : negative * Math.expm1(z)),
    derivative: (z) => (z > 0 ? positive : timesExp(negative, z)),
    second: second.ofExponential(negative, 1),
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
    second: second.ofExponential(alpha / rounded / rounded, rounded),
  });
}

/** min(max(z, low), high): hardtanh and relu6. */
function clamp(low: number, high: number): Activation {
  return elementwise({
    value: (z) => Math.min(Math.max(z, low), high),
    derivative: (z) => (z > low && z < high ? 1 : 0),
    second: STRAIGHT,
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
  tanh: () => ofArrays(tanh, second.ofTanh),
  sigmoid: () => ofArrays(sigmoid, second.ofSigmoid),
  relu: () => ofArrays(relu, STRAIGHT, { byOutput: true }),
  relu6: () => clamp(0, 6),
  leaky_relu: ({ negative_slope }) => ofArrays(leakyRelu(negative_slope), STRAIGHT),
  elu: ({ alpha }) => exponentialLinear(1, alpha),
  selu: () => exponentialLinear(SELU.scale, SELU.scale * SELU.alpha),
  celu: ({ alpha }) => celu(alpha),
  gelu: ({ approximate }) => (approximate === 'tanh' ? ofArrays(geluTanh, second.ofGeluTanh) : ofArrays(gelu, second.ofGelu)),
  silu: () => ofArrays(silu, second.ofSilu),
  mish: () => elementwise({ value: mish, derivative: mishDerivative, second: second.ofMish }),
  softplus: ({ beta, threshold }) => ofArrays(softplus(beta, threshold), second.ofSoftplus(beta, threshold)),
  softsign: () =>
    elementwise({
      value: (z) => z / (1 + Math.abs(z)),
      // 1 / (1 + |z|)². For small z put so that the rounding error of the sum is not doubled.
      derivative(z) {
        const inverse = 1 / (1 + Math.abs(z));
        return Math.abs(z) < 1 ? inverse - Math.abs(z) * square(inverse) : 1 / square(1 + Math.abs(z));
      },
      second: second.ofSoftsign,
    }),
  hardtanh: ({ min_val, max_val }) => clamp(min_val, max_val),
  hardsigmoid: () =>
    elementwise({
      value: (z) => Math.min(Math.max(z + 3, 0), 6) / 6,
      // PyTorch uses 1/6 in float32 here, even in float64.
      derivative: (z) => (z > -3 && z < 3 ? Math.fround(1 / 6) : 0),
      second: STRAIGHT,
      hasFlats: true,
    }),
  hardswish: () =>
    elementwise({
      value: (z) => z * (Math.min(Math.max(z + 3, 0), 6) / 6),
      derivative: (z) => (z <= -3 ? 0 : z < 3 ? (2 * z + 3) / 6 : 1),
      second: second.ofHardswish,
      hasFlats: true,
    }),
  // -softplus(-z)
  logsigmoid: () => ofArrays(softplus(-1, Infinity), second.ofSoftplus(-1, Infinity)),
  tanhshrink: () => elementwise({ value: tanhshrink, derivative: (z) => square(tanhOf(z)), second: second.ofTanhshrink }),
  softshrink: ({ lambd }) =>
    elementwise({
      value: (z) => (z > lambd ? z - lambd : z < -lambd ? z + lambd : 0),
      derivative: (z) => (Math.abs(z) > lambd ? 1 : 0),
      second: STRAIGHT,
      hasFlats: true,
    }),
  hardshrink: ({ lambd }) =>
    elementwise({
      value: (z) => (Math.abs(z) > lambd ? z : 0),
      derivative: (z) => (Math.abs(z) > lambd ? 1 : 0),
      second: STRAIGHT,
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
      second.ofExp,
      { byOutput: true },
    ),
  softmax: () => softmax,
  log_softmax: () => logSoftmaxActivation,
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
