// From tensors, whose names are paths joined by dots, and the JSON document without those paths, to the whole document.
import { Kind, type TSchema } from '@sinclair/typebox';
import { GradientsRequest } from '../../schemas/gradients.ts';
import { NUMBERS, type Tensor } from '../../schemas/numbers.ts';
import { Findings } from '../refusal.ts';
import { pointerTo } from './pointer.ts';

type Value = number | Float64Array | Tensor;

/**
 * Puts each tensor where its name says, into the document itself. Layers that are not there are added, in the order of their numbers.
 * @throws Refusal `invalid-request`, with every tensor that has no place.
 */
export function merge(document: Record<string, unknown>, tensors: ReadonlyMap<string, Value>): unknown {
  const findings = new Findings();
  // Layer 10 comes after layer 9.
  const { compare } = new Intl.Collator('en', { numeric: true });
  for (const name of [...tensors.keys()].sort(compare)) {
    if (findings.full) break;
    const path = name.split('.');
    const value = tensors.get(name) as Value;
    if (isPlace(path, value)) put(document, path, value, findings);
    else {
      const which = typeof value === 'number' ? `${JSON.stringify(name)} without dimensions` : JSON.stringify(name);
      findings.add(pointerTo(path), `a request has no tensor ${which}; there are ${PLACES}`);
    }
  }
  findings.refuse('invalid-request');
  return document;
}

/** Whether a request has an array of numbers at `path`; or a number, if the value is one. */
function isPlace(path: readonly string[], value: Value): boolean {
  const schemas = path.reduce((at, key) => at.flatMap((schema) => within(schema, key)), [GradientsRequest as TSchema]);
  return schemas.some((schema) =>
    typeof value === 'number' ? ['Number', 'Integer'].includes(schema[Kind]) : schema[Kind] === NUMBERS,
  );
}

/** The schemas of what may stand under a key. */
function within(schema: TSchema, key: string): TSchema[] {
  const found = schema[Kind] === 'Array' ? /^(0|[1-9]\d*)$/.test(key) && schema.items : ownValue(schema.properties, key);
  return found ? alternatives(found as TSchema) : [];
}

function alternatives(schema: TSchema): TSchema[] {
  return schema.anyOf ? schema.anyOf.flatMap(alternatives) : [schema];
}

/** The names of all tensors that a request may have; k is the number of a layer. */
function places(schema: TSchema, name = ''): string[] {
  const named = (key: string) => (name ? `${name}.${key}` : key);
  if (schema.anyOf) return [...new Set<string>(schema.anyOf.flatMap((variant: TSchema) => places(variant, name)))];
  if (schema[Kind] === NUMBERS) return [name];
  if (schema[Kind] === 'Array') return places(schema.items, named('{k}'));
  return Object.entries((schema.properties ?? {}) as Record<string, TSchema>).flatMap(([key, item]) => places(item, named(key)));
}

const PLACES = places(GradientsRequest).join(', ');

function ownValue(object: unknown, key: string): unknown {
  return object instanceof Object && Object.hasOwn(object, key) ? object[key as keyof object] : undefined;
}

/** Puts a value at a path whose keys the schema knows. Where the document has something else on the way, the schema will say so. */
function put(document: Record<string, unknown>, path: string[], value: Value, findings: Findings): void {
  let parent: unknown = document;
  for (const [depth, key] of path.entries()) {
    if (!(parent instanceof Object)) return;
    const has = Object.hasOwn(parent, key);
    if (depth === path.length - 1 && has) findings.add(pointerTo(path), 'stands twice: as a tensor, and in the JSON document');
    else if (Array.isArray(parent) && Number(key) > parent.length)
      findings.add(pointerTo(path), `there is no tensor and no JSON for ${path.slice(0, depth).join('.')}.${parent.length}`);
    else if (depth === path.length - 1) set(parent, key, value);
    else if (!has) set(parent, key, path[depth + 1] === '0' ? [] : {});
    parent = parent[key as keyof object];
  }
}

function set(object: object, key: string, value: unknown): void {
  (object as Record<string, unknown>)[key] = value;
}
