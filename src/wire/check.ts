// Whether a value fits a TypeBox schema; if not, what is wrong, in words, where a JSON pointer says.
import { Kind, type TSchema, type TUnion } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors';
import { closest, distance } from 'fastest-levenshtein';
import { NAMES, Names, namesOf } from '../../schemas/names.ts';
import { Findings } from '../refusal.ts';
import { lastKey } from './pointer.ts';

/** How much of a string that a client sent is repeated to it. */
const QUOTED = 40;

/** Compiles a schema to a function that finds everything in a value that does not fit it. */
export function inspector(schema: TSchema): (value: unknown) => Findings {
  const compiled = TypeCompiler.Compile(schema);
  return (value) => {
    const findings = new Findings();
    if (!compiled.Check(value)) explain(compiled.Errors(value), findings);
    return findings;
  };
}

/** `owner` is the variant that the errors are about, if the client named one. */
function explain(errors: Iterable<ValueError>, findings: Findings, owner = ''): void {
  for (const error of errors) {
    if (findings.full) return;
    if (error.type === ValueErrorType.Union) explainUnion(error, findings);
    else findings.add(error.path, describe(error, owner));
  }
}

/** Explains by the variant that the client meant, if it can be told; otherwise by the names that there are. */
function explainUnion({ schema, path, value, errors }: ValueError, findings: Findings): void {
  const { anyOf } = schema as TUnion;
  const meant = anyOf.findIndex((variant) => isMeant(variant, value));
  if (meant >= 0) {
    explain(errors[meant], findings, isObject(value) ? ` of ${value.type}` : '');
    return;
  }
  const type = Names(anyOf.flatMap(namesOf), { title: schema.title as string });
  if (!isObject(value) || !anyOf.some((variant) => variant[Kind] === 'Object')) findings.add(path, mismatch(schema, value));
  else if (Object.hasOwn(value, 'type')) findings.add(`${path}/type`, mismatch(type, value.type));
  else findings.add(`${path}/type`, missing(type));
}

/** Whether a value that does not fit a variant of a union was meant to. */
function isMeant(variant: TSchema, value: unknown): boolean {
  if (typeof value === 'string') return variant[Kind] === NAMES;
  if (isObject(value)) return variant[Kind] === 'Object' && namesOf(variant.properties.type).includes(value.type as string);
  return Array.isArray(value) && variant[Kind] === 'Array' && (variant.items[Kind] === 'Array') === Array.isArray(value[0]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe({ type, schema, path, value }: ValueError, owner: string): string {
  switch (type) {
    case ValueErrorType.ObjectRequiredProperty:
      return missing(schema);
    case ValueErrorType.ObjectAdditionalProperties:
      return unknownKey(lastKey(path), Object.keys(schema.properties), owner);
    case ValueErrorType.ArrayMinItems:
      return 'expected at least 1 item, got none';
    case ValueErrorType.NumberMinimum:
    case ValueErrorType.IntegerMinimum:
      return `expected at least ${schema.minimum}, got ${value}`;
    case ValueErrorType.NumberMaximum:
    case ValueErrorType.IntegerMaximum:
      return `expected at most ${schema.maximum}, got ${value}`;
    case ValueErrorType.NumberExclusiveMinimum:
      return `expected more than ${schema.exclusiveMinimum}, got ${value}`;
    default:
      return mismatch(schema, value);
  }
}

function missing(schema: TSchema): string {
  return `expected ${expected(schema)}, but the key is missing`;
}

function mismatch(schema: TSchema, value: unknown): string {
  const names = namesOf(schema);
  if (names.length > 0 && typeof value === 'string') return unknownName(schema.title ?? 'name', value, names);
  return `expected ${expected(schema)}, got ${shown(value)}`;
}

function unknownKey(key: string, keys: string[], owner: string): string {
  const nearest = closest(key.slice(0, QUOTED), keys);
  const hint = distance(key.slice(0, QUOTED), nearest) <= key.length / 2 ? `, nearest is "${nearest}"` : '';
  return `unknown key ${shown(key)}${owner}${hint}; there ${keys.length === 1 ? 'is' : 'are'} ${keys.join(', ')}`;
}

function unknownName(what: string, name: string, names: string[]): string {
  return `unknown ${what} ${shown(name)}, nearest is "${closest(name.slice(0, QUOTED), names)}"; there are ${names.join(', ')}`;
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
      return schema.items[Kind] === 'Array' ? 'a list of lists' : 'a list';
    case 'Union':
      return [...new Set(schema.anyOf.map(expected))].join(' or ');
    default:
      return 'an object';
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > QUOTED ? `${value.slice(0, QUOTED)}…` : value);
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  return typeof value === 'number' && !Number.isFinite(value) ? 'a number beyond the range of float64' : `${value}`;
}
