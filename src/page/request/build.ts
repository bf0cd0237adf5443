// A network by its sizes, such as 2-3-3-2.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { resized, sizesOf } from './edit.ts';

/** More weights are not built by hand. */
export const MOST_WEIGHTS = 200_000;

/** The sizes in 2-3-3-2, 2, 3, 3, 2 or [2 3 3 2]: inputs, then the units of each layer; undefined if they are none. */
export function readSizes(text: string): number[] | undefined {
  const words = text
    .trim()
    .replace(/^[[(]|[\])]$/g, '')
    .split(/\s*(?:->|[-,;x×→–—>\s])\s*/);
  const sizes = words.filter((word) => word !== '').map(Number);
  if (sizes.length < 2 || !sizes.every((size) => Number.isInteger(size) && size > 0)) return undefined;
  return weightsOf(sizes) > MOST_WEIGHTS ? undefined : sizes;
}

function weightsOf(sizes: readonly number[]): number {
  return sizes.slice(1).reduce((sum, size, k) => sum + size * sizes[k], 0);
}

/** The sizes of a network as they are read. */
export function writeSizes(request: GradientsRequest): string {
  const { features, units } = sizesOf(request);
  return [features, ...units].join('-');
}

/** The request with layers of these sizes. Weights stay where there is a place for them; the last layer stays the last. */
export function withSizes(request: GradientsRequest, [features, ...units]: readonly number[]): GradientsRequest {
  const { layers } = request.network;
  const hidden = layers.slice(0, -1);
  const activation = hidden.at(-1)?.activation ?? 'tanh';
  const inner = units.slice(0, -1).map((_, k) => hidden[k] ?? { weights: [[]], biases: [], activation });
  const network = { ...request.network, layers: [...inner, layers[layers.length - 1]] };
  return resized({ ...request, network }, { features, units, samples: sizesOf(request).samples });
}
