// The dense matrix: every ml-matrix operation, on one flat buffer that a BLAS can take as it is.
import { AbstractMatrix } from 'ml-matrix';
import type { Tensor } from '../../schemas/numbers.ts';

/** A row-major float64 matrix, rows x columns: element (i, j) is `data[i * columns + j]`. */
export class Dense extends AbstractMatrix {
  override readonly rows: number;
  override readonly columns: number;
  readonly data: Float64Array;

  constructor(rows: number, columns: number, data: Float64Array = new Float64Array(rows * columns)) {
    super();
    this.rows = rows;
    this.columns = columns;
    this.data = data;
  }

  /** A tensor of two dimensions as a matrix, on the same numbers. */
  static of({ shape: [rows, columns], data }: Tensor): Dense {
    return new Dense(rows, columns, data);
  }

  /** A copy of `rows`, which must all have the length of the first. */
  static fromRows(rows: readonly ArrayLike<number>[]): Dense {
    const matrix = new Dense(rows.length, rows[0].length);
    for (let i = 0; i < rows.length; i++) matrix.data.set(rows[i], i * matrix.columns);
    return matrix;
  }

  /** A copy of any ml-matrix matrix. */
  static from(matrix: AbstractMatrix): Dense {
    const copy = new Dense(matrix.rows, matrix.columns);
    for (let i = 0, at = 0; i < matrix.rows; i++) {
      for (let j = 0; j < matrix.columns; j++) copy.data[at++] = matrix.get(i, j);
    }
    return copy;
  }

  get shape(): [number, number] {
    return [this.rows, this.columns];
  }

  override get(row: number, column: number): number {
    return this.data[row * this.columns + column];
  }

  override set(row: number, column: number, value: number): this {
    this.data[row * this.columns + column] = value;
    return this;
  }

  /** A matrix with `row` in every row; zeros, if there is none. */
  static repeat(row: Float64Array | undefined, rows: number, columns: number): Dense {
    const matrix = new Dense(rows, columns);
    if (!row) return matrix;
    matrix.data.set(row);
    for (let n = columns; n < matrix.data.length; n *= 2) matrix.data.copyWithin(n, 0, n);
    return matrix;
  }

  /** The sum of all rows. */
  sumOfRows(): Float64Array {
    const sum = new Float64Array(this.columns);
    for (let at = 0; at < this.data.length; ) for (let j = 0; j < sum.length; j++) sum[j] += this.data[at++];
    return sum;
  }

  /** Row i as a view, not a copy. */
  row(i: number): Float64Array {
    return this.data.subarray(i * this.columns, (i + 1) * this.columns);
  }
}
