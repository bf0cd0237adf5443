// What the service's own description (/openapi.json) says of activations and losses: names, formulas and options.

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

/** The formulas of activations and losses, by their names. */
export interface Formulas {
  readonly activations: ReadonlyMap<string, string>;
  readonly losses: ReadonlyMap<string, string>;
}

export interface Description {
  readonly activations: readonly Variant[];
  readonly losses: readonly Variant[];
  readonly formulas: Formulas;
}

/** A JSON schema, as far as it is looked at. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  /** What else holds if there is a property of this name. */
  readonly dependentSchemas?: Readonly<Record<string, Schema>>;
}

const REQUEST = ['paths', '/gradients', 'post', 'requestBody', 'content', 'application/json', 'schema'];

/** A line of a description: the name of a variant and its formula. */
const FORMULA = /^- `?(\w+)`?: `(.+)`$/gm;

/** Reads the description of the API. */
export function readDescription(openapi: unknown): Description {
  const reader = new Reader(openapi);
  const request = reader.at(REQUEST) as Schema;
  const layer = reader.property(reader.property(reader.property(request, 'network'), 'layers').items ?? {}, 'activation');
  const activations = reader.variants(layer);
  const losses = reader.variants(reader.property(request, 'loss'));
  const formulas = (variants: readonly Variant[]) => new Map(variants.map(({ name, formula }) => [name, formula]));
  return { activations, losses, formulas: { activations: formulas(activations), losses: formulas(losses) } };
}

class Reader {
  readonly #document: unknown;

  constructor(document: unknown) {
    this.#document = document;
  }

  at(path: readonly string[]): unknown {
    return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], this.#document);
  }

  /** A schema itself, where there is only its name. */
  resolve(schema: Schema): Schema {
    if (!schema.$ref) return schema;
    const path = schema.$ref.replace(/^#\//, '').split('/');
    return this.resolve({ ...(this.at(path.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))) as Schema) });
  }

  property(schema: Schema, name: string): Schema {
    return this.resolve(this.resolve(schema).properties?.[name] ?? {});
  }

  /** All that a union consists of, and itself. */
  parts(given: Schema): Schema[] {
    const schema = this.resolve(given);
    const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
    return [schema, ...parts.flatMap((part) => this.parts(part))];
  }

  variants(union: Schema): Variant[] {
    const parts = this.parts(union);
    const formulas = new Map<string, string>();
    for (const { description } of parts.flatMap((part) => [part, this.property(part, 'type')]))
      for (const [, name, formula] of description?.matchAll(FORMULA) ?? []) formulas.set(name, formula);
    const options = new Map<string, Option[]>(
      parts.filter(({ type }) => type === 'string').flatMap((part) => namesOf(part).map((name) => [name, []])),
    );
    for (const { properties, dependentSchemas } of parts) {
      if (!properties?.type) continue;
      const names = namesOf(this.resolve(properties.type));
      for (const name of names) options.set(name, []);
      for (const [option, schema] of Object.entries(properties)) {
        if (option === 'type') continue;
        // Without conditions, all types have the option.
        const conditions = dependentSchemas?.[option]
          ? this.parts(dependentSchemas[option])
          : [{ properties: { [option]: schema } }];
        for (const { properties: own } of conditions) {
          if (!own) continue;
          for (const name of own.type ? namesOf(own.type) : names) options.get(name)?.push(this.option(option, own[option]));
        }
      }
    }
    return [...options].map(([name, given]) => ({ name, formula: formulas.get(name) ?? '', options: given }));
  }

  option(name: string, given: Schema): Option {
    const schema = this.resolve(given);
    const names = namesOf(schema);
    const kinds: Record<string, Option['kind']> = { boolean: 'boolean', array: 'numbers', string: 'names' };
    const kind = names.length > 0 ? 'names' : (kinds[[schema.type].flat()[0] ?? ''] ?? 'number');
    return { name, kind, names, initial: schema.default, description: schema.description ?? '' };
  }
}

function namesOf({ enum: names = [] }: Schema): string[] {
  return names.filter((name) => typeof name === 'string');
}
