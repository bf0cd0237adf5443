// Changes to a request: each gives a new one, whose shapes fit together if those of the old one did.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { hasClasses, targetsKey } from './targets.ts';

export interface Sizes {
  readonly features: number;
  /** How many units each layer has. */
  readonly units: readonly number[];
  readonly samples: number;
}

type Layer = GradientsRequest['network']['layers'][number];

/** Whether a document has the parts that can be edited one by one. */
export function isRequest(document: unknown): document is GradientsRequest {
  const { network, batch } = (document ?? {}) as Partial<GradientsRequest>;
  const layers = network?.layers;
  return (
    Array.isArray(layers) &&
    layers.length > 0 &&
    layers.every((layer) => isRows(layer?.weights) && (layer.biases === undefined || Array.isArray(layer.biases))) &&
    batch !== undefined &&
    isRows(batch.inputs) &&
    hasTargets(batch)
  );
}

function hasTargets(batch: GradientsRequest['batch']): boolean {
  const targets: unknown = batch[targetsKey(batch)];
  return Array.isArray(targets) && targets.length > 0;
}

function isRows(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((row) => Array.isArray(row) && row.length > 0);
}

/** The sizes of a request, as far as they can be told. */
export function sizesOf({ network: { layers }, batch: { inputs, samples } }: GradientsRequest): Sizes {
  return {
    features: layers[0].weights[0].length,
    units: layers.map(({ weights }) => weights.length),
    samples: samples === 'columns' ? inputs[0].length : inputs.length,
  };
}

/** A request of other sizes: what there is stays where it is, new weights are small and different from each other, all else is 0. */
export function resized(request: GradientsRequest, { features, units, samples }: Sizes): GradientsRequest {
  const layers = request.network.layers.map((layer, k): Layer => {
    const inputs = k === 0 ? features : units[k - 1];
    const weights = resizedMatrix(layer.weights, units[k], inputs, (i, j) => startingWeight(k, i, j, inputs));
    return { ...layer, weights, ...(layer.biases && { biases: resizedList(layer.biases, units[k], () => 0) }) };
  });
  const { batch } = request;
  const key = targetsKey(batch);
  const outputs = units[units.length - 1];
  const sized = (rows: number[][], n: number) =>
    batch.samples === 'columns' ? resizedMatrix(rows, n, samples, () => 0) : resizedMatrix(rows, samples, n, () => 0);
  return {
    ...request,
    network: { ...request.network, layers },
    batch: {
      ...batch,
      inputs: sized(batch.inputs, features),
      ...(hasClasses(batch)
        ? { [key]: resizedList(batch[key] as number[], samples, () => 0).map((index) => (index < outputs ? index : 0)) }
        : { targets: sized(batch.targets as number[][], outputs) }),
      ...(batch.sample_weights && { sample_weights: resizedList(batch.sample_weights, samples, () => 1) }),
    },
  };
}

function resizedList<Item>(list: readonly Item[], length: number, fill: (i: number) => Item): Item[] {
  return Array.from({ length }, (_, i) => (i < list.length ? list[i] : fill(i)));
}

function resizedMatrix(
  rows: readonly number[][],
  height: number,
  width: number,
  fill: (i: number, j: number) => number,
): number[][] {
  return Array.from({ length: height }, (_, i) => resizedList(rows[i] ?? [], width, (j) => fill(i, j)));
}

/** Between −√(3 / inputs) and that, so that sums are about as large as what is summed up; always the same at the same place of a draw. */
function startingWeight(layer: number, unit: number, input: number, inputs: number, draw = 0): number {
  const mixed = Math.sin(12.9898 * (layer + 1) + 78.233 * (unit + 1) + 37.719 * (input + 1) + 93.989 * draw) * 43758.5453;
  const uniform = 2 * (mixed - Math.floor(mixed)) - 1;
  return Math.round(uniform * Math.sqrt(3 / inputs) * 1000) / 1000;
}

/** The network with the initial weights of another draw, by the rule of new weights; biases are 0. */
export function redrawn(network: GradientsRequest['network'], draw: number): GradientsRequest['network'] {
  const layers = network.layers.map((layer, k): Layer => {
    const weights = layer.weights.map((row, i) => row.map((_, j) => startingWeight(k, i, j, row.length, draw)));
    return { ...layer, weights, ...(layer.biases && { biases: layer.biases.map(() => 0) }) };
  });
  return { ...network, layers };
}

