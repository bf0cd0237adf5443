// Merges named tensors into a JSON document. A tensor's name is its path in the document, joined by dots.
import { Kind, type TSchema } from '@sinclair/typebox';
import { alternativesOf } from '../../schemas/names.ts';
import { asTensor, dimensionsOf, itemOf, NUMBERS, type Tensor } from '../../schemas/numbers.ts';
import { Findings } from '../refusal.ts';
import { KeyPlaces, nearest } from './key-places.ts';
import { pointerTo } from './pointer.ts';
import { keysMeant } from './suggest.ts';

type Value = number | Float64Array | Tensor;

/** The paths at which the schema of a request allows numbers or arrays of numbers. */
export class Places {
  readonly #schema: TSchema;
  readonly #keys: KeyPlaces;
  readonly #known = new Map<string, TSchema[]>();
  /** The names of all arrays; {k} stands for a list index. */
  readonly #names: readonly string[];
  /** The name of the first array, whose dtype the answer will have; empty if there is none. */
  readonly first: string;

  constructor(schema: TSchema, keys = new KeyPlaces(schema)) {
    this.#schema = schema;
    this.#keys = keys;
    this.#names = namesIn(schema);
    this.first = (this.#names[0] ?? '').replaceAll('{k}', '0');
  }

  /** The names of the arrays of integers, for error texts. */
  get ofIntegers(): string {
    return this.#names.filter((name) => this.takesIntegers(name)).join(', ');
  }

  /** Whether the schema allows a value of this kind (number or array) under a name. */
  has(name: string, value: Value): boolean {
    // {k} is a pattern, not a name that a client may use.
    if (name.includes('{')) return false;
    return this.#at(name).some((schema) =>
      typeof value === 'number' ? ['Number', 'Integer'].includes(schema[Kind]) : schema[Kind] === NUMBERS,
    );
  }

  /** The error text for a name under which the schema does not allow this value. */
  explain(name: string, value: Value): string {
    const schemas = name.includes('{') ? [] : this.#at(name);
    const dimensions = schemas.filter((schema) => schema[Kind] === NUMBERS).map(dimensionsOf);
    if (dimensions.length > 0) {
      const expected = `${dimensions.join(' or ')} dimension${dimensions.join() === '1' ? '' : 's'}`;
      return `expected a tensor of ${expected}, got one without dimensions, of the shape []`;
    }
    const shape = asTensor(value)?.shape.join(', ');
    if (schemas.some((schema) => ['Number', 'Integer'].includes(schema[Kind])))
      return `expected a tensor without dimensions, of the shape [], got one of the shape [${shape}]`;
    if (schemas.length > 0) return 'expected no tensor, but a value of the JSON document';
    return `a request has no tensor ${JSON.stringify(name)}${this.#suggest(name)}; there are ${this}`;
  }

  /** The name of the array that was probably meant: of those with the same last key, the one with most other keys in common. */
  #suggest(name: string): string {
    const path = name.split(/[./]/);
    const keys = keysMeant((path.pop() as string).replace(/[:_]?\d+$/, ''), this.#keys);
    const endsWith = (key: string) => this.#names.filter((known) => known === key || known.endsWith(`.${key}`));
    const meant = nearest(keys.flatMap(endsWith), path.join('.'));
    if (!meant) return '';
    const list = /\w+(?=\.\{k\})/.exec(meant)?.[0];
    const index = new RegExp(`(?:^|\\.)${list}\\.(\\d+)\\.`).exec(name)?.[1];
    return `: it is ${index ? meant.replace('{k}', `${Number(index)}`) : meant} here`;
  }

  /** Whether the schema has an array of integers under a name. */
  takesIntegers(name: string): boolean {
    return this.#at(name).some((schema) => schema[Kind] === NUMBERS && itemOf(schema).type === 'integer');
  }

  /** The schemas under a name. Cached by pattern, since all items of a list have the same schema. */
  #at(name: string): readonly TSchema[] {
    const pattern = name.replace(/\.(0|[1-9]\d*)(?=\.|$)/g, '.{k}');
    let found = this.#known.get(pattern);
    if (found === undefined) {
      found = pattern.split('.').reduce((at, key) => at.flatMap((schema) => within(schema, key)), [this.#schema]);
      // Unknown names are not cached: clients could send any number of them.
      if (found.length > 0) this.#known.set(pattern, found);
    }
    return found;
  }

  toString(): string {
    return this.#names.join(', ');
  }
}

function within(schema: TSchema, key: string): TSchema[] {
  const found = schema[Kind] === 'Array' ? key === '{k}' && schema.items : ownValue(schema.properties, key);
  return found ? alternativesOf(found as TSchema) : [];
}

function namesIn(schema: TSchema, name = ''): string[] {
  const named = (key: string) => (name ? `${name}.${key}` : key);
  if (schema.anyOf) return [...new Set<string>(schema.anyOf.flatMap((variant: TSchema) => namesIn(variant, name)))];
  if (schema[Kind] === NUMBERS) return [name];
  if (schema[Kind] === 'Array') return namesIn(schema.items, named('{k}'));
  return Object.entries((schema.properties ?? {}) as Record<string, TSchema>).flatMap(([key, item]) => namesIn(item, named(key)));
}

/**
 * Puts each tensor into the document, in place, at the path of its name. Missing items of lists are added in order.
 * @throws Refusal `invalid-request`, with every tensor whose name is unknown or already used.
 */
export function merge(document: Record<string, unknown>, tensors: ReadonlyMap<string, Value>, places: Places): unknown {
  const findings = new Findings();
  for (const name of inOrder(tensors.keys())) {
    if (findings.full) break;
    const path = name.split('.');
    const value = tensors.get(name) as Value;
    if (places.has(name, value)) put(document, path, value, findings);
    else findings.add(pointerTo(path), places.explain(name, value));
  }
  findings.refuse('invalid-request');
  return document;
}

/** Sorts names with their numbers in numerical order: layer 10 comes after layer 9. */
function inOrder(names: Iterable<string>): string[] {
  const padded = Array.from(names, (name) => [name.replace(/\d+/g, (digits) => digits.padStart(16, '0')), name] as const);
  return padded.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name);
}

function ownValue(object: unknown, key: string): unknown {
  return object instanceof Object && Object.hasOwn(object, key) ? object[key as keyof object] : undefined;
}

/** Puts a value at a path that the schema has. Does nothing if a scalar is in the way: the check of the schema will report it. */
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
