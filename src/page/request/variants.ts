// What the page says of activations and losses: names, formulas and options. The build replaces this module by its values, as JSON
// (deploy/page.ts): browsers load neither the schemas nor /openapi.json for them.
import type { TProperties, TSchema } from '@sinclair/typebox';
import * as activation from '../../../schemas/activation.ts';
import * as loss from '../../../schemas/loss.ts';
import { namesOf } from '../../../schemas/names.ts';
import type { Declarations } from '../../../schemas/variant.ts';

export interface Option {
  readonly name: string;
  readonly kind: 'number' | 'boolean' | 'names' | 'numbers';
  /** What may be chosen, of the kind names. */
  readonly names: readonly string[];
  readonly initial: unknown;
  readonly description: string;
}

export interface Variant {
  readonly name: string;
  readonly formula: string;
  readonly options: readonly Option[];
}

export const activations: readonly Variant[] = variantsOf(activation.activations, {});
export const losses: readonly Variant[] = variantsOf(loss.losses, loss.sharedLossOptions);

function variantsOf(declarations: Declarations, shared: TProperties): Variant[] {
  return Object.entries(declarations).map(([name, { formula, options }]) => ({
    name,
    formula,
    options: Object.entries({ ...options, ...shared }).map(([name, schema]) => optionOf(name, schema)),
  }));
}

function optionOf(name: string, schema: TSchema): Option {
  const names = namesOf(schema);
  const kinds: Record<string, Option['kind']> = { number: 'number', integer: 'number', boolean: 'boolean', string: 'names' };
  const [description] = (schema.description as string).split('\n');
  return { name, kind: kinds[schema.type] ?? 'numbers', names, initial: schema.default, description };
}
