// Where in a request each key belongs, for error texts about keys in a wrong place.
import { Kind, type TSchema } from '@sinclair/typebox';
import { Activation } from './activation.ts';
import { GradientsRequest } from './gradients.ts';
import { Loss } from './loss.ts';
import { alternativesOf } from './names.ts';

/** The paths of the objects that have a key, by the key: the first one in the order of the schema. [k] stands for a list index. */
export const keyPlaces: ReadonlyMap<string, string> = placesIn(GradientsRequest, '', new Map());

/** The keys of variants, the objects with a `type`. */
export const optionKeys: ReadonlySet<string> = new Set(
  [Activation, Loss].flatMap(alternativesOf).flatMap(({ properties }) => Object.keys(properties ?? {})),
);

function placesIn(schema: TSchema, path: string, places: Map<string, string>): Map<string, string> {
  for (const one of alternativesOf(schema)) {
    if (one[Kind] === 'Array') placesIn(one.items, `${path}[k]`, places);
    for (const [key, property] of Object.entries((one.properties ?? {}) as Record<string, TSchema>)) {
      if (!places.has(key)) places.set(key, path);
      placesIn(property, path ? `${path}.${key}` : key, places);
    }
  }
  return places;
}
