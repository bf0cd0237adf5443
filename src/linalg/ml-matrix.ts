// The reference engine: ml-matrix's product, with transposes as views.
import { MatrixTransposeView } from 'ml-matrix';
import { Dense } from './dense.ts';
import type { Engine } from './engine.ts';

export const mlMatrix: Engine = {
  forward: (A, W) => Dense.from(A.mmul(new MatrixTransposeView(W))),
  weightGradient: (δ, A) => Dense.from(new MatrixTransposeView(δ).mmul(A)),
  inputGradient: (δ, W) => Dense.from(δ.mmul(W)),
};
