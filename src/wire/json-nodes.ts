// A request's schema, compiled for the JSON reader: a tree of nodes with the bytes of their keys and names.
import { Kind, OptionalKind, type TSchema } from '@sinclair/typebox';
import { alternativesOf, NAMES, namesOf } from '../../schemas/names.ts';
import { dimensionsOf, itemOf, NUMBERS } from '../../schemas/numbers.ts';
import { typeOf } from './check.ts';

/** A key, or a name of an enumeration, with its bytes: ASCII without escapes. */
export interface Word {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface Property extends Word {
  readonly node: Node;
  readonly isOptional: boolean;
  /** A bit for the set of keys that an object has. */
  readonly bit: number;
}

interface Of<K extends string> {
  readonly kind: K;
  readonly schema: TSchema;
}

export interface ObjectNode extends Of<'object'> {
  readonly properties: readonly Property[];
  /** The bits of the required keys. */
  readonly required: number;
  /** A suffix for error texts: the variant of a union, such as " of huber". */
  readonly owner: string;
}

export interface ListNode extends Of<'list'> {
  readonly items: Node;
}

export interface NumbersNode extends Of<'numbers'> {
  readonly dimensions: number;
  readonly areIntegers: boolean;
}

export interface NamesNode extends Of<'names'> {
  readonly words: readonly Word[];
}

export interface NumberNode extends Of<'number'> {
  readonly isInteger: boolean;
}

/** A union. The first byte of a value selects the node; objects are selected by their `type`. */
export interface UnionNode extends Of<'union'> {
  readonly ofString: Node | undefined;
  readonly ofNull: Node | undefined;
  readonly ofNumber: Node | undefined;
  readonly ofBoolean: Node | undefined;
  /** By their number of dimensions, from 1. */
  readonly ofNumbers: ReadonlyMap<number, NumbersNode>;
  readonly variants: ReadonlyMap<string, ObjectNode>;
  /** The schema of the union of objects, and that of their `type`. */
  readonly ofObject: { readonly schema: TSchema; readonly type: TSchema } | undefined;
}

export type Node =
  | ObjectNode
  | ListNode
  | NumbersNode
  | NamesNode
  | NumberNode
  | UnionNode
  | Of<'boolean'>
  | Of<'null'>
  | Of<'string'>;

function word(name: string): Word {
  return { name, bytes: Buffer.from(name) };
}

type Fields<N> = N extends Node ? Exclude<keyof N, 'kind' | 'schema'> : never;

/** Every node has all fields, in this order: with nine hidden classes of nodes, V8 would read their `kind` more slowly. */
const FIELDS: { readonly [Field in Fields<Node>]: undefined } = {
  properties: undefined,
  required: undefined,
  owner: undefined,
  items: undefined,
  dimensions: undefined,
  areIntegers: undefined,
  words: undefined,
  isInteger: undefined,
  ofString: undefined,
  ofNull: undefined,
  ofNumber: undefined,
  ofBoolean: undefined,
  ofNumbers: undefined,
  variants: undefined,
  ofObject: undefined,
};

/** @throws Error for a schema that is not supported yet. */
export function compile(schema: TSchema, owner = ''): Node {
  return { ...FIELDS, ...compileKind(schema, owner) };
}

function compileKind(schema: TSchema, owner: string): Node {
  const kind = schema[Kind];
  switch (kind) {
    case 'Object':
      return compileObject(schema, owner);
    case 'Array':
      return { kind: 'list', schema, items: compile(schema.items) };
    case NUMBERS:
      return { kind: 'numbers', schema, dimensions: dimensionsOf(schema), areIntegers: itemOf(schema).type === 'integer' };
    case NAMES:
    case 'Literal':
      return { kind: 'names', schema, words: namesOf(schema).map(word) };
    case 'Number':
    case 'Integer':
      return { kind: 'number', schema, isInteger: kind === 'Integer' };
    case 'Boolean':
      return { kind: 'boolean', schema };
    case 'Null':
      return { kind: 'null', schema };
    case 'String':
      return { kind: 'string', schema };
    case 'Union':
      return compileUnion(schema);
    default:
      throw new Error(`no request may have a ${kind}`);
  }
}

/** Each key of an object has a bit of an integer. */
const MOST_KEYS = 31;

function compileObject(schema: TSchema, owner: string): ObjectNode {
  const entries = Object.entries(schema.properties as Record<string, TSchema>);
  if (entries.length > MOST_KEYS) throw new Error(`no object of a request may have more than ${MOST_KEYS} keys`);
  const properties = entries.map(([name, property], i) => ({
    ...word(name),
    node: compile(property),
    isOptional: OptionalKind in property,
    bit: 2 ** i,
  }));
  const required = properties.filter(({ isOptional }) => !isOptional).reduce((bits, { bit }) => bits | bit, 0);
  return { kind: 'object', schema, properties, required, owner };
}

function compileUnion(schema: TSchema): UnionNode {
  const all = alternativesOf(schema);
  const objects = all.filter((one) => one[Kind] === 'Object');
  const ofKind = (...kinds: string[]) => {
    const found = all.find((one) => kinds.includes(one[Kind]));
    return found && compile(found);
  };
  const numbers = all.filter((one) => one[Kind] === NUMBERS).map((one) => compile(one) as NumbersNode);
  // If names are allowed beside objects, the objects are a nested union with its own title.
  const variants = schema.anyOf.find((one: TSchema) => one.anyOf) ?? schema;
  return {
    kind: 'union',
    schema,
    ofString: ofKind(NAMES, 'String', 'Literal'),
    ofNull: ofKind('Null'),
    ofNumber: ofKind('Number', 'Integer'),
    ofBoolean: ofKind('Boolean'),
    ofNumbers: new Map(numbers.map((node) => [node.dimensions, node])),
    variants: new Map(
      objects.map((one) => {
        const [type] = namesOf(one.properties.type);
        return [type, compile(one, ` of ${type}`) as ObjectNode];
      }),
    ),
    ofObject: objects.length > 0 ? { schema: variants, type: typeOf({ ...variants, anyOf: objects }) } : undefined,
  };
}
