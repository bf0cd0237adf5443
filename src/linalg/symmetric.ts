// Systems of linear equations with a symmetric matrix whose diagonal is shifted.
import { LuDecomposition, Matrix } from 'ml-matrix';
import { Dense } from './dense.ts';
import { residual, Sum } from './sum.ts';

/** How often a solution is improved by its residual, which is computed with twice the precision. */
const REFINEMENTS = 2;

type Solve = (right: Float64Array) => Float64Array;

/** x with (M + shift I) x = right, for a symmetric M; undefined if the matrix is singular within rounding. */
export function solveShifted(M: Dense, shift: number, right: Float64Array): Float64Array | undefined {
  const shifted = new Dense(M.rows, M.columns, M.data.slice());
  for (let i = 0; i < M.rows; i++) shifted.data[i * (M.columns + 1)] += shift;
  const solve = byCholesky(shifted) ?? byLu(shifted);
  if (!solve) return undefined;
  const x = solve(right);
  for (let n = 0; n < REFINEMENTS; n++) {
    const correction = solve(residualOf(M, shift, x, right));
    for (let i = 0; i < x.length; i++) x[i] += correction[i];
  }
  return x;
}

/** right - (M + shift I) x. */
function residualOf({ data, columns }: Dense, shift: number, x: Float64Array, right: Float64Array): Float64Array {
  return right.map((b, i) => {
    const sum = new Sum();
    const subtract = (m: number, x: number) => {
      const product = m * x;
      sum.add(-product);
      sum.add(-residual(m, x, product));
    };
    sum.add(b);
    for (let j = 0; j < columns; j++) subtract(data[i * columns + j], x[j]);
    subtract(shift, x[i]);
    return sum.value;
  });
}

/** The smallest pivot that is told from 0, relative to the largest. */
function leastPivot(size: number): number {
  return size * Number.EPSILON;
}

/** A solver by the Cholesky decomposition L Lᵀ; undefined unless the matrix is positive definite beyond rounding. */
function byCholesky({ data, rows: n }: Dense): Solve | undefined {
  const L = new Float64Array(n * n);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, data[i * n + i]);
  const least = leastPivot(n) * largest;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) L[i * n + j] = (data[i * n + j] - dot(L, i * n, j * n, j)) / L[j * n + j];
    const pivot = data[i * n + i] - dot(L, i * n, i * n, i);
    if (!(pivot > least)) return undefined;
    L[i * n + i] = Math.sqrt(pivot);
  }
  return (right) => {
    const x = right.slice();
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) x[i] -= L[i * n + j] * x[j];
      x[i] /= L[i * n + i];
    }
    for (let i = n - 1; i >= 0; i--) {
      x[i] /= L[i * n + i];
      for (let j = 0; j < i; j++) x[j] -= L[i * n + j] * x[i];
    }
    return x;
  };
}

/** The scalar product of n numbers from `a` and from `b` on. */
function dot(data: Float64Array, a: number, b: number, n: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  const whole = n - (n % 4);
  for (let k = 0; k < whole; k += 4) {
    s += data[a + k] * data[b + k];
    t += data[a + k + 1] * data[b + k + 1];
    u += data[a + k + 2] * data[b + k + 2];
    v += data[a + k + 3] * data[b + k + 3];
  }
  for (let k = whole; k < n; k++) s += data[a + k] * data[b + k];
  return s + t + (u + v);
}

/** A solver by the LU decomposition with pivots; undefined if the matrix is singular within rounding. */
function byLu(matrix: Dense): Solve | undefined {
  const lu = new LuDecomposition(matrix);
  const pivots = lu.upperTriangularMatrix.diagonal().map(Math.abs);
  if (!(Math.min(...pivots) > leastPivot(matrix.rows) * Math.max(...pivots))) return undefined;
  return (right) => Float64Array.from(lu.solve(Matrix.columnVector(right)).to1DArray());
}
