// Whether a value fits a TypeBox schema; if not, what is wrong, in words, where a JSON pointer says.
import { Kind, type TSchema, type TUnion } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { Errors, type ValueError, ValueErrorType } from '@sinclair/typebox/errors';
import { closest, distance } from 'fastest-levenshtein';
import { NAMES, Names, namesOf } from '../../schemas/names.ts';
import { asTensor, dimensionsOf, itemOf, listsOf, NUMBERS, placeOf, type Tensor } from '../../schemas/numbers.ts';
import { Findings } from '../refusal.ts';
import { lastKey } from './pointer.ts';

/** How much of a string that a client sent is repeated to it. */
const QUOTED = 40;

/** Compiles a schema to two functions: one says whether a value fits it, the other finds everything that does not. */
export function inspector(schema: TSchema): { fits(value: unknown): boolean; inspect(value: unknown): Findings } {
  const compiled = TypeCompiler.Compile(schema);
  const fits = (value: unknown) => compiled.Check(value);
  return {
    fits,
    inspect(value) {
      const findings = new Findings();
      if (!fits(value)) explain(compiled.Errors(value), findings);
      return findings;
    },
  };
}

/** `owner` is the variant that the errors are about, if the client named one. */
function explain(errors: Iterable<ValueError>, findings: Findings, owner = ''): void {
  for (const error of errors) {
    if (findings.full) return;
    if (error.type === ValueErrorType.Union) explainUnion(error, findings);
    else if (error.schema[Kind] === NUMBERS && error.type === ValueErrorType.Kind) explainNumbers(error, findings);
    else findings.add(error.path, describe(error, owner));
  }
}

/** Explains by the variant that the client meant, if it can be told; otherwise by the names that there are. */
function explainUnion({ schema, path, value, errors }: ValueError, findings: Findings): void {
  const { anyOf } = schema as TUnion;
  const meant = anyOf.findIndex((variant) => isMeant(variant, value));
  if (meant >= 0) {
    // Only an object's type is surely a name.
    const isNamed = anyOf[meant][Kind] === 'Object';
    explain(errors[meant], findings, isNamed ? ` of ${(value as { type: string }).type}` : '');
    return;
  }
  if (!isObject(value) || !anyOf.every((variant) => variant[Kind] === 'Object')) {
    findings.add(path, mismatch(schema, value));
    return;
  }
  const type = Names(
    anyOf.flatMap(({ properties }) => namesOf(properties.type)),
    { title: schema.title as string },
  );
  if (Object.hasOwn(value, 'type')) findings.add(`${path}/type`, mismatch(type, value.type));
  else findings.add(`${path}/type`, missing(type));
}

/** Explains by the first numbers of a tensor that do not fit, or by what is wrong with nested lists. */
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

/** Whether a value that does not fit a variant of a union was meant to. */
function isMeant(variant: TSchema, value: unknown): boolean {
  // A union in a union, as of objects beside their names, says itself which of its own was meant.
  if (variant[Kind] === 'Union') return typeof value === 'string' || isObject(value);
  if (typeof value === 'string') return variant[Kind] === NAMES;
  if (variant[Kind] === NUMBERS && (Array.isArray(value) || asTensor(value)))
    return dimensionsOf(variant) === dimensionsGiven(value);
  if (isObject(value)) return variant[Kind] === 'Object' && namesOf(variant.properties.type).includes(value.type as string);
  return false;
}

/** How many dimensions an array of numbers has, as far as its first item shows. */
function dimensionsGiven(value: unknown): number {
  return asTensor(value)?.shape.length ?? (Array.isArray((value as unknown[])[0]) ? 2 : 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !asTensor(value);
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
  if (typeof value === 'string') return JSON.stringify(value.length > QUOTED ? `${value.slice(0, QUOTED)}…` : value);
  if (Array.isArray(value)) return 'a list';
  if (asTensor(value)) return 'a tensor';
  if (isObject(value)) return 'an object';
  return typeof value === 'number' && !Number.isFinite(value) ? 'a number beyond the range of float64' : `${value}`;
}
