// The reference engine: the product of ml-matrix, with transposes as views.
import { MatrixTransposeView } from 'ml-matrix';
import type { Scratch } from '../memory/scratch.ts';
import { byBlocks } from './blocks.ts';
import { Dense } from './dense.ts';
import type { Engine } from './engine.ts';

export function mlMatrix(scratch: Scratch): Engine {
  const engine: Engine = {
    scratch,
    forward(A, W, b) {
      const Z = A.mmul(new MatrixTransposeView(W));
      return Dense.from(b ? Z.addRowVector(Array.from(b)) : Z);
    },
    weightGradient(δ, A, into = Dense.in(scratch, δ.columns, A.columns)) {
      into.data.set(Dense.from(new MatrixTransposeView(δ).mmul(A)).data);
      return into;
    },
    inputGradient: (δ, W) => Dense.from(δ.mmul(W)),
  };
  return byBlocks(engine, false);
}
