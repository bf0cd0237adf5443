// The second derivatives of activations that act on each unit alone, each from exponentials of negative numbers, which cannot overflow,
// and without differences that cancel where the result is small.
import { exp, expOf, tanh, tanhOf } from '../linalg/elementwise.ts';
import { timesExp } from '../linalg/exponential.ts';
import { residual } from '../linalg/sum.ts';

/** Writes f″(Z) into an array, given A = f(Z) and S = f′(Z). At a kink of f′ it is that of the piece from which f′ is taken. */
export type Second = (z: Float64Array, a: Float64Array, s: Float64Array, into: Float64Array) => void;

/** Of activations that consist of straight lines. */
export const STRAIGHT = undefined;

/** By a function of single numbers. */
function ofEach(second: (z: number) => number): Second {
  return (z, _a, _s, into) => {
    for (let i = 0; i < into.length; i++) into[i] = second(z[i]);
  };
}

/** By a function of z and e = exp(exponent(z)); the exponentials of all numbers are computed together. */
function byExponential(exponent: (z: number) => number, second: (z: number, e: number) => number): Second {
  return (z, _a, _s, into) => {
    for (let i = 0; i < into.length; i++) into[i] = exponent(z[i]);
    exp(into, into);
    for (let i = 0; i < into.length; i++) into[i] = second(z[i], into[i]);
  };
}

const square = (x: number) => x * x;

/** 1 / cosh²(x), given e = exp(-2|x|). */
const squaredSech = (e: number) => (4 * e) / square(1 + e);

/** sigmoid(x) sigmoid(-x), given e = exp(-|x|). */
const bothSigmoids = (e: number) => e / square(1 + e);

/** 1 / cosh²(x). */
export function squaredSechOf(x: number): number {
  return squaredSech(expOf(-2 * Math.abs(x)));
}

/** sigmoid(x) sigmoid(-x): the derivative of sigmoid, and the second one of softplus. */
export function bothSigmoidsOf(x: number): number {
  return bothSigmoids(expOf(-Math.abs(x)));
}

/** -2 tanh(z) / cosh²(z). */
export const ofTanh: Second = (_z, a, s, into) => {
  for (let i = 0; i < into.length; i++) into[i] = -2 * a[i] * s[i];
};

/** a (1 - a) (1 - 2 a), whose last factor is -tanh(z / 2). */
export const ofSigmoid: Second = (z, _a, s, into) => {
  for (let i = 0; i < into.length; i++) into[i] = z[i] / 2;
  tanh.value(into, into);
  for (let i = 0; i < into.length; i++) into[i] *= -s[i];
};

/** σ(z) σ(-z) (2 - z tanh(z / 2)). */
export const ofSilu: Second = (z, _a, _s, into) => {
  for (let i = 0; i < into.length; i++) into[i] = -Math.abs(z[i]);
  exp(into, into);
  for (let i = 0; i < into.length; i++) {
    const e = into[i];
    into[i] = (e / ((1 + e) * (1 + e))) * (2 - (Math.abs(z[i]) * (1 - e)) / (1 + e));
  }
};

/** φ(z) (2 - z²), φ being the density of the standard normal distribution. The rounding error of z² counts in both factors. */
export const ofGelu = byExponential(
  (z) => -square(z) / 2,
  (z, e) => {
    if (e === 0) return 0;
    const lost = residual(z, z, square(z));
    return (e - (e * lost) / 2) * Math.sqrt(0.5 / Math.PI) * (2 - square(z) - lost);
  },
);

/** The constants of the approximation by T = tanh(u), u = SCALE (z + CUBIC z³). */
const SCALE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** Of z (1 + T) / 2: (1 - T²) (u′ + z (u″ / 2 - T u′²)). */
export const ofGeluTanh = byExponential(
  (z) => -2 * SCALE * Math.abs(z) * (1 + CUBIC * square(z)),
  (z, e) => {
    if (e === 0) return 0;
    const slope = SCALE * (1 + 3 * CUBIC * square(z));
    const half = 3 * SCALE * CUBIC * z;
    const T = (Math.sign(z) * (1 - e)) / (1 + e);
    return squaredSech(e) * (slope + z * (half - T * square(slope)));
  },
);

/**
 * Of z w, w = tanh(log(1 + exp(z))): w′ (2 + z (s(-z) - 2 w s(z))) with w′ = (1 - w²) s(z).
 * By e = exp(-|z|), with d = (1 + exp(z))² + 1 without its largest power of exp(z).
 */
export const ofMish = byExponential(
  (z) => -Math.abs(z),
  (z, e) => {
    if (e === 0) return 0;
    const [larger, smaller] = [1 / (1 + e), e / (1 + e)];
    if (z > 0) {
      const d = 1 + 2 * e + 2 * e * e;
      return ((4 * square((1 + e) * e)) / square(d)) * larger * (2 + z * (smaller - (2 * larger * (1 + 2 * e)) / d));
    }
    const d = 2 + 2 * e + e * e;
    return ((4 * square(1 + e)) / square(d)) * smaller * (2 + z * (larger - (2 * smaller * e * (2 + e)) / d));
  },
);

/** β s(βz) s(-βz), but 0 where βz is above the threshold. */
export function ofSoftplus(beta: number, threshold: number): Second {
  return byExponential(
    (z) => -Math.abs(beta * z),
    (z, e) => (beta * z > threshold ? 0 : beta * bothSigmoids(e)),
  );
}

/** -2 sign(z) / (1 + |z|)³. */
export const ofSoftsign = ofEach((z) => (-2 * Math.sign(z)) / (1 + Math.abs(z)) / square(1 + Math.abs(z)));

/** 2 tanh(z) / cosh²(z). */
export const ofTanhshrink = byExponential(
  (z) => -2 * Math.abs(z),
  (z, e) => 2 * tanhOf(z) * squaredSech(e),
);

/** 0 for z > 0, otherwise factor · exp(z / scale). */
export function ofExponential(factor: number, scale: number): Second {
  return ofEach((z) => (z > 0 ? 0 : timesExp(factor, z / scale)));
}

export const ofHardswish = ofEach((z) => (z > -3 && z < 3 ? 1 / 3 : 0));

/** exp is its own second derivative. */
export const ofExp: Second = (_z, a, _s, into) => into.set(a);
