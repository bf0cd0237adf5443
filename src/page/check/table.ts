// A matrix that is printed without brackets, row by row; wide ones in several blocks of columns.
import type { Value } from './brackets.ts';
import type { Printed } from './printed.ts';

export class Table {
  readonly kind: 'R matrix' | 'R vector' | 'plain';
  readonly name: string | undefined;
  readonly rows: Printed[][] = [];
  /** What all numbers are to be multiplied by: MATLAB's 1.0e-03 *. */
  scale = 1;
  /** Whether trailing zeros are left out, as in CSV. */
  trimmed = false;
  /** The row of a further block that comes next. */
  #next: number | undefined;
  #paused = false;

  constructor(kind: Table['kind'], name: string | undefined) {
    this.kind = kind;
    this.name = name;
  }

  /** After an empty line, rows are those of another matrix, unless a block of columns is announced. */
  pause(): void {
    this.#paused = this.rows.length > 0 && this.#next !== 0;
  }

  get continues(): boolean {
    return !this.#paused;
  }

  /** Whether the rows of a further block are being read. */
  get isInBlock(): boolean {
    return this.#next !== undefined;
  }

  nextBlock(): void {
    this.#paused = false;
    this.#next = 0;
  }

  row(numbers: readonly Printed[], trimmed = false): void {
    this.trimmed ||= trimmed;
    if (this.#next === undefined) this.rows.push([...numbers]);
    else {
      this.rows[this.#next]?.push(...numbers);
      this.#next += 1;
    }
  }

  /** A vector of R is printed over several lines. */
  value(): Value {
    if (this.kind === 'R vector') return this.rows.flat();
    return this.rows;
  }
}
