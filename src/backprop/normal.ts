// The normal distribution, by the error function, which JavaScript's Math lacks: the rational approximations of
// W. J. Cody, Rational Chebyshev Approximations for the Error Function, Mathematics of Computation 23 (1969).
import { DoubleDouble } from '../linalg/double-double.ts';
import { exp } from '../linalg/exponential.ts';

/** 1 / √(2π), the greatest density, and its rounding error. */
const PEAK = 0.3989422804014327;
const PEAK_LOW = -2.49232720227773e-17;

/** A quotient of two polynomials; coefficients from the highest power down. */
interface Rational {
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

/**
 * The Taylor series of (Φ(z) - ½) / z as a function of z², for |z| <= NEAR, from the highest power down: the coefficient of z^2n is
 * 1/√(2π) (-1)^n / (2^n n! (2n + 1)).
 */
const near = Array.from({ length: 13 }, (_, i) => {
  const n = 12 - i;
  let factorials = 1;
  for (let k = 1; k <= n; k++) factorials *= 2 * k;
  return ((-1) ** n * PEAK) / (factorials * (2 * n + 1));
});
const NEAR = 0.9;

/** (1 - erf(z)) exp(z²) as a function of z, for 0.46875 <= z <= MIDDLE. */
const middle: Rational = {
  numerator: [
    2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
    1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  denominator: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597, 4362.619090143247,
    3439.3676741437216, 1230.3393548037495,
  ],
};
const MIDDLE = 4;

/** z² (1/√π - z (1 - erf(z)) exp(z²)) as a function of 1/z², for z > MIDDLE. */
const far: Rational = {
  numerator: [
    0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
    0.0006587491615298378,
  ],
  denominator: [1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918],
};

/**
 * The standard normal distribution at z: below · scale is the probability Φ(z) of a value below z, density · scale the density
 * φ(z). In the lower tail `scale` is exp(-z²/2), so that terms can be added up before they underflow; elsewhere it is 1.
 */
export interface Normal {
  readonly below: number;
  readonly density: number;
  readonly scale: number;
}

/** The standard normal distribution at z. All factors are accurate to a few units in the last place. */
export function normal(z: number): Normal {
  const bell = bellOf(z);
  if (Math.abs(z) <= NEAR) return { below: 0.5 + z * horner(near, z * z), density: PEAK * bell, scale: 1 };
  const beyond = 0.5 * scaledComplement(Math.abs(z) * Math.SQRT1_2);
  return z < 0 ? { below: beyond, density: PEAK, scale: bell } : { below: 1 - beyond * bell, density: PEAK * bell, scale: 1 };
}

/** exp(-z²/2). Splits z, as z² may have a rounding error of 1e-13, which would be the relative error of the result. */
function bellOf(z: number): number {
  // Below the smallest float64.
  if (Math.abs(z) > 39) return 0;
  if (Math.abs(z) < 1) return exp(-0.5 * z * z);
  const head = Math.trunc(z * 16) / 16;
  return exp(-0.5 * head * head) * exp(-0.5 * (z - head) * (z + head));
}

/** (1 - erf(z)) exp(z²) for z > 0.46875. */
function scaledComplement(z: number): number {
  if (z <= MIDDLE) return evaluate(middle, z);
  const u = 1 / (z * z);
  return (1 / Math.sqrt(Math.PI) - u * evaluate(far, u)) / z;
}

function evaluate({ numerator, denominator }: Rational, x: number): number {
  return horner(numerator, x) / horner(denominator, x);
}

function horner(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = 0; i < coefficients.length; i++) value = value * x + coefficients[i];
  return value;
}

/** Where the derivative of z Φ(z) is 0, and the distance up to which it is computed with double precision. */
const ZERO = -0.7518;
const AROUND_ZERO = 0.15;

/**
 * 1 / √(2π) (-1)^n (2n + 2) / (2^n n! (2n + 1)), from the highest power down: the coefficients of z^(2n + 1) in the Taylor series of
 * Φ(z) + z φ(z) - ½.
 */
const slopes = Array.from({ length: 20 }, (_, i) => {
  const n = 19 - i;
  const slope = new DoubleDouble()
    .set(PEAK, PEAK_LOW)
    .times((-1) ** n * (2 * n + 2))
    .over(2 * n + 1);
  for (let k = 1; k <= n; k++) slope.over(2 * k);
  return slope;
});

const [square, sum] = [new DoubleDouble(), new DoubleDouble()];

/** The derivative of z Φ(z), Φ(z) + z φ(z). */
export function slopeOfNormal(z: number): number {
  if (Math.abs(z - ZERO) > AROUND_ZERO) {
    const { below, density, scale } = normal(z);
    return (below + z * density) * scale;
  }
  square.set(z).times(z);
  sum.set(0);
  for (const { high, low } of slopes) sum.times(square.high, square.low).plus(high, low);
  return sum.times(z).plus(0.5).value;
}
