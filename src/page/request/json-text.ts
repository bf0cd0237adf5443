// A request as text, and the places in it that JSON pointers name.
import { keysOf } from './edit.ts';

/** JSON with a key or a list of numbers per line. */
export function format(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => !(item instanceof Object))) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    return `[\n${value.map((item) => inner + format(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (!(value instanceof Object)) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return '{}';
  if (entries.every(([, item]) => !(item instanceof Object))) {
    return `{ ${entries.map(([key, item]) => `${JSON.stringify(key)}: ${JSON.stringify(item)}`).join(', ')} }`;
  }
  return `{\n${entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${format(item, inner)}`).join(',\n')}\n${indent}}`;
}

/** What can be left out between the parts of JSON. */
const SPACE = /[\s,:]*/y;

/** A string, or a number or a word. */
const SCALAR = /"(?:[^"\\]|\\.)*"|[^\s,:[\]{}]+/y;

/** Where the value that a pointer names begins in well-formed JSON, or the last of its parents that is there. */
export function offsetOf(text: string, pointer: string): number {
  const reader = new TextReader(text);
  let offset = reader.skipSpace();
  for (const key of keysOf(pointer)) {
    if (!reader.enter(key)) break;
    offset = reader.skipSpace();
  }
  return offset;
}

/** The line of an offset, from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

class TextReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  skipSpace(): number {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
    return this.#at;
  }

  /** Goes to the value under a key, or the item of a list; false if there is none. */
  enter(key: string): boolean {
    const opening = this.#text[this.#at];
    if (opening !== '{' && opening !== '[') return false;
    this.#at++;
    let i = 0;
    for (;;) {
      this.skipSpace();
      const next = this.#text[this.#at];
      if (next === '}' || next === ']' || next === undefined) return false;
      if (opening === '[' ? `${i}` === key : this.scalar() === JSON.stringify(key)) return true;
      this.skipSpace();
      this.skipValue();
      i++;
    }
  }

  scalar(): string {
    SCALAR.lastIndex = this.#at;
    // It matches whatever is neither space nor a bracket.
    const [found] = SCALAR.exec(this.#text) as RegExpExecArray;
    this.#at += found.length;
    return found;
  }

  skipValue(): void {
    let depth = 0;
    do {
      this.skipSpace();
      const next = this.#text[this.#at];
      if (next === undefined) return;
      if (next === '{' || next === '[') depth++;
      if (next === '}' || next === ']') depth--;
      if ('{[]}'.includes(next)) this.#at++;
      else this.scalar();
    } while (depth > 0);
  }
}
