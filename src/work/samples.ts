// Collects the values per sample that a request includes, tile by tile.
import { isTensor, tensor } from '../../schemas/numbers.ts';

/**
 * Writes the values of a tile, whose samples begin at `first`, into those of the batch, and returns these; at the first tile, they are
 * undefined, and made. Values are arrays of numbers, and lists and objects of them. `axis` of a matrix is that of the samples; arrays of
 * other dimensions have it first. `make` allocates.
 */
export function collect(
  whole: unknown,
  part: unknown,
  first: number,
  samples: number,
  axis: 0 | 1,
  make: (numbers: number) => Float64Array,
): unknown {
  if (part instanceof Float64Array) {
    const all = (whole as Float64Array | undefined) ?? make(samples);
    all.set(part, first);
    return all;
  }
  if (isTensor(part)) {
    const { shape } = part;
    const at = shape.length === 2 ? axis : 0;
    const all = isTensor(whole) ? whole : tensor(shape.with(at, samples), make((part.data.length / shape[at]) * samples));
    if (at === 0) all.data.set(part.data, (first * part.data.length) / shape[0]);
    else
      for (let i = 0; i < shape[0]; i++) all.data.set(part.data.subarray(i * shape[1], (i + 1) * shape[1]), i * samples + first);
    return all;
  }
  const into = (whole ?? (Array.isArray(part) ? [] : {})) as Record<string, unknown>;
  for (const [key, value] of Object.entries(part as object)) into[key] = collect(into[key], value, first, samples, axis, make);
  return into;
}
