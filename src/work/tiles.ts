// Splits a batch into tiles: ranges of samples whose values stay in the cache. The split depends on the request's shape alone.
import type { Sizes } from '../backprop/shapes.ts';

/** The most numbers in the widest matrix of a tile: 256 KiB. */
const TILE_NUMBERS = 2 ** 15;

/** A tile of fewer samples would spend much of its time on adding its gradients to those of the others. */
const LEAST_SAMPLES = 512;

/** A range of samples. */
export interface Tile {
  readonly first: number;
  readonly end: number;
}

/** The number of samples in a tile; the last one may have fewer. */
export function samplesPerTile({ features, units }: Pick<Sizes, 'features' | 'units'>): number {
  const widest = units.reduce((most, outputs) => Math.max(most, outputs), features);
  return Math.max(LEAST_SAMPLES, Math.floor(TILE_NUMBERS / widest));
}

/** The tiles of a batch, in order. */
export function tilesOf(sizes: Sizes): Tile[] {
  const most = samplesPerTile(sizes);
  return Array.from({ length: Math.ceil(sizes.samples / most) }, (_, i) => ({
    first: i * most,
    end: Math.min(sizes.samples, (i + 1) * most),
  }));
}
