// Matrices as the page looks at them: numbers by row and column, wherever they are kept.

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  at(row: number, column: number): number;
}

/** Rows of equal length, as they are in requests and answers. */
export function matrix(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0]?.length ?? 0, at: (i, j) => rows[i][j] };
}

/** A list as a matrix of one row. */
export function rowOf(values: readonly number[]): Matrix {
  return { rows: 1, columns: values.length, at: (_, j) => values[j] };
}

/** The same numbers, rows as columns. */
export function transposed({ rows, columns, at }: Matrix): Matrix {
  return { rows: columns, columns: rows, at: (i, j) => at(j, i) };
}

/** What a matrix of the given size has at each place, computed when it is asked for. */
export function computedMatrix(rows: number, columns: number, at: (row: number, column: number) => number): Matrix {
  return { rows, columns, at };
}

export interface Extent {
  readonly least: number;
  readonly greatest: number;
  /** The greatest absolute value. */
  readonly largest: number;
  /** The square root of the sum of squares. */
  readonly norm: number;
}

/** How far the numbers of a matrix go; those that are not finite count for nothing. */
export function extentOf({ rows, columns, at }: Matrix): Extent {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = at(i, j);
      if (!Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
  }
  if (least > greatest) return { least: 0, greatest: 0, largest: 0, norm: 0 };
  const largest = Math.max(-least, greatest);
  // By the largest, so that no square vanishes or overflows.
  let sum = 0;
  for (let i = 0; largest > 0 && i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = at(i, j) / largest;
      if (Number.isFinite(value)) sum += value * value;
    }
  }
  return { least, greatest, largest, norm: largest * Math.sqrt(sum) };
}

/** A number in few characters, with as many digits that count; `all` writes every digit of the float64. */
export function short(value: number, digits: number | 'all' = 3): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const count = digits === 'all' ? 17 : digits;
  const text =
    digits === 'all' ? `${value}` : size >= 1e5 || size < 1e-3 ? value.toExponential(count - 1) : value.toPrecision(count);
  // More digits before the point than are wanted.
  const plain = text.includes('e') && size >= 1e-3 && size < 1e5 ? `${Math.round(value)}` : text;
  const [mantissa, power] = plain.split('e');
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return `${trimmed}${power === undefined ? '' : `e${power.replace('+', '')}`}`.replaceAll('-', '−');
}
