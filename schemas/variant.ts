// Unions of named variants with options, such as `activation` and `loss`.
import {
  type Static,
  type TObject,
  type TOptional,
  type TProperties,
  type TSchema,
  type TUnion,
  type TUnsafe,
  Type,
} from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Names } from './names.ts';

/** One variant: its formula, for the documentation, its options, and a constraint on them. */
export interface Declaration<Options extends TProperties = TProperties> {
  readonly formula: string;
  readonly options: Options;
  readonly defaults: object;
  readonly constraint?: Constraint<object>;
}

/** A condition on several options, which JSON Schema cannot express. `detail` is its error text, at the option `key`. */
interface Constraint<Values> {
  readonly key: string;
  holds(options: Values): boolean;
  detail(options: Values): string;
}

/** Marks a union of objects whose `type` is a name: the schema of these names. */
export const TYPE_NAMES: unique symbol = Symbol('names of the types');

type NoOptions = Record<never, TSchema>;

export type Declarations = Record<string, Declaration>;

type Optionals<Options extends TProperties> = { [Key in keyof Options]: TOptional<Options[Key]> };

type VariantsOf<D extends Declarations, Shared extends TProperties> = {
  [Name in keyof D & string]: TObject<{ type: TUnsafe<Name> } & Optionals<D[Name]['options']> & Optionals<Shared>>;
}[keyof D & string];

/** The schema of a variant in a request: its name, or an object whose `type` is the name. */
export type Named<D extends Declarations, Shared extends TProperties> = TUnion<
  [TUnsafe<keyof D & string>, TUnion<VariantsOf<D, Shared>[]>]
>;

/** The type of a variant's options after defaults have been filled in. */
export type OptionsOf<D extends Declarations, Name extends keyof D> = Static<TObject<D[Name]['options']>>;

/** Declares a variant; checks the types of its constraint. */
export function declare<Options extends TProperties = NoOptions>(
  formula: string,
  options?: Options,
  constraint?: Constraint<Static<TObject<Options>>>,
): Declaration<Options> {
  const properties = options ?? ({} as Options);
  return { formula, options: properties, defaults: defaultsOf(properties), ...(constraint && { constraint }) };
}

/** The defaults of all options that have one. */
export function defaultsOf(options: TProperties): object {
  return Value.Default(Type.Object(options), {}) as object;
}

/**
 * The schema of a union of `declarations`. `$id` names the schema and, in lower case, the union in error texts; `shared` are
 * options of every variant.
 */
export function named<D extends Declarations, Shared extends TProperties>(
  { $id, description, default: defaultName }: { $id: string; description: string; default: keyof D & string },
  declarations: D,
  shared: Shared,
): Named<D, Shared> {
  const entries = Object.entries(declarations);
  const formulas = entries.map(([name, { formula }]) => `- ${name}: \`${formula}\``).join('\n');
  const title = $id.toLowerCase();
  const names = Names(Object.keys(declarations), { $id: `${$id}Name`, title, description: formulas });
  const variants = entries.map(([name, { formula, options }]) =>
    variant(`${pascalCase(name)}${$id}`, name, formula, { ...options, ...shared }),
  );
  const withOptions = Type.Union(variants, { $id: `${$id}WithOptions`, title, [TYPE_NAMES]: names });
  // Swagger UI shows the names of a union's parts only when it is opened.
  const all = `${description}.\n\nNames: ${Object.keys(declarations)
    .map((name) => `\`${name}\``)
    .join(', ')}`;
  return Type.Union([names, withOptions], { $id, title, default: defaultName, description: all }) as unknown as Named<D, Shared>;
}

function variant($id: string, name: string, formula: string, options: TProperties): TObject {
  const optionals = Object.fromEntries(Object.entries(options).map(([key, schema]) => [key, Type.Optional(schema)]));
  return Type.Object(
    { type: Type.Literal(name), ...optionals },
    { $id, description: `\`${formula}\``, additionalProperties: false },
  );
}

function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The name of a variant in a request, and its options with defaults filled in. Do not modify the options: they may be shared. */
export function resolve<D extends Declarations>(
  declarations: D,
  given: string | { type: string },
): { name: keyof D & string; options: Readonly<Record<string, unknown>> } {
  if (typeof given === 'string') return { name: given, options: declarations[given].defaults as Record<string, unknown> };
  const { type: name, ...options } = given;
  return { name, options: { ...declarations[name].defaults, ...options } };
}
