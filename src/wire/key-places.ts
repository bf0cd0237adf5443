// Where in a request each key belongs, for error texts about keys in a wrong place.
import { Kind, type TSchema } from '@sinclair/typebox';
import { Activation } from '../../schemas/activation.ts';
import { Loss } from '../../schemas/loss.ts';
import { alternativesOf } from '../../schemas/names.ts';
import { wordOf } from './words.ts';

/** The paths of the objects of a schema, by the keys that they have, in the order of the schema. [k] stands for a list index. */
export class KeyPlaces {
  /** All keys, by their words. */
  readonly words: ReadonlyMap<string, string>;
  readonly #paths = new Map<string, string[]>();

  constructor(schema: TSchema) {
    this.#add(schema, '');
    this.words = new Map(Array.from(this.#paths.keys(), (key) => [wordOf(key), key]));
  }

  has(key: string): boolean {
    return this.#paths.has(key);
  }

  /** The path of an object that has a key: of several, the nearest to a path. Undefined if none has it. */
  nearest(key: string, path: string): string | undefined {
    return nearest(this.#paths.get(key) ?? [], path);
  }

  #add(schema: TSchema, path: string): void {
    for (const one of alternativesOf(schema)) {
      if (one[Kind] === 'Array') this.#add(one.items, `${path}[k]`);
      for (const [key, property] of Object.entries((one.properties ?? {}) as Record<string, TSchema>)) {
        const paths = this.#paths.get(key) ?? [];
        this.#paths.set(key, paths.includes(path) ? paths : [...paths, path]);
        this.#add(property, path ? `${path}.${key}` : key);
      }
    }
  }
}

/** Of some paths, the first of those that have most keys in common with another path; undefined if there are none. */
export function nearest([first, ...others]: readonly string[], path: string): string | undefined {
  const keys = path.split('.');
  const inCommon = (other: string) => other.split('.').filter((key) => keys.includes(key)).length;
  return others.reduce((best, other) => (inCommon(other) > inCommon(best) ? other : best), first);
}

/** The keys of variants, the objects with a `type`. */
export const optionKeys: ReadonlySet<string> = new Set(
  [Activation, Loss].flatMap(alternativesOf).flatMap(({ properties }) => Object.keys(properties ?? {})),
);
