// Reads a JSON text by the schema of a request, in one pass: keys of the schema become the document, everything else is skipped,
// and errors are collected on the way. So an invalid text costs little more than a valid one of the same length.
import type { TSchema } from '@sinclair/typebox';
import { namesOf } from '../../schemas/names.ts';
import { type Tensor, tensor } from '../../schemas/numbers.ts';
import { MAX_ERRORS } from '../../schemas/problem.ts';
import type { Scratch } from '../memory/scratch.ts';
import { Findings } from '../refusal.ts';
import { mismatch, misshapen, missing, missingType, NO_ITEMS, outOfBounds, unknownKey } from './error-texts.ts';
import type { ListNode, NamesNode, Node, NumberNode, NumbersNode, ObjectNode, Property, UnionNode, Word } from './json-nodes.ts';
import { JsonText, MINUS, NINE, OPEN_LIST, OPEN_OBJECT, QUOTE, type TextLimits, tooMany, ZERO } from './json-text.ts';
import type { KeyPlaces } from './key-places.ts';
import { NumberArrays } from './number-arrays.ts';
import { pointerTo } from './pointer.ts';
import { nameMeant } from './suggest.ts';
import { faultThroughout, Survey } from './survey.ts';

/** Limits of a document, checked while it is read. */
export interface DocumentLimits extends TextLimits {
  /** Objects in one list, such as the layers of a network. */
  readonly MAX_LAYERS: number;
}

/** The most unknown or duplicate keys to examine. */
const MOST_WRONG_KEYS = 2 * MAX_ERRORS;

/** The numbers of a list that an error text may show. */
const SHOWN_NUMBERS = 4;

/** The result for an invalid value. */
const NOTHING = undefined;

const [LOWER_N, LOWER_T, LOWER_F] = Buffer.from('ntf');

/** The schema of a document, compiled. */
export interface DocumentSchema {
  readonly root: Node;
  readonly keys: KeyPlaces;
}

/**
 * Reads a text in UTF-8 without a byte order mark. Lists and matrices of numbers become flat arrays; a ragged matrix stays nested
 * lists. Errors are added to `findings`; then the document is incomplete.
 * @throws Refusal `malformed-body`, `too-complex`; `invalid-request` if the nesting is too deep.
 */
export function readDocument(
  bytes: Buffer,
  { root, keys }: DocumentSchema,
  limits: DocumentLimits,
  scratch: Scratch,
  findings: Findings,
): unknown {
  return new Reader(bytes, keys, limits, scratch, findings).document(root);
}

class Reader {
  readonly #text: JsonText;
  readonly #keys: KeyPlaces;
  readonly #limits: DocumentLimits;
  readonly #findings: Findings;
  readonly #arrays: NumberArrays;
  #wrongKeys = 0;

  constructor(bytes: Buffer, keys: KeyPlaces, limits: DocumentLimits, scratch: Scratch, findings: Findings) {
    this.#text = new JsonText(bytes, limits);
    this.#keys = keys;
    this.#limits = limits;
    this.#findings = findings;
    this.#arrays = new NumberArrays(bytes, this.#text.endOfNumber, scratch);
  }

  document(root: Node): unknown {
    const document = this.#value(root);
    if (this.#text.next() !== undefined) throw this.#text.stopsHere('end of file expected');
    return document;
  }

  #find(detail: string): void {
    this.#findings.add(pointerTo(this.#text.path), detail);
  }

  #value(node: Node): unknown {
    if (this.#findings.full) return this.#skipped();
    const byte = this.#text.next();
    switch (node.kind) {
      case 'object':
        return byte === OPEN_OBJECT ? this.#object(node) : this.#wrong(node.schema);
      case 'list':
        return byte === OPEN_LIST ? this.#list(node) : this.#wrong(node.schema);
      case 'numbers':
        return byte === OPEN_LIST ? this.#numbers(node) : this.#wrong(node.schema);
      case 'names':
        return byte === QUOTE ? this.#name(node) : this.#wrong(node.schema);
      case 'number':
        return startsNumber(byte) ? this.#number(node) : this.#wrong(node.schema);
      case 'union':
        return this.#union(node, byte);
      default:
        return this.#scalar(node);
    }
  }

