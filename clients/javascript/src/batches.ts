// Splits requests by the samples of their batch, and merges the answers.
import { Problem } from './problem.ts';
import { ARRAYS, type Data, dtypeOf, Tensor, tensorOf } from './tensor.ts';
import type { Answers, LayerGradients, LayerNorms, Numbers, Operation, Requests } from './types.ts';

/** A request for some of the samples of a batch. */
export interface Part<Name extends Operation> {
  readonly request: Requests[Name];
  /** The index of its first sample in the whole batch. */
  readonly first: number;
  /** Whether some sample has a weight and a target that is not ignored. */
  readonly counts: boolean;
}

interface Tree {
  readonly [key: string]: unknown;
}

const OF_LOSS = ['batch.inputs', 'batch.targets', 'batch.classes', 'batch.sample_weights'];

/** The arrays of a request that have one entry per sample, by operation. Requests to others are not split. */
const PER_SAMPLE: Partial<Record<Operation, readonly string[]>> = {
  gradients: OF_LOSS,
  vjp: ['batch.inputs', 'cotangents'],
  jvp: ['batch.inputs', 'tangents.inputs'],
  jacobian: ['batch.inputs'],
  hvp: OF_LOSS,
  hessian: OF_LOSS,
};

/** Members of answers with one entry per sample, which do not depend on the divisor. */
const ROWS = ['outputs', 'output_tangents', 'jacobian', 'inputs', 'pre_activations', 'slopes'];

/** Members with one entry per sample, which the divisor divides. */
const SHARES = [
  ...['input_gradients', 'per_sample_losses', 'per_sample_gradients', 'per_sample_gradient_norms'],
  ...['output_gradients', 'pre_activation_gradients'],
];

/** Extra values with no entry per sample. */
const NOT_PER_SAMPLE = ['gradient_norms', 'squared_gradients'];

/**
 * The parts of a request, of at most `maxBatch` samples each. Undefined if it is to be sent whole: the batch is small enough, is a dataset,
 * or has arrays that do not fit together, which the service reports; or its answer cannot be merged: that of `check`, and steps of `hessian`.
 */
export function split<Name extends Operation>(
  operation: Name,
  request: Requests[Name],
  maxBatch: number,
): readonly Part<Name>[] | undefined {
  const document = request as unknown as Tree;
  const given = (PER_SAMPLE[operation] ?? []).filter((name) => isGiven(valueAt(document, name)));
  if (!given.includes('batch.inputs') || isGiven(document.damping)) return undefined;
  const axis = axisOf(document);
  const arrays = new Map<string, Tensor>();
  for (const name of given) {
    const array = tensorOf(valueAt(document, name));
    if (!array || array.shape.length > 2 || (name === 'batch.inputs' && array.shape.length < 2)) return undefined;
    arrays.set(name, array);
  }
  const [size, ...others] = new Set([...arrays.values()].map((array) => array.shape[axisIn(array, axis)]));
  if (others.length > 0 || size <= maxBatch) return undefined;
  const counts = countsOf(document, arrays);
  const parts: Part<Name>[] = [];
  for (let first = 0; first < size; first += maxBatch) {
    const end = Math.min(first + maxBatch, size);
    const part = [...arrays].reduce((tree, [name, array]) => withValue(tree, name, cut(array, axis, first, end)), document);
    const samples = Array.from({ length: end - first }, (_, i) => first + i);
    parts.push({ request: part as unknown as Requests[Name], first, counts: samples.some(counts) });
  }
  return asked(parts);
}

/** The parts to send. One that counts for nothing is left out, unless values per sample are wanted. */
function asked<Name extends Operation>(parts: readonly Part<Name>[]): readonly Part<Name>[] {
  const counting = parts.filter(({ counts }) => counts);
  // The service says why it refuses this.
  if (counting.length === 0) return parts.slice(0, 1);
  const document = parts[0].request as unknown as Tree;
  const include = (document.include ?? []) as readonly string[];
  const isPerSample = include.some((name) => !NOT_PER_SAMPLE.includes(name));
  const sent = isPerSample ? parts.map((part) => (part.counts ? part : withAnyTargets(part))) : counting;
  if (!isGiven(document.penalty) || reductionOf(document) !== 'sum') return sent;
  // Otherwise the penalty would be added up, too.
  return sent.map((part) => (part === counting[0] ? part : withChange(part, { penalty: undefined })));
}

