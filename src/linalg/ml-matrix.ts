// The reference engine: ml-matrix's product, with transposes as views.
import { MatrixTransposeView } from 'ml-matrix';
import { Dense } from './dense.ts';
import type { Engine } from './engine.ts';

export const mlMatrix: Engine = {
  forward(A, W, b) {
    const Z = A.mmul(new MatrixTransposeView(W));
    return Dense.from(b ? Z.addRowVector(Array.from(b)) : Z);
  },
  weightGradient: (δ, A) => Dense.from(new MatrixTransposeView(δ).mmul(A)),
  inputGradient: (δ, W) => Dense.from(δ.mmul(W)),
};
