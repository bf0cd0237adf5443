// A dense matrix with all operations of ml-matrix, in one flat buffer that can be passed to a BLAS.
import { AbstractMatrix } from 'ml-matrix';
import { TENSOR, type Tensor } from '../../schemas/numbers.ts';
import type { Scratch } from '../memory/scratch.ts';
import { addCompensated, compensate } from './sum.ts';

/** The most rows to sum without compensation: the rounding error of so few is a few units in the last place. */
const BLOCK_ROWS = 64;

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

  /** A two-dimensional tensor as a matrix; shares its data. */
  static of({ shape: [rows, columns], data }: Tensor): Dense {
    return new Dense(rows, columns, data);
  }

  /** A copy of `rows`, which must all have the length of the first. */
  static fromRows(rows: readonly ArrayLike<number>[]): Dense {
    const matrix = new Dense(rows.length, rows[0].length);
    // For a list of numbers, TypedArray.set would take several times longer.
    for (let i = 0, at = 0; i < rows.length; i++) {
      const row = rows[i];
      for (let j = 0; j < row.length; j++) matrix.data[at++] = row[j];
    }
    return matrix;
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

  /** An uninitialized matrix in scratch memory, valid until the end of the request. */
  static in(scratch: Scratch, rows: number, columns: number): Dense {
    return new Dense(rows, columns, scratch.take(rows * columns));
  }

  /** The sum of all rows. Blocks of rows are summed plainly, and the sums of blocks with compensation (Neumaier's algorithm). */
  sumOfRows(scratch: Scratch): Float64Array {
    const { rows, columns } = this;
    const sum = scratch.filled(columns, 0);
    if (rows <= BLOCK_ROWS) {
      this.#addRows(0, rows, sum);
      return sum;
    }
    const lost = scratch.filled(columns, 0);
    const part = scratch.take(columns);
    for (let first = 0; first < rows; first += BLOCK_ROWS) {
      part.fill(0);
      this.#addRows(first, Math.min(rows, first + BLOCK_ROWS), part);
      addCompensated(part, sum, lost);
    }
    compensate(sum, lost);
    return sum;
  }

  /** Adds the rows from `first` to `end` to `sum`. */
  #addRows(first: number, end: number, sum: Float64Array): void {
    const { columns, data } = this;
    // Four rows at a time, to read and write the sums less often.
    const whole = end - ((end - first) % 4);
    for (let i = first; i < whole; i += 4) {
      for (let j = 0, at = i * columns; j < columns; j++, at++)
        sum[j] += data[at] + data[at + columns] + (data[at + 2 * columns] + data[at + 3 * columns]);
    }
    for (let i = whole, at = whole * columns; i < end; i++) for (let j = 0; j < columns; j++, at++) sum[j] += data[at];
  }

  /** The rows from `first` to `end` as a view. */
  rowsFrom(first: number, end: number): Dense {
    if (first === 0 && end === this.rows) return this;
    return new Dense(end - first, this.columns, this.data.subarray(first * this.columns, end * this.columns));
  }

  /** The transpose. */
  transposed(): Dense {
    return this.columnsAsRows(0, this.columns, new Dense(this.columns, this.rows));
  }

  /** The transpose of the columns from `first` to `end`, written into `copy`. */
  columnsAsRows(first: number, end: number, copy: Dense): Dense {
    const { rows, columns, data } = this;
    for (let j = first, at = 0; j < end; j++) for (let i = 0; i < rows; i++) copy.data[at++] = data[i * columns + j];
    return copy;
  }

  /** Row i as a view, not a copy. */
  row(i: number): Float64Array {
    return this.data.subarray(i * this.columns, (i + 1) * this.columns);
  }
}

/** Writes `row`, the same in every row, into the columns of C from `first` to before `end`. */
export function fillColumns(C: Dense, row: Float64Array, first: number, end: number): void {
  const { data, rows, columns } = C;
  if (end - first < columns) {
    const part = row.subarray(first, end);
    for (let i = 0; i < rows; i++) data.set(part, i * columns + first);
    return;
  }
  data.set(row);
  for (let n = columns; n < data.length; n *= 2) data.copyWithin(n, 0, n);
}
