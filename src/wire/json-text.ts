// A JSON scanner (RFC 8259): moves through a text token by token, and reports syntax errors with their place. Builds no values.
import { Refusal } from '../refusal.ts';
import { endOfText, foreignToken, pathTo } from './json-faults.ts';
import { pointerTo } from './pointer.ts';

/** Limits of a text, checked while it is scanned. */
export interface TextLimits {
  /** The most keys and objects together. */
  readonly MAX_KEYS: number;
  /** The deepest nesting of lists and objects. */
  readonly MAX_DEPTH: number;
}

export const [QUOTE, BACKSLASH, COLON, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, MINUS, ZERO, NINE] =
  Buffer.from('"\\:,[]{}-09');
const [PLUS, POINT, SLASH, STAR, LOWER_E, UPPER_E, LOWER_U] = Buffer.from('+./*eEu');
const [SPACE, TAB, LINE_FEED, CARRIAGE_RETURN] = Buffer.from(' \t\n\r');

/** The bytes allowed after a backslash, other than u. */
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));

const LITERALS = ['true', 'false', 'null'].map((literal) => Buffer.from(literal));

/** The most bytes of a text to quote in a syntax error. */
const SHOWN_BYTES = 20;

/** Every integer of up to this many digits is exact in float64. */
const FEW_DIGITS = 15;

interface Mark {
  readonly at: number;
  readonly keys: number;
  readonly depth: number;
}

export class JsonText {
  readonly bytes: Buffer;
  /** The current offset. */
  at = 0;
  /** The path of keys and indices to the current value, within the part of the document that the schema knows. */
  readonly path: (string | number)[] = [];
  readonly #limits: TextLimits;
  /** For each depth that `skip` has entered: whether it is an object. */
  readonly #isObject: boolean[] = [];
  /** The offset of the first key or item of the list or object that `skip` entered last. */
  #entered = -1;
  #depth = 0;
  #keys = 0;

  constructor(bytes: Buffer, limits: TextLimits) {
    this.bytes = bytes;
    this.#limits = limits;
  }

  /** The number of keys and objects so far. */
  get keys(): number {
    return this.#keys;
  }

  /** Skips white space, and returns the next byte without consuming it; undefined at the end of the text. */
  next(): number | undefined {
    const byte = this.bytes[this.at];
    // Most bytes are none, which one comparison tells.
    return byte > SPACE ? byte : this.#nextAfterSpace();
  }

