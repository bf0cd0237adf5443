// softmax and log_softmax: of each sample, over its units.
import type { Dense } from '../linalg/dense.ts';
import { exp } from '../linalg/elementwise.ts';
import { Sum } from '../linalg/sum.ts';
import type { Activation } from './activation.ts';

/** The functions of one row; `most` is the index of its largest a. */
interface Rowwise {
  /** Turns numbers exp(z_j - max z) of one row, from `start` to before `end`, into f(z). */
  finish(z: Float64Array, a: Float64Array, start: number, end: number): void;
  /** Given exp(a) in dz, if it is needed, writes ∂loss/∂z into dz. */
  pullback(da: Float64Array, a: Float64Array, dz: Float64Array): void;
  /** Given exp(a) in ra, if it is needed, writes f′(z) rz into ra. */
  pushforward(rz: Float64Array, a: Float64Array, ra: Float64Array): void;
  /** Given exp(a) in rdz, if it is needed, writes the derivative of the pullback of da along rz into rdz. */
  second(da: Float64Array, rz: Float64Array, a: Float64Array, rdz: Float64Array): void;
  readonly needsExponentials?: true;
}

/** Every direction computes the exponentials of all rows together. */
function rowwise({ finish, pullback, pushforward, second, needsExponentials }: Rowwise): Activation {
  const eachRow = (A: Dense, into: Dense, compute: (i: number, a: Float64Array, into: Float64Array) => void) => {
    if (needsExponentials) exp(A.data, into.data);
    for (let i = 0; i < into.rows; i++) compute(i, A.row(i), into.row(i));
  };
  return {
    value(Z, A) {
      const { length } = A.data;
      for (let start = 0; start < length; start += A.columns) subtractLargest(Z.data, A.data, start, start + A.columns);
      exp(A.data, A.data);
      for (let start = 0; start < length; start += A.columns) finish(Z.data, A.data, start, start + A.columns);
    },
    pullback: (dA, _Z, A, dZ) => eachRow(A, dZ, (i, a, dz) => pullback(dA.row(i), a, dz)),
    second: undefined,
    mixing: {
      pushforward: (RZ, A, RA) => eachRow(A, RA, (i, a, ra) => pushforward(RZ.row(i), a, ra)),
      second: (dA, RZ, A, RdZ) => eachRow(A, RdZ, (i, a, rdz) => second(dA.row(i), RZ.row(i), a, rdz)),
    },
  };
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

/** The index of the largest number from `start` to before `end`; of equal ones, the first. */
export function indexOfLargest(z: Float64Array, start = 0, end = z.length): number {
  let most = start;
  for (let j = start + 1; j < end; j++) if (z[j] > z[most]) most = j;
  return most;
}

/**
 * p_j (x_j - Σ_i p_i x_i), with Σ_i p_i = 1: (diag p - p pᵀ) x, into `into`. A constant may be subtracted from all x. If one p is almost
 * 1, the difference would cancel; with the x of that one as the constant, it does not.
 */
function timesCovariance(p: Float64Array, x: Float64Array, into: Float64Array): void {
  const most = indexOfLargest(p);
  const constant = p[most] > 0.75 ? x[most] : 0;
  const sum = new Sum();
  for (let j = 0; j < p.length; j++) sum.add((x[j] - constant) * p[j]);
  for (let j = 0; j < p.length; j++) into[j] = p[j] * (x[j] - constant - sum.value);
}

/** factor · (diag p - p pᵀ) x, into `into`, which holds p before. */
export function timesLogitCurvature(x: Float64Array, factor: number, into: Float64Array): void {
  timesCovariance(into, x, into);
  for (let j = 0; j < into.length; j++) into[j] *= factor;
}

export const softmax: Activation = rowwise({
  finish: finishSoftmax,
  // The Jacobian is symmetric.
  pullback: (da, a, dz) => timesCovariance(a, da, dz),
  pushforward: (rz, a, ra) => timesCovariance(a, rz, ra),
  // With ra = a_j (rz_j - Σ a rz): ra_j (da_j - Σ a da) - a_j Σ_i ra_i da_i. As Σ ra = 0, a constant may be subtracted here, too.
  second(da, rz, a, rdz) {
    const most = indexOfLargest(a);
    const constant = a[most] > 0.75 ? da[most] : 0;
    timesCovariance(a, rz, rdz);
    const mean = new Sum();
    const change = new Sum();
    for (let j = 0; j < a.length; j++) {
      mean.add(a[j] * (da[j] - constant));
      change.add(rdz[j] * (da[j] - constant));
    }
    for (let j = 0; j < a.length; j++) rdz[j] = rdz[j] * (da[j] - constant - mean.value) - a[j] * change.value;
  },
});

export const logSoftmaxActivation: Activation = rowwise({
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
  // rz_j - Σ_i exp(a_i) rz_i; as the exponentials add up to 1, relative to the rz of the largest one.
  pushforward(rz, a, ra) {
    const constant = rz[indexOfLargest(a)];
    const mean = new Sum();
    for (let j = 0; j < a.length; j++) mean.add(ra[j] * (rz[j] - constant));
    for (let j = 0; j < a.length; j++) ra[j] = rz[j] - constant - mean.value;
  },
  // The derivative of exp(a_j), times -Σ_i da_i.
  second(da, rz, _a, rdz) {
    const sum = new Sum();
    for (let j = 0; j < da.length; j++) sum.add(da[j]);
    timesLogitCurvature(rz, -sum.value, rdz);
  },
});
