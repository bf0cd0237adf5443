// Arrays in brackets: JSON, Python's lists, what NumPy and PyTorch print, MATLAB's [1 2; 3 4], Go, Rust, Julia.
import { PasteFault } from './fault.ts';
import { NUMBER, type Printed, printed } from './printed.ts';

export type Value = Printed | readonly Value[] | ReadonlyMap<string, Value>;

/** A name and what it names, as in ('0.weight', tensor(…)). */
type Pair = readonly [name: string, value: Value];

/** What may stand in brackets. Strings are names, or nothing for this. */
type Item = Value | Pair | string;

const CLOSING: Record<string, string> = { '[': ']', '(': ')', '{': '}' };

const WORD = /[A-Za-z_][\w.]*/y;
const STRING = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y;
const SPACE = /\s*/y;
/** What is no part of an array: dtype=float32, grad_fn=<MulBackward0>. */
const OPTION = /\s*\w+\s*=\s*(?:<[^>]*>|"[^"]*"|'[^']*'|[\w.]+)/y;
const AT_NUMBER = new RegExp(NUMBER.source, 'y');

/** What stands in place of numbers that were left out. */
export const ELLIPSIS = /\.\.\.|…|⋮|⋯|⋱/;
const AT_ELLIPSIS = new RegExp(ELLIPSIS.source, 'y');

/** Reads the array, number or record that begins at `at`. @throws PasteFault that names it. */
export function readValue(text: string, at: number, name: string | undefined): { value: Value; end: number } {
  const reader = new Reader(text, at, name);
  const [value] = reader.values([reader.item()]);
  return { value, end: reader.at };
}

class Reader {
  at: number;
  readonly #text: string;
  /** Of what is being read, for faults. */
  #name: string | undefined;

  constructor(text: string, at: number, name: string | undefined) {
    this.#text = text;
    this.at = at;
    this.#name = name;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  /** Whether the next character is one of these, which is then read. */
  #take(characters: string): boolean {
    this.#match(SPACE);
    if (this.at >= this.#text.length || !characters.includes(this.#text[this.at])) return false;
    this.at += 1;
    return true;
  }

  item(): Item {
    this.#match(SPACE);
    const name = this.#name;
    if (this.#match(AT_ELLIPSIS) !== undefined) throw new PasteFault((t) => t.cutOff(name));
    const character = this.#text[this.at];
    if (character === '[' || character === '(') return this.#list(character);
    if (character === '{') return this.#record();
    const string = this.#match(STRING);
    if (string !== undefined) return string.slice(1, -1);
    const number = this.#match(AT_NUMBER);
    if (number !== undefined) return printed(number) as Printed;
    return this.#word();
  }

  /** nan and None, or a call such as array([1, 2]), of which the first argument counts. */
  #word(): Item {
    const from = this.at;
    if ('+-'.includes(this.#text[this.at] ?? ' ')) this.at += 1;
    const word = this.#match(WORD);
    if (word !== undefined && this.#text[this.at] === '(') {
      const list = this.#list('(');
      return Array.isArray(list) && list.length > 0 ? list[0] : list;
    }
    const text = this.#text.slice(from, this.at);
    if (/^(?:true|false)$/i.test(text)) return text;
    const number = printed(text);
    if (number) return number;
    throw this.#unexpected(from);
  }

  #unexpected(at: number): PasteFault {
    const [line] = this.#text.slice(at, at + 40).split('\n');
    const name = this.#name;
    return new PasteFault((t) => (line.trim() === '' ? t.unclosed(name) : t.unexpected(line.trim(), name)));
  }

  /** A list, whose rows may be separated by semicolons. A list of pairs is a record. */
  #list(open: string): Value | Pair {
    const rows: Item[][] = [[]];
    this.at += 1;
    const name = this.#name;
    while (!this.#take(CLOSING[open])) {
      if (this.#take(',') || this.#match(OPTION) !== undefined) continue;
      if (this.#take(';')) {
        rows.push([]);
        continue;
      }
      const row = rows[rows.length - 1];
      if (row.length === 1 && typeof row[0] === 'string') this.#name = row[0];
      row.push(this.item());
    }
    this.#name = name;
    if (rows.length > 1) return rows.filter((row) => row.length > 0).map((row) => this.values(row));
    const [items] = rows;
    if (items.length === 2 && typeof items[0] === 'string') return [items[0], this.values(items.slice(1))[0]];
    return items.length > 0 && items.every(isPair) ? new Map(items) : this.values(items);
  }

  /** Items that all are numbers, arrays or records. @throws PasteFault. */
  values(items: readonly Item[]): Value[] {
    const name = this.#name;
    return items.map((item) => {
      if (typeof item === 'string' || isPair(item))
        throw new PasteFault((t) => t.unexpected(JSON.stringify(typeof item === 'string' ? item : item[0]), name));
      return item;
    });
  }

  #record(): Value {
    const record = new Map<string, Value>();
    const name = this.#name;
    this.at += 1;
    while (!this.#take('}')) {
      if (this.#take(',')) continue;
      const from = this.at;
      const key = this.#match(STRING)?.slice(1, -1) ?? this.#match(WORD) ?? this.#match(AT_NUMBER);
      // Ruby has "dW1"=>[1, 2].
      if (key === undefined || !this.#take(':=')) throw this.#unexpected(from);
      this.#take('>');
      this.#name = name === undefined ? key : `${name}.${key}`;
      const item = this.item();
      // Strings say something else, such as the name of the loss.
      if (typeof item !== 'string') record.set(key, this.values([item])[0]);
    }
    this.#name = name;
    return record;
  }
}

function isPair(item: Item): item is Pair {
  return Array.isArray(item) && typeof item[0] === 'string';
}
