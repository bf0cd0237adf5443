// The dense matrix and the products, compared with ml-matrix.
import t from 'tap';
import { isTensor } from '../../schemas/numbers.ts';
import { Dense } from '../../src/linalg/dense.ts';
import { mlMatrix as makeMlMatrix } from '../../src/linalg/ml-matrix.ts';
import { Scratch } from '../../src/memory/scratch.ts';

const mlMatrix = makeMlMatrix(new Scratch());

const A = Dense.fromRows([
  [1, 2, 3],
  [4, 5, 6],
]);
const W = Dense.fromRows([
  [1, 0, -1],
  [2, 2, 2],
  [0, 1, 0],
  [3, 0, 1],
]);

t.test('row-major storage', async (t) => {
  t.strictSame([...A.data], [1, 2, 3, 4, 5, 6]);
  t.strictSame(A.shape, [2, 3]);
  t.equal(A.get(1, 0), 4);
  t.strictSame([...A.row(1)], [4, 5, 6]);
  A.row(0)[0] = 7;
  t.equal(A.get(0, 0), 7, 'a row is a view');
  t.equal(A.set(0, 0, 1).get(0, 0), 1);
  t.ok(isTensor(A));
  t.notOk(isTensor(A.data));
  t.notOk(isTensor(null));
});

t.test('the operations of ml-matrix', async (t) => {
  t.strictSame(
    Dense.fromRows([[1, 2]])
      .mul(2)
      .to2DArray(),
    [[2, 4]],
  );
  t.strictSame(A.sum('column'), [5, 7, 9]);
  t.strictSame(A.transpose().to2DArray(), [
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  t.strictSame(A.mmul(A.transpose()).to2DArray(), [
    [14, 32],
    [32, 77],
  ]);
});

t.test('the three products of backpropagation', async (t) => {
  const δ = Dense.fromRows([
    [1, 0, 2, 0],
    [0, -1, 0, 1],
  ]);
  t.strictSame(mlMatrix.forward(A, W).to2DArray(), A.mmul(W.transpose()).to2DArray());
  t.strictSame(mlMatrix.forward(A, W).to2DArray(), [
    [-2, 12, 2, 6],
    [-2, 30, 5, 18],
  ]);
  t.strictSame(mlMatrix.weightGradient(δ, A).to2DArray(), [
    [1, 2, 3],
    [-4, -5, -6],
    [2, 4, 6],
    [4, 5, 6],
  ]);
  t.strictSame(mlMatrix.inputGradient(δ, W).to2DArray(), [
    [1, 2, -1],
    [1, -2, -1],
  ]);
  for (const product of [mlMatrix.forward(A, W), mlMatrix.weightGradient(δ, A), mlMatrix.inputGradient(δ, W)])
    t.ok(product instanceof Dense);
});

t.test('the sum of all rows, whether their number is a multiple of four or not', async (t) => {
  for (let rows = 1; rows <= 9; rows++) {
    const matrix = new Dense(
      rows,
      3,
      Float64Array.from({ length: rows * 3 }, (_, i) => i),
    );
    // 0 + 3 + 6 and so on; the other columns have 1 and 2 more in each row.
    const first = (3 * rows * (rows - 1)) / 2;
    t.strictSame([...matrix.sumOfRows(new Scratch())], [first, first + rows, first + 2 * rows]);
  }
});