/** A part that counts for nothing would be refused: it gets targets that count. Its shares are multiplied by 0. */
function withAnyTargets<Name extends Operation>(part: Part<Name>): Part<Name> {
  const { network, batch } = part.request as Requests['gradients'];
  const outputs = tensorOf(network.layers.at(-1)?.weights)?.shape[0] ?? 0;
  const axis = axisOf(part.request as unknown as Tree);
  const samples = (batch.inputs as Tensor).shape[axis];
  const targets = new Tensor(new Float64Array(samples * outputs), axis === 0 ? [samples, outputs] : [outputs, samples]);
  return withChange(part, { loss: 'mse', batch: { inputs: batch.inputs, samples: batch.samples, targets } });
}

/** The answer to the whole request: rows are joined, and sums are added up by the divisors. */
export function merge<Name extends Operation>(parts: readonly Part<Name>[], answers: readonly Answers[Name][]): Answers[Name] {
  // A part that counts for nothing may have another loss.
  const document = parts.find(({ counts }) => counts)?.request as unknown as Tree;
  let factors = parts.map(({ counts }) => Number(counts));
  let divisor = 1;
  if (reductionOf(document) !== 'sum' && 'divisor' in answers[0]) {
    const divisors = (answers as readonly Answers['gradients'][]).map((answer, i) => factors[i] * answer.divisor);
    divisor = divisors.reduce((sum, value) => sum + value);
    factors = divisors.map((value) => value / divisor);
  }
  const answer = merged('', answers, factors, axisOf(document)) as Answers['gradients'];
  return {
    ...answer,
    ...('divisor' in answer && { divisor }),
    ...('gradient_norms' in answer && { gradient_norms: normsOf(answer.gradients) }),
  } as unknown as Answers[Name];
}

/** The problem of a part, with pointers into the whole request. */
export function problemOfWhole<Name extends Operation>(
  operation: Name,
  { request, first }: Part<Name>,
  problem: Problem,
): Problem {
  const document = request as unknown as Tree;
  const errors = problem.errors.map(({ pointer, ...finding }) => {
    const [name, array] = (PER_SAMPLE[operation] ?? [])
      .map((name) => [name, tensorOf(valueAt(document, name))] as const)
      .find(([name]) => pointer.startsWith(`/${name.replace('.', '/')}/`)) ?? [''];
    const path = pointer.split('/');
    const at = array ? name.split('.').length + 1 + axisIn(array, axisOf(document)) : path.length;
    return { ...finding, pointer: at < path.length ? path.with(at, `${Number(path[at]) + first}`).join('/') : pointer };
  });
  return new Problem({ ...problem, errors });
}

/** Merges the values of the member `name` of all answers, or of its members. */
function merged(name: string, all: readonly unknown[], allFactors: readonly number[], axis: number): unknown {
  // The penalty may be in one part only.
  const present = all.map((value, i) => ({ value, factor: allFactors[i] })).filter(({ value }) => value !== undefined);
  const factors = present.map(({ factor }) => factor);
  const values = present.map(({ value }) => value);
  const [one] = values;
  if (typeof one === 'number') return values.reduce((sum: number, value, i) => sum + factors[i] * (value as number), 0);
  if (one instanceof Tensor) return mergedTensor(name, values as Numbers[], factors, axis);
  if (Array.isArray(one))
    return one.map((_, i) =>
      merged(
        name,
        (values as unknown[][]).map((items) => items[i]),
        factors,
        axis,
      ),
    );
  const keys = Object.keys(Object.assign({}, ...values));
  // A layer's weights and biases are merged as the member that they belong to.
  const rule = (key: string) => (key === 'weights' || key === 'biases' ? name : key);
  return Object.fromEntries(
    keys.map((key) => [
      key,
      merged(
        rule(key),
        (values as Tree[]).map((value) => value[key]),
        factors,
        axis,
      ),
    ]),
  );
}

function mergedTensor(name: string, tensors: readonly Numbers[], factors: readonly number[], axis: number): Numbers {
  if (ROWS.includes(name) || SHARES.includes(name)) {
    const isMatrix = tensors[0].shape.length === 2 && !/^(per_sample|jacobian)/.test(name);
    return joined(ROWS.includes(name) ? tensors : tensors.map((tensor, i) => times(tensor, factors[i])), isMatrix ? axis : 0);
  }
  const { shape, data } = tensors[0];
  const sum = new Float64Array(data.length);
  for (const [i, tensor] of tensors.entries()) {
    const factor = name === 'squared_gradients' ? factors[i] ** 2 : factors[i];
    // What a factor of 0 leaves out may be large.
    if (factor !== 0) for (let k = 0; k < sum.length; k++) sum[k] += factor * tensor.data[k];
  }
  return new Tensor(data instanceof Float32Array ? Float32Array.from(sum) : sum, shape);
}

