// Finds out whether all values of an array of numbers are wrong in the same way: then it has one error, and not one per value.
import type { TSchema } from '@sinclair/typebox';
import { dimensionsOf, itemOf } from '../../schemas/numbers.ts';
import { wrongThroughout } from './error-texts.ts';

type Kind = 'right' | 'number' | 'string' | 'boolean' | 'null' | 'list' | 'object';

/** The values at one depth of nested lists. */
interface Level {
  count: number;
  first: unknown;
  kind: Kind | 'mixed';
}

export class Survey {
  readonly #schema: TSchema;
  /** The items of the list and, for a matrix, those of its rows. */
  readonly #levels: readonly Level[];
  #hasEmptyRow = false;
  readonly #accepts: (value: unknown) => boolean;

  /** For an array by this schema, of one or two dimensions. */
  constructor(schema: TSchema) {
    this.#schema = schema;
    this.#levels = Array.from({ length: dimensionsOf(schema) }, () => ({ count: 0, first: undefined, kind: 'right' }));
    this.#accepts = itemOf(schema).type === 'integer' ? Number.isInteger : Number.isFinite;
  }

  /** Whether there are different kinds of values: then there is nothing more to find out. */
  get isMixed(): boolean {
    return this.#levels.some(({ kind }) => kind === 'mixed');
  }

  /** Whether all values are as the schema says. */
  get isRight(): boolean {
    return !this.#hasEmptyRow && this.#levels.every(({ kind }) => kind === 'right');
  }

  /** Whether no value has been added at this depth. */
  isFirst(depth: number): boolean {
    return this.#levels[depth].count === 0;
  }

  /** Adds a value at a depth: 0 for the items of the list. Only of the first value more than its type counts. */
  add(depth: number, value: unknown): void {
    const level = this.#levels[depth];
    const kind = this.#kindOf(depth, value);
    if (level.count++ === 0) {
      level.first = value;
      level.kind = kind;
    } else if (level.kind !== kind) level.kind = 'mixed';
  }

  addEmptyRow(): void {
    this.#hasEmptyRow = true;
  }

  /** Adds all values of nested lists. */
  addAll(values: readonly unknown[] | Float64Array, depth = 0): this {
    for (let i = 0; i < values.length && !this.isMixed; i++) {
      const value = values[i];
      this.add(depth, value);
      if (!Array.isArray(value) || !this.#isRow(depth)) continue;
      if (value.length === 0) this.addEmptyRow();
      this.addAll(value, depth + 1);
    }
    return this;
  }

  /** The error text for the whole list; undefined if its values are not all wrong in the same way, or if there is only one. */
  fault(): string | undefined {
    if (this.isMixed) return undefined;
    const [rows, items] = this.#levels;
    if (items && rows.kind === 'right') {
      if (items.count > 0) return faultOf(items, itemOf(this.#schema));
      return rows.count > 1 ? `expected at least 1 number in each row, got ${rows.count} empty rows` : undefined;
    }
    return faultOf(rows, this.#schema.items);
  }

  #isRow(depth: number): boolean {
    return depth + 1 < this.#levels.length;
  }

  #kindOf(depth: number, value: unknown): Kind {
    if (Array.isArray(value)) return this.#isRow(depth) ? 'right' : 'list';
    if (typeof value === 'number') return !this.#isRow(depth) && this.#accepts(value) ? 'right' : 'number';
    return value === null ? 'null' : (typeof value as Kind);
  }
}

function faultOf({ count, kind, first }: Level, item: TSchema): string | undefined {
  return count > 1 && kind !== 'right' ? wrongThroughout(item, kind, first) : undefined;
}
