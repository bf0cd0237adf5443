// Finds out whether all values of an array of numbers are wrong in the same way: then it has one error, and not one per value.
import type { TSchema } from '@sinclair/typebox';
import { dimensionsOf, itemOf } from '../../schemas/numbers.ts';
import { wrongThroughout } from './error-texts.ts';

type Kind = 'right' | 'number' | 'string' | 'boolean' | 'null' | 'list' | 'object';

/** If so many values are wrong in the same way, the others are taken to be, too. It bounds the time for a long list. */
const ENOUGH_VALUES = 1000;

/** The values at one depth of nested lists. */
interface Level {
  count: number;
  first: unknown;
  kind: Kind;
}

export class Survey {
  readonly #schema: TSchema;
  /** The items of the list and, for a matrix, those of its rows. */
  readonly #levels: readonly Level[];
  readonly #accepts: (value: unknown) => boolean;
  #isMixed = false;

  /** For an array by this schema, of one or two dimensions. */
  constructor(schema: TSchema) {
    this.#schema = schema;
    this.#levels = Array.from({ length: dimensionsOf(schema) }, () => ({ count: 0, first: undefined, kind: 'right' }));
    this.#accepts = itemOf(schema).type === 'integer' ? Number.isInteger : Number.isFinite;
  }

  /** Whether no value has been added at this depth. */
  isFirst(depth: number): boolean {
    return this.#levels[depth].count === 0;
  }

  /**
   * Adds a value at a depth: 0 for the items of the list. Only of the first value more than its type counts.
   * Returns whether there is more to find out.
   */
  add(depth: number, value: unknown): boolean {
    const level = this.#levels[depth];
    const kind = this.#kindOf(depth, value);
    if (level.count++ === 0) {
      level.first = value;
      level.kind = kind;
    }
    this.#isMixed = level.kind !== kind || (kind === 'right' && !this.#isRow(depth));
    return !this.#isMixed && level.count < ENOUGH_VALUES;
  }

  /** Adds the values of nested lists, until there is nothing more to find out. */
  addAll(values: readonly unknown[] | Float64Array, depth = 0): boolean {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!this.add(depth, value)) return false;
      if (Array.isArray(value) && this.#isRow(depth) && !this.addAll(value, depth + 1)) return false;
    }
    return true;
  }

  /** The error text for the whole list; undefined if its values are not all wrong in the same way, or if there is only one. */
  fault(): string | undefined {
    if (this.#isMixed) return undefined;
    const [rows, items] = this.#levels;
    if (!items || rows.kind !== 'right') return faultOf(rows, this.#schema.items);
    if (items.count > 0) return faultOf(items, itemOf(this.#schema));
    return rows.count > 1 ? 'expected at least 1 number in each row, got only empty rows' : undefined;
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

/** The error text for a list that is wrong in the same way throughout; undefined for any other list. */
export function faultThroughout(schema: TSchema, list: readonly unknown[] | Float64Array): string | undefined {
  const survey = new Survey(schema);
  survey.addAll(list);
  return survey.fault();
}

function faultOf({ count, kind, first }: Level, item: TSchema): string | undefined {
  return count > 1 ? wrongThroughout(item, kind, first) : undefined;
}
