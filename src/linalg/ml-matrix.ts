// The reference engine: the product of ml-matrix, with transposes as views.
import { MatrixTransposeView } from 'ml-matrix';
import type { Scratch } from '../memory/scratch.ts';
import { Dense } from './dense.ts';
import type { Engine } from './engine.ts';

export function mlMatrix(scratch: Scratch): Engine {
  return {
    scratch,
    forward(A, W, b) {
      const Z = A.mmul(new MatrixTransposeView(W));
      return Dense.from(b ? Z.addRowVector(Array.from(b)) : Z);
    },
    weightGradient: (δ, A) => Dense.from(new MatrixTransposeView(δ).mmul(A)),
    inputGradient: (δ, W) => Dense.from(δ.mmul(W)),
  };
}
