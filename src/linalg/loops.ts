// The three products as plain loops: for matrices so small that a call out of JavaScript costs more than the work.
import { Dense } from './dense.ts';
import type { Engine, Products } from './engine.ts';

export const byLoops: Products = {
  forward(A, W, b) {
    const n = A.columns;
    const C = new Dense(A.rows, W.rows);
    for (let i = 0, at = 0; i < A.rows; i++) {
      for (let j = 0; j < W.rows; j++) {
        let sum = 0;
        for (let p = 0, a = i * n, w = j * n; p < n; p++) sum += A.data[a++] * W.data[w++];
        C.data[at++] = b ? sum + b[j] : sum;
      }
    }
    return C;
  },
  weightGradient(δ, A) {
    const C = new Dense(δ.columns, A.columns);
    for (let s = 0; s < A.rows; s++) addOuterProduct(δ, s * δ.columns, A, s * A.columns, C);
    return C;
  },
  inputGradient(δ, W) {
    const C = new Dense(δ.rows, W.columns);
    for (let s = 0, d = 0; s < δ.rows; s++) {
      for (let o = 0, w = 0; o < W.rows; o++, d++) {
        for (let i = 0, at = s * C.columns; i < C.columns; i++) C.data[at++] += δ.data[d] * W.data[w++];
      }
    }
    return C;
  },
};

/** Adds to C the product of the column that begins at δ[d] and the row that begins at A[a]. */
function addOuterProduct(δ: Dense, d: number, A: Dense, a: number, C: Dense): void {
  for (let o = 0, at = 0; o < C.rows; o++) {
    const factor = δ.data[d + o];
    for (let i = 0; i < C.columns; i++) C.data[at++] += factor * A.data[a + i];
  }
}

/** The engine, but for products of at most `most` multiplications, which are done in place. */
export function byLoopsUpTo(most: number, engine: Engine): Engine {
  return {
    ...engine,
    forward: (A, W, b) => (A.rows * A.columns * W.rows <= most ? byLoops : engine).forward(A, W, b),
    weightGradient: (δ, A) => (A.rows * A.columns * δ.columns <= most ? byLoops : engine).weightGradient(δ, A),
    inputGradient: (δ, W) => (δ.rows * W.rows * W.columns <= most ? byLoops : engine).inputGradient(δ, W),
  };
}
