// Named schemas in the OpenAPI document: a schema with an `$id` is listed under #/components/schemas, and is a $ref elsewhere.
import { isDeepStrictEqual } from 'node:util';
import type { TSchema } from '@sinclair/typebox';
import { UNDOCUMENTED } from '../../schemas/numbers.ts';
import { TYPE_NAMES } from '../../schemas/variant.ts';

type Schema = Record<string, unknown>;

/** OpenAPI formats for float64 and int64: without them some client generators use 32 bits. */
const FORMATS: Record<string, string> = { number: 'double', integer: 'int64' };

/** Converts the schemas of routes to OpenAPI, and collects the named ones. */
export class Components {
  /** The named schemas, in the order in which they are first used. */
  readonly schemas: Record<string, Schema> = {};
  readonly #bodies = new Map<unknown, Schema>();

  /** `first` are the schemas to list first. */
  constructor(first: readonly TSchema[]) {
    for (const schema of first) this.#refer(schema);
  }

  /** The schema of a route, with references to named schemas. */
  ofRoute({ body, response, params, ...route }: Schema): Schema {
    const content = body instanceof Object && this.#ofContent(body as Schema);
    if (content) this.#bodies.set(route.operationId, content);
    return {
      ...route,
      ...(content && { body: content }),
      ...(response instanceof Object && { response: mapValues(response as Schema, (one) => this.#ofContent(one)) }),
      ...(params instanceof Object && { params: this.#refer(params as TSchema) }),
    };
  }

  /** Completes a document that @fastify/swagger made of such routes: adds request bodies and named schemas. */
  complete(document: { paths?: Schema; components?: Schema }): Schema {
    const ofOperation = (operation: Schema) => {
      const body = this.#bodies.get(operation.operationId);
      // @fastify/swagger drops examples next to a $ref.
      return body ? { ...operation, requestBody: { required: true, ...body } } : operation;
    };
    const paths = mapValues(document.paths, (operations) => mapValues(operations, ofOperation));
    return { ...document, paths, components: { ...document.components, schemas: this.schemas } };
  }

  #ofContent(described: Schema): Schema {
    if (!described.content) return described;
    const content = mapValues(described.content as Schema, ({ schema, ...media }) => ({ schema: this.#refer(schema), ...media }));
    return { ...described, content };
  }

  /** A reference to a schema if it has a name, else the schema itself. Drops the schema's title, which is for error texts. */
  #refer({ $id, title: _, ...schema }: TSchema): Schema {
    if (!$id) return this.#inside(schema as TSchema);
    if (!this.schemas[$id]) {
      const component: Schema = { title: $id };
      this.schemas[$id] = component;
      Object.assign(component, this.#inside(schema as TSchema));
    }
    return { $ref: `#/components/schemas/${$id}` };
  }

  #inside(schema: TSchema): Schema {
    // Some client generators do not know `const`.
    const { properties, items, anyOf, const: only, enum: names = only === undefined ? undefined : [only], ...plain } = schema;
    const documented = anyOf?.filter((variant: TSchema) => !variant[UNDOCUMENTED]);
    if (documented?.length === 1) return this.#inside({ ...documented[0], ...plain });
    if (TYPE_NAMES in schema) return this.#withOptions(documented, schema[TYPE_NAMES] as TSchema, plain);
    if (documented) return this.#choice(documented, plain);
    const type = Number.isInteger(only) ? 'integer' : schema.type;
    return {
      ...plain,
      ...(names && { enum: names }),
      ...(type && { type }),
      ...(Object.hasOwn(FORMATS, type) && { format: FORMATS[type] }),
      ...(properties && { properties: this.#properties(schema) }),
      ...(items && { items: this.#refer(items) }),
    };
  }

  /**
   * The properties of an object. In a request, whose objects are closed, null stands for a key that is left out: said of lists, for which some
   * client generators would send empty lists otherwise.
   */
  #properties({ properties, required = [], additionalProperties }: TSchema): Schema {
    const isRequest = additionalProperties === false;
    return Object.fromEntries(
      Object.entries<TSchema>(properties).map(([key, property]) => {
        const schema = this.#refer(property);
        return [
          key,
          isRequest && schema.type === 'array' && !required.includes(key) ? { ...schema, type: ['array', 'null'] } : schema,
        ];
      }),
    );
  }

  /**
   * A union. Its default goes to the description: client generators cannot express it. One of a name and an object is `oneOf` with the names
   * as they are, of which most generators make a type for both.
   */
  #choice(variants: TSchema[], { default: standard, description, ...schema }: Schema): Schema {
    const text = standard === undefined ? description : `${description}. By default ${standard}`;
    const described = { ...schema, ...(text ? { description: text } : {}) };
    if (!variants.some((variant) => TYPE_NAMES in variant))
      return { ...described, anyOf: variants.map((variant) => this.#refer(variant)) };
    return {
      ...described,
      oneOf: variants.map((variant) => (variant.enum ? { type: variant.type, enum: variant.enum } : this.#refer(variant))),
    };
  }

  /**
   * A union of objects with options, as one object with all options: many client generators cannot express such a union. Which options a type
   * has is in `dependentSchemas`, which they ignore. They would send defaults, also of options that the type does not have.
   */
  #withOptions(variants: TSchema[], names: TSchema, plain: Schema): Schema {
    const having = Map.groupBy(
      variants.flatMap((variant) => Object.keys(variant.properties).map((option) => ({ option, variant }))),
      ({ option }) => option,
    );
    having.delete('type');
    const described = new Map(variants.map((variant) => [variant, this.#properties(variant)]));
    const properties: Schema = { type: this.#refer(names) };
    const dependentSchemas: Schema = {};
    // Those of all types last, as in each variant.
    for (const [option, members] of [...having].toSorted(
      ([, a], [, b]) => Number(a.length === variants.length) - Number(b.length === variants.length),
    )) {
      const groups = Map.groupBy(members, ({ variant }) => JSON.stringify(described.get(variant)?.[option]));
      const alternatives = [...groups].map(([schema, same]) => ({
        types: same.map(({ variant }) => variant.properties.type.const),
        schema: JSON.parse(schema),
      }));
      if (members.length === variants.length) {
        properties[option] = alternatives[0].schema;
        continue;
      }
      properties[option] = optionOf(alternatives);
      const anyOf = alternatives.map(({ types, schema }) => ({
        // Said, since some validators close every schema of properties that does not say so.
        additionalProperties: true,
        properties: { type: { enum: types }, [option]: schema },
      }));
      dependentSchemas[option] = anyOf.length === 1 ? anyOf[0] : { anyOf };
    }
    return { ...plain, type: 'object', additionalProperties: false, required: ['type'], properties, dependentSchemas };
  }
}

interface Alternative {
  /** The types that have an option of this schema. */
  readonly types: readonly string[];
  readonly schema: Schema;
}

/** The schema of an option with which all alternatives agree, and a description of each. */
function optionOf(alternatives: readonly Alternative[]): Schema {
  const [{ schema }, ...others] = alternatives;
  const shared = Object.entries(schema).filter(
    ([key, value]) =>
      !['default', 'description'].includes(key) && others.every((other) => isDeepStrictEqual(other.schema[key], value)),
  );
  const description = alternatives.map(({ types, schema: { description, default: standard } }) => {
    const text = `of ${types.join(', ')}: ${description}`;
    return standard === undefined ? text : `${text}; by default ${standard}`;
  });
  return { ...Object.fromEntries(shared), description: description.join('. ') };
}

// biome-ignore lint/suspicious/noExplicitAny: the values of a schema depend on its keys
function mapValues(object: any, map: (value: any) => unknown): Schema {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
