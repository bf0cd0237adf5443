// The texts of errors in a document, for every format: what was expected, what came, and what to send instead.
import { Kind, OptionalKind, type TSchema } from '@sinclair/typebox';
import { countOf, flatText, listOf } from '../../schemas/flat-lists.ts';
import { alternativesOf, NAMES, namesOf } from '../../schemas/names.ts';
import { asTensor, dimensionsOf, itemOf, keyOfNumber, NUMBERS } from '../../schemas/numbers.ts';
import type { KeyPlaces } from './key-places.ts';
import { lastKey, pathAbove } from './pointer.ts';
import { isVariantType, suggestKey, suggestName } from './suggest.ts';

/** The most characters of a client's string to quote in an error. */
const QUOTED_CHARACTERS = 40;

export const NO_ITEMS = 'expected at least 1 item, got none';

/** Whether a value of a document is an object: not null, no list and no array of numbers. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !asTensor(value);
}

/** The error text for a number outside the bounds of its schema; undefined if it is within. */
export function outOfBounds({ minimum, maximum, exclusiveMinimum }: TSchema, value: number): string | undefined {
  if (value < minimum) return `expected at least ${minimum}, got ${value}`;
  if (value > maximum) return `expected at most ${maximum}, got ${value}`;
  if (value <= exclusiveMinimum) return `expected more than ${exclusiveMinimum}, got ${value}`;
  return undefined;
}

export function missing(schema: TSchema): string {
  return `expected ${expected(schema)}, but the key is missing`;
}

/** The error text for an object of a union without its `type`; `keys` are those that it has. */
export function missingType(type: TSchema, keys: readonly string[]): string {
  const meant = keys.find(isVariantType);
  return `${missing(type)}${meant === undefined ? '' : `: write "type" in place of ${shown(meant)}`}`;
}

export function mismatch(schema: TSchema, value: unknown): string {
  const names = namesOf(schema);
  if (names.length > 0 && typeof value === 'string')
    return `unknown ${schema.title ?? 'name'} ${shown(value)}${suggestName(value, names)}; there are ${names.join(', ')}`;
  return `expected ${expected(schema)}, got ${shown(value)}${adviceFor(schema, value)}`;
}

/** What to write in place of a value of a wrong type, if that is clear. */
function adviceFor(schema: TSchema, value: unknown): string {
  const kinds = alternativesOf(schema);
  const lists = kinds.find((one) => one.type === 'array');
  const accepts = (...names: string[]) => kinds.some((one) => names.includes(one[Kind]));
  if (typeof value === 'string') {
    const text = value.trim();
    const isUnquoted =
      (accepts('Number', 'Integer') && text !== '' && Number.isFinite(Number(text))) ||
      (accepts('Boolean') && /^(true|false)$/i.test(text)) ||
      (lists !== undefined && text.startsWith('[')) ||
      (accepts('Object') && text.startsWith('{'));
    if (isUnquoted) return ': write it without quotes';
    if (accepts('Number', 'Integer') && /^[+-]?(nan|inf(inity)?)$/i.test(text)) return ': every number must be finite';
    if (kinds.some((one) => keyOfNumber(one) && Object.hasOwn(one.properties, value))) return `: write {${shown(value)}: ...}`;
    return lists && namesOf(lists.items).length > 0 ? `: write [${shown(value)}]` : '';
  }
  if (typeof value === 'number' && lists?.[Kind] === NUMBERS)
    return `: write ${'['.repeat(dimensionsOf(lists))}${value}${']'.repeat(dimensionsOf(lists))}`;
  const [key] = kinds.flatMap((one) => keyOfNumber(one) ?? []);
  if (key && typeof value === 'number') return `: write {"${key}": ${value}}`;
  if (isObject(value) && lists?.items[Kind] === 'Object') return ': write [{...}]';
  if (value === false && OptionalKind in schema) return ': leave the key out';
  if (accepts('Boolean') && (value === 0 || value === 1)) return `: write ${value === 1}`;
  return typeof value === 'boolean' ? suggestName(`${value}`, namesOf(schema)) : '';
}

/**
 * The error text for the key at a pointer, of an object with other keys. `owner` is a suffix: the variant of a union that the client
 * named, such as " of huber". `places` are those of all keys of the request.
 */
export function unknownKey(pointer: string, keys: readonly string[], owner: string, places: KeyPlaces): string {
  const key = lastKey(pointer);
  const suggestion = suggestKey(key, { keys, path: pathAbove(pointer), isVariant: owner !== '' }, places);
  return `unknown key ${shown(key)}${owner}${suggestion}; there ${keys.length === 1 ? 'is' : 'are'} ${keys.join(', ')}`;
}

/** The error text for a rectangular array of numbers that has another number of dimensions than its schema. */
export function misshapen(schema: TSchema, shape: readonly number[], numbers: ArrayLike<number>): string {
  const [rows, columns] = shape;
  if (dimensionsOf(schema) === 2) return flatText(numbers);
  const isLine = rows === 1 || columns === 1;
  const flat = isLine ? `: write a flat list, ${listOf(numbers)}` : '';
  return `expected a list of ${itemOf(schema).type === 'integer' ? 'integers' : 'numbers'}, got ${countOf(rows, 'row')} of ${columns}${flat}`;
}

/** How the values of one kind are called, by their type. */
const PLURALS: Record<string, string> = {
  string: 'strings',
  boolean: 'booleans',
  list: 'lists',
  object: 'objects',
  null: 'null',
};

/** The error text for a list whose values are all of the same wrong kind; `item` is their schema, `first` the first of them. */
export function wrongThroughout(item: TSchema, kind: string, first: unknown): string {
  const isRow = item.type === 'array';
  const title = item.title ? ` (${item.title})` : '';
  const wanted = isRow ? 'rows (lists of numbers)' : item.type === 'integer' ? `integers${title}` : 'finite numbers';
  const plural =
    PLURALS[kind] ??
    (isRow ? 'numbers' : item.type === 'integer' ? 'numbers that are no integers' : 'numbers that are not finite');
  const example = kind === 'string' || kind === 'number' ? `, such as ${shown(first)}` : '';
  const advice = kind === 'list' ? ': leave out a pair of brackets' : adviceFor(item, first).replace(' it ', ' them ');
  return `expected ${wanted}, got only ${plural}${example}${advice}`;
}

export function expected(schema: TSchema): string {
  switch (schema[Kind]) {
    case 'Number':
      return 'a finite number';
    case 'Integer':
      return schema.title ? `an integer (${schema.title})` : 'an integer';
    case 'Boolean':
      return 'true or false';
    case 'String':
      return 'a string that is not empty';
    case 'Null':
      return 'null';
    case NAMES:
      return `a name (${namesOf(schema).join(', ')})`;
    case 'Array':
      return 'a list';
    case NUMBERS:
      return dimensionsOf(schema) === 1 ? 'a list' : 'a list of lists';
    case 'Union':
      return [...new Set(schema.anyOf.map(expected))].join(' or ');
    default:
      return 'an object';
  }
}

export function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > QUOTED_CHARACTERS ? `${value.slice(0, QUOTED_CHARACTERS)}…` : value);
  if (Array.isArray(value)) return 'a list';
  if (asTensor(value)) return 'a tensor';
  if (isObject(value)) return 'an object';
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
    ? 'a number beyond the range of float64'
    : `${value}`;
}
