// The dense matrix: every ml-matrix operation, on one flat buffer that a BLAS can take as it is.
import { AbstractMatrix } from 'ml-matrix';
import { TENSOR, type Tensor } from '../../schemas/numbers.ts';
import { scratch } from '../memory/scratch.ts';

/** A row-major float64 matrix, rows x columns: element (i, j) is `data[i * columns + j]`. */
export class Dense extends AbstractMatrix {
  override readonly rows: number;
  override readonly columns: number;
  readonly data: Float64Array;
  declare readonly [TENSOR]: true;

  static {
    Object.defineProperty(Dense.prototype, TENSOR, { value: true });
  }

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
    // TypedArray.set takes several times longer to copy a list of numbers.
    for (let i = 0, at = 0; i < rows.length; i++) {
      const row = rows[i];
      for (let j = 0; j < row.length; j++) matrix.data[at++] = row[j];
    }
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

  /** A matrix with any numbers at all, which lives no longer than its request. */
  static scratch(rows: number, columns: number): Dense {
    return new Dense(rows, columns, scratch(rows * columns));
  }

  /** The same with `row` in every row. */
  static repeat(row: Float64Array, rows: number): Dense {
    const columns = row.length;
    const matrix = Dense.scratch(rows, columns);
    matrix.data.set(row);
    for (let n = columns; n < matrix.data.length; n *= 2) matrix.data.copyWithin(n, 0, n);
    return matrix;
  }

  /** The sum of all rows. */
  sumOfRows(): Float64Array {
    const { rows, columns, data } = this;
    const sum = new Float64Array(columns);
    // Four rows at a time: what is slow is to read and write the sums.
    const whole = rows - (rows % 4);
    for (let i = 0; i < whole; i += 4) {
      for (let j = 0, at = i * columns; j < columns; j++, at++)
        sum[j] += data[at] + data[at + columns] + (data[at + 2 * columns] + data[at + 3 * columns]);
    }
    for (let i = whole, at = whole * columns; i < rows; i++) for (let j = 0; j < columns; j++, at++) sum[j] += data[at];
    return sum;
  }

  /** Row i as a view, not a copy. */
  row(i: number): Float64Array {
    return this.data.subarray(i * this.columns, (i + 1) * this.columns);
  }
}
