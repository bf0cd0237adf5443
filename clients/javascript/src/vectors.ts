// Vectors of all parameters of a network, in the order of torch.nn.utils.parameters_to_vector.
import { Tensor, tensorOf } from './tensor.ts';
import type { Direction, Layer, LayerGradients, Network } from './types.ts';

type Parameters = Pick<Layer, 'weights' | 'biases'> | LayerGradients;

/** All parameters of layers, gradients, products or a step in one array: layer by layer, weights row by row, then biases. */
export function parametersToVector(layers: readonly Parameters[]): Float64Array<ArrayBuffer> {
  const parts = layers.flatMap(arraysOf).map(({ data }) => data);
  const vector = new Float64Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    vector.set(part as Exclude<typeof part, BigInt64Array>, at);
    at += part.length;
  }
  return vector;
}

/**
 * The layers of a network with the numbers of a vector for parameters: the inverse of `parametersToVector`.
 * @throws RangeError if the vector does not have one number per parameter.
 */
export function vectorToParameters(
  vector: ArrayLike<number>,
  { layers }: Network,
): (Layer & { readonly weights: Tensor<Float64Array> })[] {
  const size = layers.flatMap(arraysOf).reduce((sum, { data }) => sum + data.length, 0);
  if (vector.length !== size)
    throw new RangeError(`expected a vector of ${size} numbers, one per parameter, got ${vector.length}`);
  const numbers = Float64Array.from(vector);
  let at = 0;
  const next = ({ data, shape }: Tensor) => {
    const begin = at;
    at += data.length;
    return new Tensor(numbers.slice(begin, at), shape);
  };
  return layers.map((layer) => {
    const [weights, biases] = arraysOf(layer);
    return { ...layer, weights: next(weights), ...(biases && { biases: next(biases) }) };
  });
}

/** A direction per layer, as a request has it. */
export function directionOf(direction: Direction, network: Network): unknown {
  const flat = tensorOf(direction);
  if (!flat) return direction;
  return vectorToParameters(Float64Array.from(flat.data, Number), network).map(({ weights, biases }) => ({ weights, biases }));
}

function arraysOf({ weights, biases }: Parameters): Tensor[] {
  return [weights, biases].flatMap((array) => {
    if (array === undefined || array === null) return [];
    const tensor = tensorOf(array);
    if (!tensor) throw new TypeError('expected weights and biases that are arrays of numbers');
    return [tensor];
  });
}
