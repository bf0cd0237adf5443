// Checks a value against a TypeBox schema. Findings say in words what is wrong, and where, by a JSON pointer.
import { Kind, type TSchema, type TUnion } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { Errors, type ValueError, ValueErrorType } from '@sinclair/typebox/errors';
import { closest, distance } from 'fastest-levenshtein';
import { NAMES, Names, namesOf } from '../../schemas/names.ts';
import { asTensor, dimensionsOf, itemOf, listsOf, NUMBERS, placeOf, type Tensor } from '../../schemas/numbers.ts';
import { Findings } from '../refusal.ts';
import { lastKey } from './pointer.ts';

/** The most characters of a client's string to quote in an error. */
const QUOTED_CHARACTERS = 40;

/** Compiles a schema to a function that finds everything that is wrong with a value. */
export function inspectorOf(schema: TSchema): (value: unknown) => Findings {
  const compiled = TypeCompiler.Compile(schema);
  return (value) => {
    const findings = new Findings();
    if (!compiled.Check(value)) explain(compiled.Errors(value), findings);
    return findings;
  };
}

/** `owner` is a suffix for error texts: the variant of a union that the client named, such as " of huber". */
function explain(errors: Iterable<ValueError>, findings: Findings, owner = ''): void {
  for (const error of errors) {
    if (findings.full) return;
    if (error.type === ValueErrorType.Union) explainUnion(error, findings);
    else if (error.schema[Kind] === NUMBERS && error.type === ValueErrorType.Kind) explainNumbers(error, findings);
    else findings.add(error.path, describe(error, owner));
  }
}

/** Explains a value by the variant that the client probably meant; if that is unclear, lists the known names. */
function explainUnion({ schema, path, value, errors }: ValueError, findings: Findings): void {
  const { anyOf } = schema as TUnion;
  const meant = anyOf.findIndex((variant) => isMeant(variant, value));
  if (meant >= 0) {
    // Only objects have a `type` that names the variant.
    const isNamed = anyOf[meant][Kind] === 'Object';
    explain(errors[meant], findings, isNamed ? ` of ${(value as { type: string }).type}` : '');
    return;
  }
  if (!isObject(value) || !anyOf.every((variant) => variant[Kind] === 'Object')) {
    findings.add(path, mismatch(schema, value));
    return;
  }
  const type = typeOf(schema);
  if (Object.hasOwn(value, 'type')) findings.add(`${path}/type`, mismatch(type, value.type));
  else findings.add(`${path}/type`, missing(type));
}

/** The schema of `type`, the discriminator of a union of objects. */
export function typeOf({ anyOf, title }: TSchema): TSchema {
  return Names(
    (anyOf as TSchema[]).flatMap(({ properties }) => namesOf(properties.type)),
    { ...(title && { title }) },
  );
}

/** Explains what is wrong with a tensor or with nested lists of numbers. */
function explainNumbers({ schema, path, value }: ValueError, findings: Findings): void {
  const tensor = asTensor(value);
  if (tensor) explainTensor(schema, path, tensor, findings);
  else if (!Array.isArray(value)) findings.add(path, mismatch(schema, value));
  else {
    for (const error of Errors(listsOf(schema), [], value)) {
      if (findings.full) return;
      findings.add(`${path}${error.path}`, describe(error, ''));
    }
  }
}

function explainTensor(schema: TSchema, path: string, { shape, data }: Tensor, findings: Findings): void {
  const dimensions = dimensionsOf(schema);
  const got = `got one of the shape [${shape.join(', ')}]`;
  if (shape.length !== dimensions)
    findings.add(path, `expected a tensor of ${dimensions} dimension${dimensions === 1 ? '' : 's'}, ${got}`);
  else if (data.length === 0) findings.add(path, `expected a tensor with at least 1 item in each dimension, ${got}`);
  else {
    const item = itemOf(schema);
    const accepts = item.type === 'integer' ? Number.isInteger : Number.isFinite;
    for (let i = 0; i < data.length && !findings.full; i++) {
      if (!accepts(data[i])) findings.add(`${path}/${placeOf(i, shape)}`, `expected ${expected(item)}, got ${data[i]}`);
    }
  }
}

/** Whether a value that does not fit a variant of a union was probably meant to be that variant. */
function isMeant(variant: TSchema, value: unknown): boolean {
  // A nested union, as of names and objects, chooses among its own variants later.
  if (variant[Kind] === 'Union') return typeof value === 'string' || isObject(value);
  if (typeof value === 'string') return variant[Kind] === NAMES;
  if (variant[Kind] === NUMBERS && (Array.isArray(value) || asTensor(value)))
    return dimensionsOf(variant) === dimensionsGiven(value);
  if (isObject(value)) return variant[Kind] === 'Object' && namesOf(variant.properties.type).includes(value.type as string);
  return false;
}

/** The number of dimensions of an array of numbers, judged by its first item. */
function dimensionsGiven(value: unknown): number {
  return asTensor(value)?.shape.length ?? (Array.isArray((value as unknown[])[0]) ? 2 : 1);
}

/** Whether a value of a document is an object: not null, no list and no array of numbers. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !asTensor(value);
}

function describe({ type, schema, path, value }: ValueError, owner: string): string {
  switch (type) {
    case ValueErrorType.ObjectRequiredProperty:
      return missing(schema);
    case ValueErrorType.ObjectAdditionalProperties:
      return unknownKey(lastKey(path), Object.keys(schema.properties), owner);
    case ValueErrorType.ArrayMinItems:
      return NO_ITEMS;
    default:
      return (typeof value === 'number' && outOfBounds(schema, value)) || mismatch(schema, value);
  }
}

export const NO_ITEMS = 'expected at least 1 item, got none';

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

export function mismatch(schema: TSchema, value: unknown): string {
  const names = namesOf(schema);
  if (names.length > 0 && typeof value === 'string') return unknownName(schema.title ?? 'name', value, names);
  return `expected ${expected(schema)}, got ${shown(value)}`;
}

export function unknownKey(key: string, keys: string[], owner: string): string {
  const nearest = closest(key.slice(0, QUOTED_CHARACTERS), keys);
  const hint = distance(key.slice(0, QUOTED_CHARACTERS), nearest) <= key.length / 2 ? `, nearest is "${nearest}"` : '';
  return `unknown key ${shown(key)}${owner}${hint}; there ${keys.length === 1 ? 'is' : 'are'} ${keys.join(', ')}`;
}

function unknownName(what: string, name: string, names: string[]): string {
  return `unknown ${what} ${shown(name)}, nearest is "${closest(name.slice(0, QUOTED_CHARACTERS), names)}"; there are ${names.join(', ')}`;
}

function expected(schema: TSchema): string {
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

function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > QUOTED_CHARACTERS ? `${value.slice(0, QUOTED_CHARACTERS)}…` : value);
  if (Array.isArray(value)) return 'a list';
  if (asTensor(value)) return 'a tensor';
  if (isObject(value)) return 'an object';
  return typeof value === 'number' && !Number.isFinite(value) ? 'a number beyond the range of float64' : `${value}`;
}
