// The arrays of numbers that requests and answers are made of.
import { type TSchema, Type } from '@sinclair/typebox';

/** A non-empty list. */
export function List<Items extends TSchema>(items: Items, description?: string) {
  return Type.Array(items, { minItems: 1, ...(description && { description }) });
}

/** A list of numbers; `description` says how many and what they are. */
export function Vector(description?: string) {
  return List(Type.Number(), description);
}

/** A list of rows of equal length; `description` says what rows and columns are. */
export function Matrix(description?: string) {
  return List(Vector(), description);
}