  #skipped(): undefined {
    this.#text.skip();
    return NOTHING;
  }

  /** Skips a value of a wrong type, and reports it. */
  #wrong(schema: TSchema): undefined {
    const start = this.#text.at;
    this.#text.skip();
    this.#find(mismatch(schema, this.#shown(start)));
    return NOTHING;
  }

  /** The skipped value that began at `start`, for error texts: lists and objects are returned empty. */
  #shown(start: number): unknown {
    const { bytes, at } = this.#text;
    if (bytes[start] === OPEN_LIST) return [];
    if (bytes[start] === OPEN_OBJECT) return {};
    return JSON.parse(bytes.toString('utf8', start, at));
  }

  #object(node: ObjectNode): object {
    const text = this.#text;
    const { properties, required } = node;
    const object: Record<string, unknown> = {};
    const first = this.#findings.length;
    let own: Findings | undefined;
    let met = 0;
    text.enter();
    for (let isFirst = true; text.nextKey(isFirst); isFirst = false) {
      const { keyStart, keyEnd } = text;
      const property = this.#propertyAt(properties, keyStart, keyEnd);
      if (property === undefined || met & property.bit) {
        own ??= new Findings();
        this.#wrongKey(node, property, keyStart, keyEnd, own);
        text.skip();
        continue;
      }
      met |= property.bit;
      // For optional keys, null means the same as a missing key.
      if (property.isOptional && text.next() === LOWER_N) {
        text.skip();
        continue;
      }
      text.path.push(property.name);
      const value = this.#value(property.node);
      text.path.pop();
      if (value !== NOTHING) object[property.name] = value;
    }
    text.leave();
    if ((met & required) !== required) {
      own ??= new Findings();
      this.#missingKeys(properties, met, own);
    }
    if (own) this.#findings.insert(first, own);
    return object;
  }

  #wrongKey(node: ObjectNode, property: Property | undefined, start: number, end: number, own: Findings): void {
    // Bounds the time for a text with thousands of wrong keys.
    if (own.full || ++this.#wrongKeys > MOST_WRONG_KEYS) return;
    const pointer = pointerTo([...this.#text.path, this.#text.stringAt(start, end)]);
    const names = node.properties.map(({ name }) => name);
    own.add(pointer, property ? this.#text.twice(start) : unknownKey(pointer, names, node.owner, this.#keys));
  }

  #missingKeys(properties: readonly Property[], met: number, own: Findings): void {
    const all = new Findings();
    for (const { name, node, isOptional, bit } of properties)
      if (!isOptional && !(met & bit)) all.add(pointerTo([...this.#text.path, name]), missing(node.schema));
    own.insert(0, all);
  }

  #propertyAt(properties: readonly Property[], start: number, end: number): Property | undefined {
    const known = this.#wordAt(properties, start, end);
    if (known) return known;
    if (!this.#text.hasEscapes(start, end)) return undefined;
    const name = this.#text.stringAt(start, end);
    return properties.find((property) => property.name === name);
  }

  /** The word whose bytes are those from `start` to `end`; undefined if there is none. */
  #wordAt<W extends Word>(words: readonly W[], start: number, end: number): W | undefined {
    const { bytes } = this.#text;
    const length = end - start;
    search: for (let k = 0; k < words.length; k++) {
      const expected = words[k].bytes;
      if (expected.length !== length) continue;
      for (let i = 0; i < length; i++) if (bytes[start + i] !== expected[i]) continue search;
      return words[k];
    }
    return undefined;
  }

  #list({ items, schema }: ListNode): unknown[] | undefined {
    const text = this.#text;
    const list: unknown[] = [];
    let objects = 0;
    text.enter();
    for (let isFirst = true; text.nextItem(isFirst); isFirst = false) {
      if (text.bytes[text.at] === OPEN_OBJECT && ++objects > this.#limits.MAX_LAYERS)
        throw tooMany(`${text.path.at(-1)}`, pointerTo(text.path), this.#limits.MAX_LAYERS, 'MAX_LAYERS');
      if (this.#findings.full) {
        text.skip();
        continue;
      }
      text.path.push(list.length);
      list.push(this.#value(items));
      text.path.pop();
    }
    text.leave();
    if (list.length >= (schema.minItems ?? 0)) return list;
    this.#find(NO_ITEMS);
    return NOTHING;
  }

  #name(node: NamesNode): string | undefined {
    const text = this.#text;
    const start = text.at;
    const end = text.endOfString();
    text.at = end;
    const word = this.#wordAt(node.words, start + 1, end - 1);
    if (word) return word.name;
    const name = text.stringAt(start + 1, end - 1);
    if (node.words.some((known) => known.name === name)) return name;
    this.#find(mismatch(node.schema, name));
    return NOTHING;
  }

  #number(node: NumberNode): number | undefined {
    const text = this.#text;
    const end = text.endOfScalar();
    const value = text.numberAt(text.at, end);
    text.at = end;
    const isRight = node.isInteger ? Number.isInteger(value) : Number.isFinite(value);
    const wrong = isRight ? outOfBounds(node.schema, value) : mismatch(node.schema, value);
    if (wrong === undefined) return value;
    this.#find(wrong);
    return NOTHING;
  }

  /** A string, true, false or null. */
  #scalar(node: Node): unknown {
    const text = this.#text;
    const start = text.at;
    text.skip();
    const value = this.#shown(start);
    const isRight =
      node.kind === 'null'
        ? value === null
        : node.kind === 'boolean'
          ? typeof value === 'boolean'
          : typeof value === 'string' && value !== '';
    if (isRight) return value;
    this.#find(mismatch(node.schema, value));
    return NOTHING;
  }

  #union(node: UnionNode, byte: number | undefined): unknown {
    const chosen = this.#chosen(node, byte);
    if (chosen) return this.#value(chosen);
    if (byte === OPEN_OBJECT && node.ofObject) return this.#variant(node, node.ofObject);
    return this.#wrong(node.schema);
  }

  #chosen(node: UnionNode, byte: number | undefined): Node | undefined {
    if (byte === QUOTE) return node.ofString;
    if (byte === LOWER_N) return node.ofNull;
    if (byte === LOWER_T || byte === LOWER_F) return node.ofBoolean;
    if (startsNumber(byte)) return node.ofNumber;
    if (byte !== OPEN_LIST) return undefined;
    const text = this.#text;
    const start = text.at;
    text.at++;
    const dimensions = text.next() === OPEN_LIST ? 2 : 1;
    text.at = start;
    return node.ofNumbers.get(dimensions) ?? node.ofNumbers.values().next().value;
  }

  /** Reads an object of a union: finds its `type` first, then reads it again as that variant. */
  #variant(node: UnionNode, { type }: { readonly type: TSchema }): unknown {
    const text = this.#text;
    const start = text.mark();
    let name: unknown = NOTHING;
    const keys: string[] = [];
    text.enter();
    for (let isFirst = true; text.nextKey(isFirst); isFirst = false) {
      const isType = this.#wordAt(TYPE, text.keyStart, text.keyEnd) !== undefined;
      if (!isType && keys.length < MOST_WRONG_KEYS) keys.push(text.stringAt(text.keyStart, text.keyEnd));
      text.next();
      const from = text.at;
      text.skip();
      if (isType) name = this.#shown(from);
      const variant = typeof name === 'string' ? node.variants.get(name) : undefined;
      if (variant) {
        text.reset(start);
        return this.#object(variant);
      }
    }
    text.leave();
    text.path.push('type');
    this.#find(name === NOTHING ? missingType(type, keys) : mismatch(type, name));
    text.path.pop();
    const meant = typeof name === 'string' && node.variants.get(`${nameMeant(name, namesOf(type))}`);
    if (meant) {
      // For the errors in its options.
      text.reset(start);
      this.#object(meant);
    }
    return NOTHING;
  }

  #numbers(node: NumbersNode): Float64Array | Tensor | number[] | number[][] | undefined {
    const text = this.#text;
    text.checkDepth(node.dimensions);
    const arrays = this.#arrays;
    if (!arrays.read(text.at)) return this.#wrongNumbers(node);
    const { data, dimensions, rows, columns } = arrays;
    text.at = arrays.end;
    if (dimensions !== node.dimensions) {
      this.#find(misshapen(node.schema, dimensions === 1 ? [data.length] : [rows, columns], data));
      // `flatLists` may find out how long the rows should be. Only the length and the first values count.
      return Object.assign(new Array<number>(data.length).fill(0), data.subarray(0, SHOWN_NUMBERS));
    }
    if (node.areIntegers && !data.every(Number.isInteger)) this.#explainIntegers(node.schema, data);
    return dimensions === 1 ? data : tensor([rows, columns], data);
  }

  #explainIntegers(schema: TSchema, data: Float64Array): void {
    const fault = faultThroughout(schema, data);
    if (fault) this.#find(fault);
    const { path } = this.#text;
    for (let i = 0; i < data.length && !fault && !this.#findings.full; i++)
      if (!Number.isInteger(data[i])) this.#findings.add(pointerTo([...path, i]), mismatch(schema.items, data[i]));
  }

  /** Reads an array that the fast path rejected: returns a ragged matrix, or reports the errors. */
  #wrongNumbers(node: NumbersNode): number[][] | undefined {
    const ragged = node.dimensions === 2 ? this.#raggedRows() : undefined;
    if (!ragged) this.#explain(node.schema);
    return ragged;
  }

  /**
   * The rows of a ragged matrix, with the right lengths and NaN for all numbers, which are not needed: only its shape will be
   * reported. Undefined if the matrix is not ragged, or has other errors.
   */
  #raggedRows(): number[][] | undefined {
    const text = this.#text;
    const start = text.at;
    const rows: number[][] = [];
    text.at++;
    for (let isFirst = true; text.nextItem(isFirst); isFirst = false) {
      const length = text.bytes[text.at] === OPEN_LIST ? text.countNumbers() : 0;
      if (length === 0) {
        text.at = start;
        return undefined;
      }
      rows.push(rowOf(length));
    }
    if (rows.some((row) => row.length !== rows[0].length)) return rows;
    text.at = start;
    return undefined;
  }

  /** Skips a list that is not as its schema says. Adds one error if it is wrong in the same way throughout, otherwise one per value. */
  #explain(schema: TSchema): void {
    const text = this.#text;
    const start = text.mark();
    const survey = new Survey(schema);
    this.#survey(survey, schema, 0);
    const fault = survey.isFirst(0) ? NO_ITEMS : survey.fault();
    text.reset(start);
    if (fault) {
      this.#find(fault);
      text.skip();
    } else this.#explainItems(schema.items);
  }

  /** Adds the values of a list to a survey, until there is nothing more to find out. */
  #survey(survey: Survey, { items }: TSchema, depth: number): boolean {
    const text = this.#text;
    text.enter();
    for (let isFirst = true; text.nextItem(isFirst); isFirst = false) {
      if (items.type === 'array' && text.bytes[text.at] === OPEN_LIST) {
        if (!survey.add(depth, EMPTY_LIST) || !this.#survey(survey, items, depth + 1)) return false;
      } else {
        const start = text.at;
        text.skip();
        if (!survey.add(depth, this.#valueAt(start))) return false;
      }
    }
    text.leave();
    return true;
  }

  #explainItems(items: TSchema): void {
    const text = this.#text;
    const accepts = items.type === 'integer' ? Number.isInteger : Number.isFinite;
    let index = 0;
    text.enter();
    for (let isFirst = true; text.nextItem(isFirst); isFirst = false) {
      if (this.#findings.full) {
        text.skip();
        continue;
      }
      text.path.push(index++);
      if (items.type === 'array' && text.bytes[text.at] === OPEN_LIST) {
        if (!this.#skipPlainRow()) this.#explain(items);
      } else {
        const start = text.at;
        text.skip();
        const value = this.#valueAt(start);
        if (items.type === 'array' || !accepts(value)) this.#find(mismatch(items, value));
      }
      text.path.pop();
    }
    text.leave();
  }

  /** Skips a row in which nothing is wrong: of numbers that are so short, and have no exponent, that they are finite. */
  #skipPlainRow(): boolean {
    const text = this.#text;
    const start = text.at;
    if (text.countNumbers() > 0 && text.at - start < FINITE_DIGITS && !text.hasExponents(start, text.at)) return true;
    text.at = start;
    return false;
  }

  /** The value of the skipped text from `start` on, for error texts. */
  #valueAt(start: number): unknown {
    const { bytes, at } = this.#text;
    return startsNumber(bytes[start]) ? this.#text.numberAt(start, at) : this.#shown(start);
  }
}

/** Every number of fewer digits is finite in float64. */
const FINITE_DIGITS = 300;

const EMPTY_LIST: readonly unknown[] = [];

/** Shared rows of NaN for ragged matrices, by length. */
const STAND_INS = Array.from({ length: 64 }, (_, length): number[] => new Array(length).fill(Number.NaN));

function rowOf(length: number): number[] {
  return STAND_INS[length] ?? new Array(length).fill(Number.NaN);
}

/** The discriminator of a union of objects. */
const TYPE: readonly Word[] = [{ name: 'type', bytes: Buffer.from('type') }];

function startsNumber(byte: number | undefined): boolean {
  return byte === MINUS || (byte !== undefined && byte >= ZERO && byte <= NINE);
}
