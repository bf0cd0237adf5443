// The error function, which JavaScript's Math lacks: the rational approximations of
// W. J. Cody, Rational Chebyshev Approximations for the Error Function, Mathematics of Computation 23 (1969).

/** A quotient of two polynomials; coefficients from the highest power down. */
interface Rational {
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

/** erf(z) / z as a function of z², for z <= NEAR. */
const near: Rational = {
  numerator: [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694],
  denominator: [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
};
const NEAR = 0.46875;

/** (1 - erf(z)) exp(z²) as a function of z, for NEAR <= z <= MIDDLE. */
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

/** erf(x) = 2/√π ∫₀ˣ exp(-t²) dt, with an absolute error below 3e-16. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z <= NEAR) return x * evaluate(near, z * z);
  return Math.sign(x) * (1 - Math.exp(-z * z) * scaledComplement(z));
}

/** (1 - erf(z)) exp(z²) for z > NEAR. */
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
