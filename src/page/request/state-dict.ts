// A network from named tensors: the state dict of a PyTorch model, or the weights of a Keras model.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { resized, sizesOf } from './edit.ts';
import { ImportFault } from './import-fault.ts';
import type { Tensor } from './safetensors.ts';

type Layer = GradientsRequest['network']['layers'][number];

interface Named {
  readonly name: string;
  readonly weights: number[][];
  readonly biases?: number[];
}

/** Tensors in JSON, nested or with dots in their names. @throws ImportFault. */
export function tensorsOf(json: unknown): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const walk = (name: string, value: unknown): void => {
    if (Array.isArray(value)) tensors.set(name, tensorOf(name, value));
    else if (value instanceof Object)
      for (const [key, item] of Object.entries(value)) walk(name === '' ? key : `${name}.${key}`, item);
  };
  walk('', json);
  return tensors;
}

function tensorOf(name: string, list: readonly unknown[]): Tensor {
  const shape: number[] = [];
  for (let item: unknown = list; Array.isArray(item); [item] = item) shape.push(item.length);
  const values = list.flat(Number.POSITIVE_INFINITY);
  if (values.length !== shape.reduce((product, n) => product * n, 1) || !values.every((value) => Number.isFinite(value)))
    throw new ImportFault((t) => t.notNumbers(name));
  return { shape, values: values as number[] };
}

/** The linear layers that the tensors are, without activations. @throws ImportFault. */
export function layersOf(tensors: ReadonlyMap<string, Tensor>): Pick<Layer, 'weights' | 'biases'>[] {
  const names = [...tensors.keys()].filter((name) => /(?:weights?|kernel)(?::\d+)?$/.test(name)).toSorted(byNumbers);
  if (names.length === 0) throw new ImportFault((t) => t.noWeights([...tensors.keys()]));
  const found = names.map((name): Named => {
    const biases = tensors.get(name.replace(/weight(s?)$/, (_, s) => `bias${s && 'es'}`).replace(/kernel(?=(?::\d+)?$)/, 'bias'));
    const weights = matrixOf(name, tensors.get(name) as Tensor);
    if (biases && biases.values.length !== weights.length) throw new ImportFault((t) => t.notLinear(name));
    return { name, weights, ...(biases && { biases: [...biases.values] }) };
  });
  return (chained(found, []) ?? fail(found)).map(({ name: _, ...layer }) => layer);
}

/** 10.weight comes after 9.weight. */
function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Outputs x inputs; Keras has its kernels the other way round. */
function matrixOf(name: string, { shape, values }: Tensor): number[][] {
  if (shape.length !== 2 || values.length === 0) throw new ImportFault((t) => t.notLinear(name));
  if (!values.every(Number.isFinite)) throw new ImportFault((t) => t.notNumbers(name));
  const [rows, columns] = shape;
  if (/kernel/.test(name))
    return Array.from({ length: columns }, (_, j) => Array.from({ length: rows }, (_, i) => values[i * columns + j]));
  return Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns));
}

/** An order in which each layer takes what the one before it gives: that of the names, if possible. */
function chained(left: readonly Named[], before: readonly Named[]): readonly Named[] | undefined {
  if (left.length === 0) return before;
  const last = before[before.length - 1];
  for (const [i, next] of left.entries()) {
    if (last && next.weights[0].length !== last.weights.length) continue;
    const order = chained(left.toSpliced(i, 1), [...before, next]);
    if (order) return order;
  }
  return undefined;
}

function fail(layers: readonly Named[]): never {
  const sizes = layers.map(({ name, weights }) => [name, weights.length, weights[0].length] as const);
  throw new ImportFault((t) => t.notChained(sizes));
}

/** The request with these layers. Activations stay if there are as many layers; samples get as many inputs and targets as they need. */
export function withNetwork(request: GradientsRequest, layers: readonly Pick<Layer, 'weights' | 'biases'>[]): GradientsRequest {
  const before = request.network.layers;
  const isSame = before.length === layers.length;
  const activationOf = (k: number) => (isSame ? before[k].activation : k < layers.length - 1 ? ('relu' as const) : undefined);
  const network = {
    layers: layers.map((layer, k) => {
      const activation = activationOf(k);
      return { ...layer, ...(activation && { activation }) };
    }),
  };
  const sizes = sizesOf({ ...request, network });
  return resized({ ...request, network }, sizes);
}
