// A choice among names: in JSON Schema an `enum` of strings, which tools show better than a union of constants.
import { Kind, type SchemaOptions, type TSchema, type TUnsafe, Type, TypeRegistry } from '@sinclair/typebox';

/** What TypeBox is to know this schema by. */
export const NAMES = 'Names';

TypeRegistry.Set<{ enum: string[] }>(NAMES, (schema, value) => schema.enum.includes(value as string));

/** The schema of one of `names`. */
export function Names<const Name extends string>(names: readonly Name[], options?: SchemaOptions): TUnsafe<Name> {
  return Type.Unsafe<Name>({ ...options, [Kind]: NAMES, type: 'string', enum: names });
}

/** The names that a schema admits; none if it is neither a choice among names nor one name. */
export function namesOf(schema: TSchema): string[] {
  if (schema[Kind] === 'Literal') return [schema.const];
  return schema[Kind] === NAMES ? schema.enum : [];
}
