// The matrices of the algorithm, named and standing as those of the request do, and what a cell of a result is computed from.
import type { Computed } from '../request/computed.ts';
import { targetsKey } from '../request/targets.ts';
import { activations, type Variant } from '../request/variants.ts';
import { matrix, rowOf, transposed } from '../ui/matrix.ts';
import { inputsOf, outputGradientsOf, type StepsText } from './explain.ts';
import type { Axis, Find, Kind, Quantity } from './step.ts';

export class Quantities {
  readonly run: Computed;
  readonly find: Find;
  readonly text: StepsText;

  constructor(run: Computed, find: Find, text: StepsText) {
    this.run = run;
    this.find = find;
    this.text = text;
  }

  X(layer: number): Quantity {
    const { batchInputs, layerOutputs } = this.text.names;
    const name = layer === 0 ? batchInputs : layerOutputs(layer);
    return this.#made(`X_${layer + 1}`, name, this.run.trace[layer].inputs, 'input', inputsOf(layer));
  }

  Z(layer: number): Quantity {
    const { pre_activations } = this.run.trace[layer];
    return this.#made(`Z_${layer + 1}`, this.text.names.preActivations, pre_activations, 'unit', { kind: 'Z', layer });
  }

  Y(layer: number): Quantity {
    const name = this.text.names.layerOutputs(layer + 1);
    return this.#made(`Y_${layer + 1}`, name, this.run.trace[layer].outputs, 'unit', { kind: 'Y', layer });
  }

  dY(layer: number): Quantity {
    const name = this.text.names.outputGradients(layer + 1);
    const { output_gradients } = this.run.trace[layer];
    return this.#made(`dY_${layer + 1}`, name, output_gradients, 'unit', outputGradientsOf(this.run, layer));
  }

  dZ(layer: number): Quantity {
    const { pre_activation_gradients } = this.run.trace[layer];
    return this.#made(`dZ_${layer + 1}`, this.text.names.preActivationGradients, pre_activation_gradients, 'unit', {
      kind: 'dZ',
      layer,
    });
  }

  dX(layer: number): Quantity {
    const { batchInputGradients, inputGradients } = this.text.names;
    const name = layer === 0 ? batchInputGradients : inputGradients(layer);
    return this.#made(`dX_${layer + 1}`, name, this.run.trace[layer].input_gradients, 'input', { kind: 'dX', layer });
  }

  W(layer: number): Quantity {
    return {
      symbol: `W_${layer + 1}`,
      name: this.text.names.weights,
      given: true,
      matrix: matrix(this.run.request.network.layers[layer].weights),
      of: { kind: 'W', layer },
      axes: ['unit', 'input'],
    };
  }

  b(layer: number): Quantity | undefined {
    const given = this.run.request.network.layers[layer].biases;
    return (
      given && {
        symbol: `b_${layer + 1}`,
        name: this.text.names.biases,
        given: true,
        of: { kind: 'b', layer },
        ...this.perUnit(given),
      }
    );
  }

  /** A value per unit, standing as the units do. */
  perUnit(values: readonly number[]): Pick<Quantity, 'matrix' | 'axes'> {
    const row = rowOf(values);
    return this.run.columns ? { matrix: transposed(row), axes: ['unit', undefined] } : { matrix: row, axes: [undefined, 'unit'] };
  }

  /** A value per sample, standing as the samples do. */
  perSample(values: readonly number[]): Pick<Quantity, 'matrix' | 'axes'> {
    const row = rowOf(values);
    return this.run.columns
      ? { matrix: row, axes: [undefined, 'sample'] }
      : { matrix: transposed(row), axes: ['sample', undefined] };
  }

  T(): Quantity {
    const { batch } = this.run.request;
    const targets = batch[targetsKey(batch)];
    const { names } = this.text;
    const common = { symbol: 'T', given: true, of: { kind: 'T', layer: this.run.layers - 1 } } as const;
    if (this.run.classes) return { ...common, name: names.targetClasses, names: true, ...this.perSample(targets as number[]) };
    return { ...common, name: names.targets, matrix: matrix(targets as number[][]), axes: this.axes('unit') };
  }

  /** What rows and columns of a matrix of samples are. */
  axes(units: Axis): readonly [Axis, Axis] {
    return this.run.columns ? [units, 'sample'] : ['sample', units];
  }

  #made(symbol: string, name: string, rows: number[][], units: Axis, of: { kind: Kind; layer: number }): Quantity {
    const madeBy = this.find(of.kind, of.layer);
    return { symbol, name, matrix: matrix(rows), of, axes: this.axes(units), ...(madeBy !== undefined && { madeBy }) };
  }
}

/** All of a row, all of a column, and a cell alone: what a cell of a result may be computed from. */
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
  return {
    ...quantity,
    symbol: `${quantity.symbol}^T`,
    matrix: transposed(quantity.matrix),
    axes: [second, first],
  };
}

/** All of the sample that a cell is of. */
export function ofSample(run: Computed): NonNullable<Quantity['reads']> {
  return run.columns ? (_, j) => [undefined, j] : (i) => [i, undefined];
}

/** The formula of an activation or a loss; empty if only a newer service has it. */
export function formulaOf(variants: readonly Variant[], name: string): string {
  return variants.find((one) => one.name === name)?.formula ?? '';
}

/** Whether an activation couples the units of a sample, as its formula says. */
export function isRowwise(activation: string): boolean {
  return formulaOf(activations, activation).includes("over a sample's units");
}
