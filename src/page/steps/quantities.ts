// The matrices of the algorithm, named and standing as those of the request do, and what a cell of a result is made from.
import type { Computed } from '../request/computed.ts';
import { targetsKey } from '../request/targets.ts';
import { matrix, rowOf, transposed } from '../ui/matrix.ts';
import type { Find, Kind, Quantity } from './step.ts';

/** What the steps are made from, named and standing as the request's matrices do. */
export class Quantities {
  readonly run: Computed;
  readonly find: Find;
  /** What rows and columns of a matrix of samples are. */
  readonly of: (units: string) => readonly [string, string];

  constructor(run: Computed, find: Find) {
    this.run = run;
    this.find = find;
    this.of = (units) => (run.columns ? [units, 'sample'] : ['sample', units]);
  }

  X(layer: number): Quantity {
    const name = layer === 0 ? 'the inputs of the batch' : `the outputs of layer ${layer}`;
    return this.made(`X_${layer + 1}`, name, this.run.trace[layer].inputs, 'input', layer === 0 ? ['X', 0] : ['Y', layer - 1]);
  }

  Z(layer: number): Quantity {
    return this.made(`Z_${layer + 1}`, 'weighted sums', this.run.trace[layer].pre_activations, 'unit', ['Z', layer]);
  }

  Y(layer: number): Quantity {
    return this.made(`Y_${layer + 1}`, `outputs of layer ${layer + 1}`, this.run.trace[layer].outputs, 'unit', ['Y', layer]);
  }

  dY(layer: number): Quantity {
    const by: [Kind, number] = layer === this.run.layers - 1 ? ['dY', layer] : ['dX', layer + 1];
    const name = `gradient of the outputs of layer ${layer + 1}`;
    return this.made(`dY_${layer + 1}`, name, this.run.trace[layer].output_gradients, 'unit', by);
  }

  dZ(layer: number): Quantity {
    const { pre_activation_gradients } = this.run.trace[layer];
    return this.made(`dZ_${layer + 1}`, 'gradient of the weighted sums', pre_activation_gradients, 'unit', ['dZ', layer]);
  }

  dX(layer: number): Quantity {
    const name = layer === 0 ? 'gradient of the batch’s inputs' : `gradient of the inputs, which is dY_${layer}`;
    return this.made(`dX_${layer + 1}`, name, this.run.trace[layer].input_gradients, 'input', ['dX', layer]);
  }

  /** As the formula has them: transposed where a sample is a row. */
  W(layer: number, transpose: boolean): Quantity {
    const given = matrix(this.run.request.network.layers[layer].weights);
    const symbol = `W_${layer + 1}`;
    return transpose
      ? { symbol: `${symbol}^T`, name: 'weights', given: true, matrix: transposed(given), axes: ['input', 'unit'] }
      : { symbol, name: 'weights', given: true, matrix: given, axes: ['unit', 'input'] };
  }

  b(layer: number): Quantity | undefined {
    const given = this.run.request.network.layers[layer].biases;
    return given && { symbol: `b_${layer + 1}`, name: 'biases', given: true, ...this.perUnit(given) };
  }

  /** A value per unit, standing as the units do. */
  perUnit(values: readonly number[]): Pick<Quantity, 'matrix' | 'axes'> {
    const row = rowOf(values);
    return this.run.columns ? { matrix: transposed(row), axes: ['unit', ''] } : { matrix: row, axes: ['', 'unit'] };
  }

  /** A value per sample, standing as the samples do. */
  perSample(values: readonly number[]): Pick<Quantity, 'matrix' | 'axes'> {
    const row = rowOf(values);
    return this.run.columns ? { matrix: row, axes: ['', 'sample'] } : { matrix: transposed(row), axes: ['sample', ''] };
  }

  T(): Quantity {
    const { batch } = this.run.request;
    const targets = batch[targetsKey(batch)];
    if (this.run.classes)
      return { symbol: 'T', name: 'targets: the right class', names: true, given: true, ...this.perSample(targets as number[]) };
    return { symbol: 'T', name: 'targets', given: true, matrix: matrix(targets as number[][]), axes: this.of('unit') };
  }

  /** The sample and the unit that a cell is of. */
  place(i: number, j: number): [sample: number, unit: number] {
    return this.run.columns ? [j, i] : [i, j];
  }

  private made(symbol: string, name: string, rows: number[][], units: string, [kind, layer]: [Kind, number]): Quantity {
    const madeBy = this.find(kind, layer);
    return { symbol, name, matrix: matrix(rows), axes: this.of(units), ...(madeBy !== undefined && { madeBy }) };
  }
}

/** All of a row, all of a column, and a cell alone: what a cell of a result may be made from. */
export const row = (i: number) => [i, undefined] as const;
export const column = (_: number, j: number) => [undefined, j] as const;
export const cell = (i: number, j: number) => [i, j] as const;

/** A quantity, of which a cell of the result reads a part. */
export function reading(quantity: Quantity, reads: NonNullable<Quantity['reads']>): Quantity {
  return { ...quantity, reads };
}

/** A product of two matrices: a row of the first and a column of the second make a cell. */
export function product(left: Quantity, right: Quantity): [Quantity, string, Quantity] {
  return [reading(left, row), '·', reading(right, column)];
}

/** A quantity transposed. */
export function flipped(quantity: Quantity): Quantity {
  const [first, second] = quantity.axes;
  return { ...quantity, symbol: `${quantity.symbol}^T`, matrix: transposed(quantity.matrix), axes: [second, first] };
}

/** All of the sample that a cell is of. */
export function ofSample(run: Computed): NonNullable<Quantity['reads']> {
  return run.columns ? (_, j) => [undefined, j] : (i) => [i, undefined];
}

/** Whether an activation looks at all units of a sample at once, as its formula says. */
export function isRowwise(formula: string | undefined): boolean {
  return formula?.includes("over a sample's units") ?? false;
}
