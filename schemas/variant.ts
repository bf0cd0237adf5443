// A choice among named variants, each with options of its own: what `activation` and `loss` are on the wire.
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

/** One variant: its formula, as the API's documentation shows it, its options, and what must hold among them. */
export interface Declaration<Options extends TProperties = TProperties> {
  readonly formula: string;
  readonly options: Options;
  readonly defaults: object;
  readonly constraint?: Constraint<object>;
}

/** A condition on several options, which JSON Schema cannot say; `detail` is the error at the option `key`. */
interface Constraint<Values> {
  readonly key: string;
  holds(options: Values): boolean;
  detail(options: Values): string;
}

type NoOptions = Record<never, TSchema>;

export type Declarations = Record<string, Declaration>;

type Optionals<Options extends TProperties> = { [Key in keyof Options]: TOptional<Options[Key]> };

type VariantsOf<D extends Declarations, Shared extends TProperties> = {
  [Name in keyof D & string]: TObject<{ type: TUnsafe<Name> } & Optionals<D[Name]['options']> & Optionals<Shared>>;
}[keyof D & string];

/** A variant as it stands in a request: a bare name, or an object whose `type` is the name. */
export type Named<D extends Declarations, Shared extends TProperties> = TUnion<
  [TUnsafe<keyof D & string>, TUnion<VariantsOf<D, Shared>[]>]
>;

/** The options of the variant `Name`, those with a default being always there. */
export type OptionsOf<D extends Declarations, Name extends keyof D> = Static<TObject<D[Name]['options']>>;

/** Declares a variant, and ties its constraint to the types of its options. */
export function declare<Options extends TProperties = NoOptions>(
  formula: string,
  options?: Options,
  constraint?: Constraint<Static<TObject<Options>>>,
): Declaration<Options> {
  const properties = options ?? ({} as Options);
  return { formula, options: properties, defaults: defaultsOf(properties), ...(constraint && { constraint }) };
}

/** The defaults of options, for those that have one. */
export function defaultsOf(options: TProperties): object {
  return Value.Default(Type.Object(options), {}) as object;
}

/**
 * The schema of a choice among `declarations`. `$id` names the choice, and what it is in errors in small letters; `shared` are options that
 * every variant has.
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
  const withOptions = Type.Union(variants, { $id: `${$id}WithOptions`, title });
  return Type.Union([names, withOptions], { $id, title, default: defaultName, description }) as unknown as Named<D, Shared>;
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

/** A request's variant in full: its name, and its options with the defaults filled in. */
export function resolve<D extends Declarations>(
  declarations: D,
  given: string | { type: string },
): { name: keyof D & string; options: Record<string, unknown> } {
  const { type: name, ...options } = typeof given === 'string' ? { type: given } : given;
  return { name, options: { ...declarations[name].defaults, ...options } };
}