  #nextAfterSpace(): number | undefined {
    const { bytes } = this;
    let { at } = this;
    let byte = bytes[at];
    while (byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB) byte = bytes[++at];
    this.at = at;
    return byte;
  }

  /** Consumes the opening bracket of a list or an object. @throws Refusal if it is too deep or there are too many objects. */
  enter(): void {
    if (++this.#depth > this.#limits.MAX_DEPTH) throw this.#tooDeep();
    if (this.bytes[this.at] === OPEN_OBJECT) this.count();
    this.at++;
  }

  leave(): void {
    this.#depth--;
  }

  /** @throws Refusal if an array of this many dimensions would be too deep here. */
  checkDepth(dimensions: number): void {
    if (this.#depth + dimensions > this.#limits.MAX_DEPTH) throw this.#tooDeep();
  }

  /** Counts a key or an object. */
  count(): void {
    if (++this.#keys > this.#limits.MAX_KEYS) throw tooMany('keys and objects', '', this.#limits.MAX_KEYS, 'MAX_KEYS');
  }

  /** Skips a value. @throws Refusal `malformed-body`, `too-complex`; `invalid-request` if it nests too deep. */
  skip(): void {
    const outside = this.#depth;
    this.#skipOne();
    while (this.#depth > outside) {
      const isObject = this.#isObject[this.#depth];
      const byte = this.next();
      if (byte === (isObject ? CLOSE_OBJECT : CLOSE_LIST)) {
        this.at++;
        this.#depth--;
        continue;
      }
      // No comma precedes the first key or item.
      const isFirst = this.at === this.#entered;
      if (isObject) this.nextKey(isFirst);
      else this.nextItem(isFirst);
      this.#skipOne();
    }
  }

  /** Skips a scalar, or enters a list or an object. */
  #skipOne(): void {
    const byte = this.next();
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      this.enter();
      this.#isObject[this.#depth] = byte === OPEN_OBJECT;
      this.next();
      this.#entered = this.at;
    } else if (byte === QUOTE) this.at = this.endOfString();
    else if (byte === MINUS || (byte !== undefined && byte >= ZERO && byte <= NINE)) this.at = this.endOfScalar();
    else this.at = this.#endOfLiteral();
  }

  /** Skips a list of numbers, and returns its length; 0 if it is empty or no list of numbers: then the offset is unspecified. */
  countNumbers(): number {
    const { bytes } = this;
    let count = 0;
    this.at++;
    for (;;) {
      this.next();
      const end = this.endOfNumber(this.at);
      if (end < 0) return 0;
      count++;
      this.at = end;
      const byte = bytes[end] === COMMA ? COMMA : this.next();
      this.at++;
      if (byte === CLOSE_LIST) return count;
      if (byte !== COMMA) return 0;
    }
  }

  /**
   * Consumes the next key of an object and its colon; sets `keyStart` and `keyEnd` to the bounds of the key, without the quotes.
   * At the end of the object, consumes the brace and returns false.
   */
  nextKey(isFirst: boolean): boolean {
    let byte = this.next();
    if (byte === CLOSE_OBJECT) {
      this.at++;
      return false;
    }
    if (!isFirst) {
      if (byte !== COMMA) throw this.stopsHere(byte === undefined ? 'close brace expected' : 'comma expected');
      this.at++;
      byte = this.next();
      if (byte === CLOSE_OBJECT) throw this.stopsHere('property name expected', 'JSON has no trailing comma');
    }
    if (byte !== QUOTE) throw this.stopsHere(byte === undefined && isFirst ? 'close brace expected' : 'property name expected');
    const end = this.endOfString();
    this.keyStart = this.at + 1;
    this.keyEnd = end - 1;
    this.at = end;
    if (this.next() !== COLON) throw this.stopsHere('colon expected');
    this.count();
    this.at++;
    return true;
  }
  keyStart = 0;
  keyEnd = 0;

  /** Goes to the next item of a list. At the end of the list, consumes the bracket and returns false. */
  nextItem(isFirst: boolean): boolean {
    const byte = this.next();
    if (byte === CLOSE_LIST) {
      this.at++;
      return false;
    }
    if (isFirst) {
      if (byte === undefined) throw this.stopsHere('close bracket expected');
      return true;
    }
    if (byte !== COMMA) throw this.stopsHere(byte === undefined ? 'close bracket expected' : 'comma expected');
    this.at++;
    if (this.next() === CLOSE_LIST) throw this.stopsHere('value expected', 'JSON has no trailing comma');
    return true;
  }

  hasExponents(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.bytes[at] === LOWER_E || this.bytes[at] === UPPER_E) return true;
    return false;
  }

  hasEscapes(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.bytes[at] === BACKSLASH) return true;
    return false;
  }

  /** The value of the string whose bytes, without the quotes, are those from `start` to `end`. */
  stringAt(start: number, end: number): string {
    const { bytes } = this;
    for (let at = start; at < end; at++)
      if (bytes[at] === BACKSLASH || bytes[at] >= 0x80) return JSON.parse(bytes.toString('utf8', start - 1, end + 1));
    return bytes.toString('latin1', start, end);
  }

  /** The value of the number whose bytes are those from `start` to `end`. */
  numberAt(start: number, end: number): number {
    const { bytes } = this;
    if (end - start > FEW_DIGITS) return Number(bytes.toString('latin1', start, end));
    let value = 0;
    for (let at = start; at < end; at++) {
      if (!isDigit(bytes[at])) return Number(bytes.toString('latin1', start, end));
      value = 10 * value + bytes[at] - ZERO;
    }
    return value;
  }

  /** A position to return to by `reset`. */
  mark(): Mark {
    return { at: this.at, keys: this.#keys, depth: this.#depth };
  }

  reset({ at, keys, depth }: Mark): void {
    this.at = at;
    this.#keys = keys;
    this.#depth = depth;
  }

  /** The offset after the string that begins here, including its closing quote. */
  endOfString(): number {
    const { bytes } = this;
    for (let at = this.at + 1; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) {
        at++;
        if (ESCAPES.has(bytes[at])) continue;
        if (bytes[at] !== LOWER_U)
          throw this.stopsHere(at < bytes.length ? 'invalid escape character' : 'unexpected end of string');
        for (let i = 1; i <= 4; i++) if (!isHexadecimal(bytes[at + i])) throw this.stopsHere('invalid unicode');
        at += 4;
      } else if (byte < SPACE) {
        const isLineBreak = byte === LINE_FEED || byte === CARRIAGE_RETURN;
        throw this.stopsHere(isLineBreak ? 'unexpected end of string' : 'invalid character');
      }
    }
    throw this.stopsHere('unexpected end of string');
  }

  /** The offset after the number that begins here. */
  endOfScalar(): number {
    const end = this.endOfNumber(this.at);
    if (end < 0) throw this.stopsHere('value expected');
    return end;
  }

  /** The offset after the number that begins at `start`; -1 if there is no valid number. */
  readonly endOfNumber = (start: number): number => {
    const { bytes } = this;
    let at = start;
    if (bytes[at] === MINUS) at++;
    if (bytes[at] === ZERO) at++;
    else {
      const first = at;
      while (isDigit(bytes[at])) at++;
      if (at === first) return -1;
    }
    if (bytes[at] === POINT) {
      const first = ++at;
      while (isDigit(bytes[at])) at++;
      if (at === first) return -1;
    }
    if (bytes[at] === LOWER_E || bytes[at] === UPPER_E) {
      at++;
      if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
      const first = at;
      while (isDigit(bytes[at])) at++;
      if (at === first) return -1;
    }
    return at;
  };

  /** The offset after the literal true, false or null that begins at `at`; -1 if there is none. */
  #literalEnd(at: number): number {
    const { bytes } = this;
    for (const literal of LITERALS) {
      let i = 0;
      while (i < literal.length && bytes[at + i] === literal[i]) i++;
      if (i === literal.length && !isWordByte(bytes[at + i])) return at + i;
    }
    return -1;
  }

  #endOfLiteral(): number {
    const end = this.#literalEnd(this.at);
    if (end < 0) throw this.stopsHere('value expected');
    return end;
  }

  /** The error text for a duplicate key; its second occurrence begins at `keyStart`. */
  twice(keyStart: number): string {
    const { line, column } = this.#placeOf(keyStart - 1);
    return `the key stands twice, again at line ${line}, column ${column}`;
  }

  #placeOf(at: number): { line: number; column: number } {
    const before = this.bytes.toString('utf8', 0, at);
    return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
  }

  /**
   * The refusal for a syntax error at the token that begins here. `expected` names what should be there; `hint` what JSON does
   * not have.
   */
  stopsHere(expected: string, hint?: string): Refusal {
    const { at } = this;
    const { line, column } = this.#placeOf(at);
    const rest = this.bytes.toString('utf8', at, at + 2 * SHOWN_BYTES).slice(0, SHOWN_BYTES);
    const word = /^[^\s,:[\]{}]+|^./su.exec(rest)?.[0];
    // A number that goes on in a way that JSON does not have.
    const isInNumber = expected !== 'value expected' && isWordByte(this.bytes[at]) && isWordByte(this.bytes[at - 1]);
    const said = hint ?? foreignToken(rest, isInNumber, expected === 'property name expected');
    const where = word ? JSON.stringify(word) : 'the end of the text';
    const detail = `not JSON: line ${line}, column ${column}: ${this.#fault(expected)}, at ${where}${said ? `; ${said}` : ''}`;
    const path = pathTo(this.bytes, at);
    // Punctuation belongs to the list or object, other tokens are a value of it.
    if (!isInNumber && (hint || /^(comma|close|property)/.test(expected)) && path.length > 0) path.pop();
    const pointer = pointerTo(path.filter((key) => key !== undefined));
    if (!said && pointer === '') return new Refusal('malformed-body', { detail });
    return new Refusal('malformed-body', { detail, errors: [{ pointer, detail: said ?? detail }] });
  }

  /** What is wrong with the token itself; `expected` if the token is valid. */
  #fault(expected: string): string {
    const { bytes, at } = this;
    const byte = bytes[at];
    if (byte === SLASH && (bytes[at + 1] === SLASH || bytes[at + 1] === STAR)) return 'invalid comment token';
    if (byte === MINUS || isDigit(byte)) {
      if (this.endOfNumber(at) >= 0) return expected;
      return byte === MINUS && !isDigit(bytes[at + 1]) ? 'invalid symbol' : 'unexpected end of number';
    }
    const isPunctuation = byte === undefined || byte === QUOTE || '{}[],:'.includes(String.fromCharCode(byte));
    if (isPunctuation || this.#literalEnd(at) >= 0) return expected;
    return 'invalid symbol';
  }

  /** The refusal for a text that nests too deep: `malformed-body` if its brackets do not close, otherwise `invalid-request`. */
  #tooDeep(): Refusal {
    const limit = this.#limits.MAX_DEPTH;
    const detail = `lists and objects nest deeper than ${limit} (MAX_DEPTH)`;
    let depth = this.#depth - 1;
    for (let at = this.at; at < this.bytes.length; at++) {
      const byte = this.bytes[at];
      if (byte === QUOTE) at = endOfText(this.bytes, at);
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
    }
    if (depth > 0) return new Refusal('malformed-body', { detail: `not JSON: ${detail}, and they do not close` });
    return new Refusal('invalid-request', { detail, errors: [{ pointer: '', detail }] });
  }
}

export function tooMany(what: string, pointer: string, limit: number, name: 'MAX_KEYS' | 'MAX_LAYERS'): Refusal {
  const detail = `there are more ${what} than the limit of ${limit} (${name}): send a smaller network`;
  return new Refusal('too-complex', { detail, errors: [{ pointer, detail }] });
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isHexadecimal(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

/** Whether a byte continues a word. */
function isWordByte(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) || byte === 0x5f || byte >= 0x80;
}
