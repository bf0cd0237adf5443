// Named schemas in the OpenAPI document: a schema with an `$id` is listed under #/components/schemas, and is a $ref elsewhere.
import type { TSchema } from '@sinclair/typebox';
import { UNDOCUMENTED } from '../../schemas/numbers.ts';

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
    const { properties, items, anyOf, enum: names, ...plain } = schema;
    const documented = anyOf?.filter((variant: TSchema) => !variant[UNDOCUMENTED]);
    if (documented?.length === 1) return this.#inside({ ...documented[0], ...plain });
    if (documented) return this.#choice(documented, plain);
    const type = Number.isInteger(schema.const) ? 'integer' : schema.type;
    return {
      ...plain,
      ...(names && (names.length === 1 ? { const: names[0] } : { enum: names })),
      ...(type && { type }),
      ...(Object.hasOwn(FORMATS, type) && { format: FORMATS[type] }),
      ...(properties && { properties: mapValues(properties, (property) => this.#refer(property)) }),
      ...(items && { items: this.#refer(items) }),
    };
  }

  /** A union; objects that have a key `type` have it as their discriminator. The default goes to the description: client generators cannot express it. */
  #choice(variants: TSchema[], { default: standard, description, ...schema }: Schema): Schema {
    const text = standard === undefined ? description : `${description}. By default ${standard}`;
    const described = { ...schema, ...(text ? { description: text } : {}) };
    const refs = variants.map((variant) => this.#refer(variant));
    if (variants.some(({ properties }) => properties?.type?.const === undefined)) return { ...described, anyOf: refs };
    const mapping = Object.fromEntries(variants.map(({ properties }, i) => [properties.type.const, refs[i].$ref]));
    return { ...described, oneOf: refs, discriminator: { propertyName: 'type', mapping } };
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the values of a schema depend on its keys
function mapValues(object: any, map: (value: any) => unknown): Schema {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
