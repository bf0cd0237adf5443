// The reference engine: the product of ml-matrix, with transposes as views.
import { type AbstractMatrix, MatrixColumnSelectionView, MatrixTransposeView } from 'ml-matrix';
import type { Scratch } from '../memory/scratch.ts';
import { byBlocks } from './blocks.ts';
import type { Dense } from './dense.ts';
import { type Engine, engineOf, type Parts } from './engine.ts';

const parts: Parts = {
  forward(A, W, b, C, first, end) {
    const Z = A.mmul(new MatrixTransposeView(W.rowsFrom(first, end)));
    copy(b ? Z.addRowVector(Array.from(b.subarray(first, end))) : Z, C, 0, first);
  },
  weightGradient(δ, A, C, first, end) {
    copy(new MatrixTransposeView(columnsOf(δ, first, end)).mmul(A), C, first, 0);
  },
  inputGradient(δ, W, C, first, end) {
    copy(δ.mmul(columnsOf(W, first, end)), C, 0, first);
  },
};

export function mlMatrix(scratch: Scratch): Engine {
  return byBlocks(engineOf(parts, scratch), false);
}

function columnsOf(matrix: Dense, first: number, end: number): AbstractMatrix {
  const indices = Array.from({ length: end - first }, (_, i) => first + i);
  return indices.length === matrix.columns ? matrix : new MatrixColumnSelectionView(matrix, indices);
}

/** Writes a matrix into C, its first element at (i, j). */
function copy(matrix: AbstractMatrix, C: Dense, i: number, j: number): void {
  for (let row = 0; row < matrix.rows; row++)
    for (let column = 0; column < matrix.columns; column++) C.set(i + row, j + column, matrix.get(row, column));
}
