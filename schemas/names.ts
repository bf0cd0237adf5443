// Enumerations of names. In JSON Schema they are an `enum` of strings, which tools display better than a union of constants.
import { Kind, type SchemaOptions, type TSchema, type TUnsafe, Type, TypeRegistry } from '@sinclair/typebox';

/** The TypeBox kind of an enumeration. */
export const NAMES = 'Names';

TypeRegistry.Set<{ enum: string[] }>(NAMES, (schema, value) => schema.enum.includes(value as string));

/** The schema of a string that must be one of `names`. */
export function Names<const Name extends string>(names: readonly Name[], options?: SchemaOptions): TUnsafe<Name> {
  return Type.Unsafe<Name>({ ...options, [Kind]: NAMES, type: 'string', enum: names });
}

/** The members of a union, including those of nested unions; the schema itself if it is none. */
export function alternativesOf(schema: TSchema): TSchema[] {
  return schema.anyOf ? schema.anyOf.flatMap(alternativesOf) : [schema];
}

/** The names that a schema allows; empty if it is neither an enumeration nor a literal. */
export function namesOf(schema: TSchema): string[] {
  if (schema[Kind] === 'Literal') return [schema.const];
  return schema[Kind] === NAMES ? schema.enum : [];
}
