// Splits products and activations into parts: how a batch of few tiles is computed by several threads.
import type { Activation as GivenActivation } from '../../schemas/activation.ts';
import type { Activation } from '../backprop/activation.ts';
import { buildActivation } from '../backprop/activations.ts';
import type { Layer } from '../backprop/network.ts';
import { Dense } from '../linalg/dense.ts';
import type { Engine, Parts } from '../linalg/engine.ts';
import { alone, Sharing, type Team } from './team.ts';

/**
 * Products of fewer multiplications, which take about a millisecond, are not split. Tiles with larger ones have at most 512 samples, so
 * that a weight gradient is one product, not a sum of several (src/linalg/blocks.ts).
 */
const SPLIT_MULTIPLICATIONS = 2 ** 24;

/** The rows or columns of the result in a part of a product. The library copies the other factor for each part: smaller ones cost more. */
const PART_OUTPUTS = 256;

/** The numbers in a part of an activation. */
const PART_NUMBERS = 2 ** 15;

/** Whether a product of so many multiplications is split. */
export function isSplit(multiplications: number): boolean {
  return multiplications >= SPLIT_MULTIPLICATIONS;
}

/** A product: its factors in the order of the engine's methods, and its result. */
interface Product {
  readonly name: keyof Parts;
  readonly left: Dense;
  readonly right: Dense;
  readonly b: Float64Array | undefined;
  readonly result: Dense;
}

/** The part of a product that begins at the row or column `first` of the result. */
function computePart({ parts }: Engine, { name, left, right, b, result }: Product, first: number): void {
  const end = (size: number) => Math.min(size, first + PART_OUTPUTS);
  if (name === 'forward') parts.forward(left, right, b, result, first, end(result.columns));
  else if (name === 'weightGradient') parts.weightGradient(left, right, result, first, end(result.rows));
  else parts.inputGradient(left, right, result, first, end(result.columns));
}

/** The engine with its large products computed by a team. */
export function splitProducts(engine: Engine, team: Team): Engine {
  const { scratch } = engine;
  const sharing = new Sharing(scratch);
  const inShared = (rows: number, columns: number) => new Dense(rows, columns, scratch.takeLarge(rows * columns));
  const run = (product: Product, size: number): Dense => {
    const compute = (part: number) => computePart(engine, product, part * PART_OUTPUTS);
    team.run(Math.ceil(size / PART_OUTPUTS), compute, () => ({ name: 'product', argument: cloneable(product, sharing) }));
    return product.result;
  };
  return {
    ...engine,
    forward(A, W, b) {
      if (!isSplit(A.rows * A.columns * W.rows)) return engine.forward(A, W, b);
      return run({ name: 'forward', left: A, right: W, b, result: inShared(A.rows, W.rows) }, W.rows);
    },
    weightGradient(δ, A) {
      if (!isSplit(A.rows * A.columns * δ.columns)) return engine.weightGradient(δ, A);
      const result = inShared(δ.columns, A.columns);
      return run({ name: 'weightGradient', left: δ, right: A, b: undefined, result }, δ.columns);
    },
    inputGradient(δ, W) {
      if (!isSplit(δ.rows * W.rows * W.columns)) return engine.inputGradient(δ, W);
      return run({ name: 'inputGradient', left: δ, right: W, b: undefined, result: inShared(δ.rows, W.columns) }, W.columns);
    },
  };
}

/** A product whose factors are in shared memory; its result is already. */
function cloneable({ name, left, right, b, result }: Product, sharing: Sharing): Product {
  const factor = ({ rows, columns, data }: Dense) => new Dense(rows, columns, sharing.of(data));
  return { name, left: factor(left), right: factor(right), b: b && sharing.of(b), result };
}

/** In another thread: the function that computes a part of a product. */
export function computeProduct(argument: object, engine: Engine): (part: number) => void {
  const { name, left, right, b, result } = argument as Product;
  const product = { name, left: revived(left), right: revived(right), b, result: revived(result) };
  return (part) => computePart(engine, product, part * PART_OUTPUTS);
}

/** A clone has lost the methods of the matrix. */
function revived({ rows, columns, data }: Dense): Dense {
  return new Dense(rows, columns, data);
}

/** A call of a method of an activation with its matrices, all of the same shape. */
interface Call {
  readonly given: GivenActivation;
  readonly name: 'value' | 'pullback' | 'second';
  readonly matrices: readonly Dense[];
}

function computeRows(f: Activation, { name, matrices }: Call, part: number): void {
  const rows = rowsPerPart(matrices[0]);
  const of = (matrix: Dense) => matrix.rowsFrom(part * rows, Math.min(matrix.rows, (part + 1) * rows));
  const method = f[name] as (...matrices: Dense[]) => void;
  method(...matrices.map(of));
}

function rowsPerPart({ columns }: Dense): number {
  return Math.max(1, Math.floor(PART_NUMBERS / columns));
}

/** Layers whose activations are computed by a team. */
export function splitLayers(layers: readonly Layer[], team: Team): Layer[] {
  return layers.map((layer) => ({ ...layer, f: layer.f && splitActivation(layer.f, layer.activation, team) }));
}

function splitActivation(f: Activation, given: GivenActivation, team: Team): Activation {
  const run = (name: Call['name'], ...matrices: Dense[]): void => {
    const call = { given, name, matrices };
    const parts = Math.ceil(matrices[0].rows / rowsPerPart(matrices[0]));
    // Small matrices are not in shared memory.
    const isShared = matrices.every(({ data }) => data.buffer instanceof SharedArrayBuffer);
    (isShared ? team : alone).run(
      parts,
      (part) => computeRows(f, call, part),
      () => ({ name: 'activation', argument: call }),
    );
  };
  return {
    ...f,
    value: (...matrices) => run('value', ...matrices),
    pullback: (...matrices) => run('pullback', ...matrices),
    second: f.second && ((...matrices) => run('second', ...matrices)),
  };
}

/** In another thread: the function that computes a part of a call. */
export function computeActivation(argument: object): (part: number) => void {
  const { given, name, matrices } = argument as Call;
  const call = { given, name, matrices: matrices.map(revived) };
  const f = buildActivation(given) as Activation;
  return (part) => computeRows(f, call, part);
}
