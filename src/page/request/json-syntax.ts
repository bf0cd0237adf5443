// Where a text stops being JSON, and what was expected there: browsers say it in different ways, or not at all.
import type { Dictionary } from '../text/en.ts';

export interface SyntaxFault {
  readonly detail: string;
  readonly offset: number;
}

const SPACE = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none in its strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b/y;

type SyntaxText = Dictionary['request']['syntax'];

/** The first fault of a text, in the words of `t`; undefined if it is JSON. */
export function syntaxFault(text: string, t: SyntaxText): SyntaxFault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return new Parser(text, t).fault();
  }
}

class Parser {
  readonly #text: string;
  readonly #t: SyntaxText;
  #at = 0;

  constructor(text: string, t: SyntaxText) {
    this.#text = text;
    this.#t = t;
  }

  fault(): SyntaxFault {
    // A list or an object that is open, by what closes it.
    const open: string[] = [];
    for (;;) {
      const wrong = this.#value(open) ?? this.#afterValue(open);
      if (wrong) return wrong;
    }
  }

  /** Reads a scalar, or what opens a list or an object up to its first value. */
  #value(open: string[]): SyntaxFault | undefined {
    for (;;) {
      this.#take(SPACE);
      const next = this.#text[this.#at];
      if (next === '{') {
        if (this.#isEmpty('}')) return undefined;
        open.push('}');
        if (!this.#key()) return this.#expected(this.#t.key);
      } else if (next === '[') {
        if (this.#isEmpty(']')) return undefined;
        open.push(']');
      } else if (this.#take(STRING) || this.#take(SCALAR)) return undefined;
      else return this.#expected(open.at(-1) === ']' ? this.#t.valueOrBracket : this.#t.value);
    }
  }

  /** Goes past an opening bracket, and the closing one if nothing stands between them. */
  #isEmpty(closing: string): boolean {
    this.#at++;
    this.#take(SPACE);
    if (this.#text[this.#at] !== closing) return false;
    this.#at++;
    return true;
  }

  #key(): boolean {
    this.#take(SPACE);
    if (!this.#take(STRING)) return false;
    this.#take(SPACE);
    if (this.#text[this.#at] !== ':') return false;
    this.#at++;
    return true;
  }

  /** Reads what closes lists and objects, and a comma with the key that may follow it. */
  #afterValue(open: string[]): SyntaxFault | undefined {
    for (;;) {
      this.#take(SPACE);
      const closing = open.at(-1);
      const next = this.#text[this.#at];
      if (!closing) return this.#expected(this.#t.nothing);
      if (next === closing) {
        this.#at++;
        open.pop();
      } else if (next === ',') {
        this.#at++;
        if (closing === '}' && !this.#key()) return this.#expected(this.#t.key);
        return undefined;
      } else return this.#expected(this.#t.comma(closing));
    }
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #expected(what: string): SyntaxFault {
    const [got = this.#t.end] = /^"?[\w.+-]+|^./su.exec(this.#text.slice(this.#at, this.#at + 20)) ?? [];
    return { detail: this.#t.expected(what, got), offset: this.#at };
  }
}