/** Puts a layer after the one at `place`, of as many units. */
export function withLayer(request: GradientsRequest, place: number): GradientsRequest {
  const sizes = sizesOf(request);
  const { layers } = request.network;
  const units = sizes.units.toSpliced(place + 1, 0, sizes.units[place]);
  const { activation } = layers[place];
  const layer = { weights: [[]], biases: [], ...(activation !== undefined && { activation }) };
  const network = { ...request.network, layers: layers.toSpliced(place + 1, 0, layer) };
  return resized({ ...request, network }, { ...sizes, units });
}

/** Takes a layer out, unless it is the only one. */
export function withoutLayer(request: GradientsRequest, place: number): GradientsRequest {
  const { layers } = request.network;
  if (layers.length === 1) return request;
  const sizes = sizesOf(request);
  const network = { ...request.network, layers: layers.toSpliced(place, 1) };
  return resized({ ...request, network }, { ...sizes, units: sizes.units.toSpliced(place, 1) });
}

/** The same samples, as rows or as columns. */
export function oriented(request: GradientsRequest, samples: 'rows' | 'columns'): GradientsRequest {
  const { batch } = request;
  if ((batch.samples ?? 'rows') === samples) return request;
  const turn = (rows: number[][]) => rows[0].map((_, j) => rows.map((row) => row[j]));
  const targets = hasClasses(batch) ? {} : { targets: turn(batch.targets as number[][]) };
  return { ...request, batch: { ...batch, inputs: turn(batch.inputs), ...targets, samples } };
}

/** The same samples with class indices as targets, those of the largest values, or with 1 for the class and 0 for the others. */
export function withClasses(request: GradientsRequest, classes: boolean): GradientsRequest {
  const { batch } = request;
  if (hasClasses(batch) === classes) return request;
  const { units } = sizesOf(request);
  if (classes) {
    const rows = oriented(request, 'rows').batch.targets as number[][];
    return { ...request, batch: { ...batch, targets: rows.map((row) => row.indexOf(Math.max(...row))) } };
  }
  const width = units[units.length - 1];
  const { classes: _, ...others } = batch;
  const indices = batch[targetsKey(batch)] as number[];
  const rows = indices.map((index) => Array.from({ length: width }, (_, j) => (j === index ? 1 : 0)));
  if (batch.samples !== 'columns') return { ...request, batch: { ...others, targets: rows } };
  return { ...request, batch: { ...others, targets: rows[0].map((_, j) => rows.map((row) => row[j])) } };
}

/** The document with another value at a pointer, whose parents are there; undefined takes the key out. */
export function withValue<Document>(document: Document, pointer: string, value: unknown): Document {
  return put(document, keysOf(pointer), value) as Document;
}

function put(document: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(document)) return document.with(Number(key), put(document[Number(key)], rest, value));
  const { [key]: old, ...others } = document as Record<string, unknown>;
  if (rest.length === 0 && value === undefined) return others;
  return { ...(document as object), [key]: put(old, rest, value) };
}

/** The keys of a JSON pointer (RFC 6901). */
export function keysOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A step against the gradient: every weight and bias less `rate` times its gradient. */
export function downhill(
  request: GradientsRequest,
  gradients: readonly Pick<Layer, 'weights' | 'biases'>[],
  rate: number,
): GradientsRequest {
  const layers = request.network.layers.map((layer, k): Layer => {
    const { weights, biases } = gradients[k];
    return {
      ...layer,
      weights: layer.weights.map((row, i) => row.map((weight, j) => weight - rate * weights[i][j])),
      ...(layer.biases && { biases: layer.biases.map((bias, i) => bias - rate * (biases?.[i] ?? 0)) }),
    };
  });
  return { ...request, network: { ...request.network, layers } };
}

/** What was typed, as a number if it is one; otherwise as it is, and the service says what is wrong with it. */
export function numberOf(text: string): number | string {
  const plain = text.trim().replace(/^[−–]/, '-');
  const value = Number(plain);
  return plain !== '' && Number.isFinite(value) ? value : text;
}
