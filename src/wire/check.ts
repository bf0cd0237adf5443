// Checks a value against a TypeBox schema. Findings say in words what is wrong, and where, by a JSON pointer.
import { Kind, type TSchema, type TUnion, Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors';
import { NAMES, Names, namesOf } from '../../schemas/names.ts';
import { asTensor, dimensionsOf, itemOf, NUMBERS, placeOf, type Tensor } from '../../schemas/numbers.ts';
import { Findings } from '../refusal.ts';
import {
  expected,
  isObject,
  mismatch,
  misshapen,
  missing,
  missingType,
  NO_ITEMS,
  outOfBounds,
  unknownKey,
} from './error-texts.ts';
import { KeyPlaces } from './key-places.ts';
import { nameMeant } from './suggest.ts';
import { faultThroughout } from './survey.ts';

/** Compiles a schema to a function that finds everything that is wrong with a value. `keys` are the places of the schema's keys. */
export function inspectorOf(schema: TSchema, keys = new KeyPlaces(schema)): (value: unknown) => Findings {
  const compiled = TypeCompiler.Compile(schema);
  return (value) => {
    const findings = new Findings();
    if (!compiled.Check(value)) explain(compiled.Errors(value), findings, keys);
    return findings;
  };
}

/** `owner` is a suffix for error texts: the variant of a union that the client named, such as " of huber". */
function explain(errors: Iterable<ValueError>, findings: Findings, keys: KeyPlaces, owner = ''): void {
  for (const error of errors) {
    if (findings.full) return;
    if (error.type === ValueErrorType.Union) explainUnion(error, findings, keys);
    else if (error.schema[Kind] === NUMBERS && error.type === ValueErrorType.Kind) explainNumbers(error, findings);
    else findings.add(error.path, describe(error, keys, owner));
  }
}

/** Explains a value by the variant that the client probably meant; if that is unclear, lists the known names. */
function explainUnion({ schema, path, value, errors }: ValueError, findings: Findings, keys: KeyPlaces): void {
  const { anyOf } = schema as TUnion;
  const meant = anyOf.findIndex((variant) => isMeant(variant, value));
  if (meant >= 0) {
    // Only objects have a `type` that names the variant.
    const isNamed = anyOf[meant][Kind] === 'Object';
    explain(errors[meant], findings, keys, isNamed ? ` of ${(value as { type: string }).type}` : '');
    return;
  }
  if (!isObject(value) || !anyOf.every((variant) => variant[Kind] === 'Object')) {
    findings.add(path, mismatch(schema, value));
    return;
  }
  const type = typeOf(schema);
  if (Object.hasOwn(value, 'type')) {
    findings.add(`${path}/type`, mismatch(type, value.type));
    const name = nameMeant(`${value.type}`, namesOf(type));
    // For the errors in its options.
    const variant = anyOf.findIndex(({ properties }) => namesOf(properties.type).includes(`${name}`));
    if (variant >= 0) explain(errors[variant], findings, keys, ` of ${name}`);
  } else findings.add(`${path}/type`, missingType(type, Object.keys(value)));
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
    const shape = shapeOf(value);
    if (shape && shape.length !== dimensionsOf(schema)) findings.add(path, misshapen(schema, shape, value.flat()));
    else explainList(schema, path, value, findings);
  }
}

/** The shape of lists that are a rectangular array of finite numbers, of one or two dimensions; undefined if they are none. */
function shapeOf(list: readonly unknown[]): number[] | undefined {
  const [first] = list;
  const columns = Array.isArray(first) ? first.length : 0;
  if (columns === 0) return list.length > 0 && list.every(Number.isFinite) ? [list.length] : undefined;
  const isRow = (row: unknown) => Array.isArray(row) && row.length === columns && row.every(Number.isFinite);
  return list.every(isRow) ? [list.length, columns] : undefined;
}

/** Adds one error for a list that is wrong in the same way throughout, otherwise one for each wrong value. */
function explainList(schema: TSchema, path: string, list: readonly unknown[], findings: Findings): void {
  const { items } = schema;
  const fault = list.length === 0 ? NO_ITEMS : faultThroughout(schema, list);
  if (fault) {
    findings.add(path, fault);
    return;
  }
  const accepts = items.type === 'integer' ? Number.isInteger : Number.isFinite;
  for (let i = 0; i < list.length && !findings.full; i++) {
    const item = list[i];
    if (items.type === 'array' && Array.isArray(item)) explainList(items, `${path}/${i}`, item, findings);
    else if (items.type === 'array' || !accepts(item)) findings.add(`${path}/${i}`, mismatch(items, item));
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
    const fault = faultThroughout(Type.Array(item), data);
    if (fault) {
      findings.add(path, fault);
      return;
    }
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

function describe({ type, schema, path, value }: ValueError, keys: KeyPlaces, owner: string): string {
  switch (type) {
    case ValueErrorType.ObjectRequiredProperty:
      return missing(schema);
    case ValueErrorType.ObjectAdditionalProperties:
      return unknownKey(path, Object.keys(schema.properties), owner, keys);
    case ValueErrorType.ArrayMinItems:
      return NO_ITEMS;
    default:
      return (typeof value === 'number' && outOfBounds(schema, value)) || mismatch(schema, value);
  }
}
