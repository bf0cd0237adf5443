// The three products as plain loops, for matrices so small that a call to a library or to WebAssembly would cost more.
import type { Scratch } from '../memory/scratch.ts';
import { Dense } from './dense.ts';
import type { Engine, Products } from './engine.ts';

/** The products as loops, with their results in `scratch`. */
export function byLoops(scratch: Scratch): Products {
  return {
    forward(A, W, b) {
      const n = A.columns;
      const C = Dense.in(scratch, A.rows, W.rows);
      const [a, w, c] = [A.data, W.data, C.data];
      for (let i = 0, at = 0; i < A.rows; i++) {
        for (let j = 0; j < W.rows; j++) {
          let sum = 0;
          for (let p = 0, from = i * n, to = j * n; p < n; p++) sum += a[from++] * w[to++];
          c[at++] = b ? sum + b[j] : sum;
        }
      }
      return C;
    },
    weightGradient(δ, A, C = Dense.in(scratch, δ.columns, A.columns)) {
      const [d, a, c] = [δ.data, A.data, C.data];
      for (let o = 0, at = 0; o < C.rows; o++) {
        for (let i = 0; i < C.columns; i++) {
          let sum = 0;
          for (let from = o, to = i; to < a.length; from += C.rows, to += C.columns) sum += d[from] * a[to];
          c[at++] = sum;
        }
      }
      return C;
    },
    inputGradient(δ, W) {
      const C = Dense.in(scratch, δ.rows, W.columns);
      const [d, w, c] = [δ.data, W.data, C.data];
      for (let s = 0, at = 0; s < δ.rows; s++) {
        for (let i = 0; i < W.columns; i++) {
          let sum = 0;
          for (let from = s * W.rows, to = i; to < w.length; from++, to += W.columns) sum += d[from] * w[to];
          c[at++] = sum;
        }
      }
      return C;
    },
  };
}

/** An engine that uses loops for products of at most `most` multiplications, and `engine` for larger ones. */
export function byLoopsUpTo(most: number, engine: Engine): Engine {
  const loops = byLoops(engine.scratch);
  return {
    ...engine,
    forward: (A, W, b) => (A.rows * A.columns * W.rows <= most ? loops : engine).forward(A, W, b),
    weightGradient: (δ, A, into) => (A.rows * A.columns * δ.columns <= most ? loops : engine).weightGradient(δ, A, into),
    inputGradient: (δ, W) => (δ.rows * W.rows * W.columns <= most ? loops : engine).inputGradient(δ, W),
  };
}