function times({ data, shape }: Numbers, factor: number): Numbers {
  return new Tensor(
    data.map((value) => value * factor),
    shape,
  );
}

function joined(tensors: readonly Numbers[], axis: number): Numbers {
  const { shape } = tensors[0];
  const pieces =
    axis === 0
      ? tensors.map(({ data }) => data)
      : Array.from({ length: shape[0] }, (_, row) => tensors.map((tensor) => rowOf(tensor, row))).flat();
  const size = tensors.reduce((sum, tensor) => sum + tensor.shape[axis], 0);
  return new Tensor(concatenated(pieces), shape.with(axis, size));
}

/** Some samples of an array. */
function cut(array: Tensor, axis: number, first: number, end: number): Tensor {
  const { data, shape } = array;
  if (axisIn(array, axis) === 0) {
    const width = data.length / shape[0];
    return new Tensor(data.subarray(first * width, end * width), shape.with(0, end - first));
  }
  const rows = Array.from({ length: shape[0] }, (_, row) => rowOf(array, row).subarray(first, end));
  return new Tensor(concatenated(rows), [shape[0], end - first]);
}

function rowOf<D extends Data>({ data, shape }: Tensor<D>, row: number): D {
  return data.subarray(row * shape[1], (row + 1) * shape[1]) as D;
}

function concatenated<D extends Data>(pieces: readonly D[]): D {
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  const all = new ARRAYS[dtypeOf(pieces[0]) as 'F64'](size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece as Float64Array, at);
    at += piece.length;
  }
  return all as D;
}

function normsOf(gradients: readonly LayerGradients[]): { layers: LayerNorms[]; total: number } {
  const layers = gradients.map(({ weights, biases }) => ({
    weights: normOf(weights.data),
    ...(biases && { biases: normOf(biases.data) }),
  }));
  return { layers, total: normOf(layers.flatMap((layer) => Object.values(layer))) };
}

function normOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number ** 2;
  return Math.sqrt(sum);
}

/**
 * Whether a sample counts in the divisor: its weight is not 0; and, for a mean over classes, neither is that of its class, which is not
 * ignored. A request without such a sample is refused.
 */
function countsOf(document: Tree, arrays: ReadonlyMap<string, Tensor>): (sample: number) => boolean {
  const weights = arrays.get('batch.sample_weights')?.data;
  const targets = arrays.get('batch.classes') ?? arrays.get('batch.targets');
  const classes = targets?.shape.length === 1 && reductionOf(document) === 'mean' ? targets.data : undefined;
  const options = (typeof document.loss === 'object' ? document.loss : null) as Tree | null;
  const ignored = options?.ignore_index ?? -100;
  const classWeights = tensorOf(options?.weight)?.data;
  return (sample) => {
    if (weights && Number(weights[sample]) === 0) return false;
    if (!classes) return true;
    const index = Number(classes[sample]);
    return index !== ignored && Number(classWeights?.[index] ?? 1) !== 0;
  };
}

function reductionOf({ loss }: Tree): string {
  return ((typeof loss === 'object' && (loss as Tree | null)?.reduction) || 'mean') as string;
}

/** The axis of the samples in matrices: 1 if they are columns. */
function axisOf(document: Tree): number {
  return valueAt(document, 'batch.samples') === 'columns' ? 1 : 0;
}

/** The axis of the samples in an array of a request. */
function axisIn({ shape }: Tensor, axis: number): number {
  return shape.length === 2 ? axis : 0;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function valueAt(document: Tree, name: string): unknown {
  return name.split('.').reduce((value: unknown, key) => (value as Tree | null | undefined)?.[key], document);
}

/** The document with another value at a path. */
function withValue(document: Tree, name: string, value: unknown): Tree {
  const [key, ...rest] = name.split('.');
  return { ...document, [key]: rest.length > 0 ? withValue(document[key] as Tree, rest.join('.'), value) : value };
}

function withChange<Name extends Operation>(part: Part<Name>, change: Tree): Part<Name> {
  return { ...part, request: { ...part.request, ...change } };
}
