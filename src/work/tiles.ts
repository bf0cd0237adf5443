// Splits a batch into tiles: ranges of samples whose values stay in the cache. The split depends on the request's shape alone.
import type { Sizes } from '../backprop/shapes.ts';
import { isSplit } from './split.ts';

/** The most numbers in the widest matrix of a tile: 256 KiB. */
const TILE_NUMBERS = 2 ** 15;

/** A tile of fewer samples would spend much of its time on adding its gradients to those of the others. */
const LEAST_SAMPLES = 512;

/** A range of samples. */
export interface Tile {
  readonly first: number;
  readonly end: number;
}

/** With fewer tiles, threads would wait for each other. */
const MANY_TILES = 4;

/** Each thread has its own gradients of its tiles: at most 32 MiB. */
const MOST_PARAMETERS = 2 ** 22;

/** What the parts are that threads compute: tiles, or parts of the large products and activations of one tile after the other. */
export type Division = 'tiles' | 'products';

/** The tiles of a batch. */
export interface Tiling {
  readonly samples: number;
  /** The number of samples in a tile; the last one may have fewer. */
  readonly perTile: number;
  readonly count: number;
}

export function tilingOf({ samples, features, units }: Pick<Sizes, 'samples' | 'features' | 'units'>): Tiling {
  const widest = units.reduce((most, outputs) => Math.max(most, outputs), features);
  const perTile = Math.max(LEAST_SAMPLES, Math.floor(TILE_NUMBERS / widest));
  return { samples, perTile, count: Math.ceil(samples / perTile) };
}

/** Tile i of a batch. */
export function tileAt({ samples, perTile }: Tiling, i: number): Tile {
  return { first: i * perTile, end: Math.min(samples, (i + 1) * perTile) };
}

/** How the computation of a batch is divided among threads. */
export function divisionOf({ features, units }: Pick<Sizes, 'features' | 'units'>, tiling: Tiling): Division {
  let parameters = 0;
  let largest = 0;
  for (let k = 0, inputs = features; k < units.length; inputs = units[k++]) {
    parameters += units[k] * inputs;
    largest = Math.max(largest, tileAt(tiling, 0).end * units[k] * inputs);
  }
  const areFew = tiling.count < MANY_TILES || parameters > MOST_PARAMETERS;
  return areFew && isSplit(largest) ? 'products' : 'tiles';
}
