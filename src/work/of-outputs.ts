// The computations of a tile without a loss: derivatives of the network's outputs.
import { type Tensor, type Tensors, tensor } from '../../schemas/numbers.ts';
import type { Parameters } from '../../schemas/parameters.ts';
import { type Backward, backward, pullThrough } from '../backprop/backward.ts';
import { inputRows, rowsOf } from '../backprop/batch.ts';
import { sampleGradients } from '../backprop/extras.ts';
import { backwardValues, forwardValues, type Total, tangentValues, type Values } from '../backprop/finite.ts';
import { type Forward, forward } from '../backprop/forward.ts';
import type { Layer } from '../backprop/network.ts';
import { directionsOf, type ForwardTangents, forwardTangents, linearized, ownTangent } from '../backprop/tangents.ts';
import { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import { type Computation, type Outcome, orientedFor, type Work } from './computation.ts';
import type { Tile } from './tiles.ts';

/** A sum that has no loss and no terms. */
const NO_SUM: Total = { loss: 0, terms: [] };

interface OfOutputs extends Work {
  /** Whether the matrices of samples beside the batch are in columns. */
  readonly inColumns: boolean;
}

/** The vector-Jacobian product: the backward pass from given cotangents. */
export interface VjpWork extends OfOutputs {
  readonly kind: 'vjp';
  readonly cotangents: Tensor;
}

/** The Jacobian-vector product: the forward pass with tangents. */
export interface JvpWork extends OfOutputs {
  readonly kind: 'jvp';
  readonly parameters: Tensors<Parameters>;
  readonly inputs: Tensor | undefined;
}

/** The Jacobian: a backward pass from each output. */
export interface JacobianWork extends OfOutputs {
  readonly kind: 'jacobian';
  readonly of: 'inputs' | 'parameters';
}

/** What the computations without a loss have in common. */
abstract class OfTile<W extends OfOutputs> {
  readonly hasPerSample = true;
  protected readonly work: W;
  protected readonly layers: readonly Layer[];
  protected readonly engine: Engine;

  constructor(work: W, layers: readonly Layer[], engine: Engine) {
    this.work = work;
    this.layers = layers;
    this.engine = engine;
  }

  protected forward(tile: Tile, keep: boolean): Forward[] {
    const { batch, start } = this.work;
    return forward(this.layers, inputRows(batch, start + tile.first, start + tile.end, this.engine.scratch), this.engine, keep);
  }

  /** A matrix of samples that the request has beside the batch. */
  protected rowsOf(matrix: Tensor, { first, end }: Tile): Dense {
    return rowsOf(matrix, this.work.inColumns, first, end, this.engine.scratch);
  }

  protected outputsOf(steps: readonly Forward[]): Dense {
    return orientedFor(this.work)(steps[steps.length - 1].A);
  }
}

export class Vjp extends OfTile<VjpWork> implements Computation<Total> {
  get form() {
    return this.layers;
  }

  compute(tile: Tile): Outcome {
    const { steps, gradients } = this.#passes(tile, false);
    const input_gradients = orientedFor(this.work)(gradients[0].dX as Dense);
    return { total: { loss: 0, terms: gradients }, perSample: { outputs: this.outputsOf(steps), input_gradients } };
  }

  *values(tile: Tile, { terms }: Total): Generator<Values> {
    const { steps, gradients } = this.#passes(tile, true);
    yield* forwardValues(steps);
    yield* backwardValues(gradients, terms);
  }

  #passes(tile: Tile, keep: boolean): { steps: Forward[]; gradients: Backward[] } {
    const steps = this.forward(tile, keep);
    // The backward pass may overwrite dY, and keeps it otherwise.
    const cotangents = this.rowsOf(this.work.cotangents, tile);
    const dY = new Dense(cotangents.rows, cotangents.columns, this.engine.scratch.take(cotangents.data.length));
    dY.data.set(cotangents.data);
    return { steps, gradients: backward(this.layers, steps, dY, this.engine, true, keep) };
  }
}

export class Jvp extends OfTile<JvpWork> implements Computation<Total> {
  readonly form = NO_SUM.terms as [];

  compute(tile: Tile): Outcome {
    const steps = this.forward(tile, false);
    const tangents = this.#tangents(steps, tile);
    const { RA } = tangents[tangents.length - 1];
    const { A } = steps[steps.length - 1];
    const RY = RA ?? new Dense(A.rows, A.columns, this.engine.scratch.filled(A.data.length, 0));
    return {
      total: NO_SUM,
      perSample: { outputs: this.outputsOf(steps), output_tangents: orientedFor(this.work)(RY) },
    };
  }

  *values(tile: Tile): Generator<Values> {
    const steps = this.forward(tile, true);
    yield* forwardValues(steps);
    yield* tangentValues(this.#tangents(steps, tile));
  }

  #tangents(steps: readonly Forward[], tile: Tile): ForwardTangents[] {
    const { parameters, inputs } = this.work;
    const directions = directionsOf(parameters, this.layers);
    const ownOf = (k: number) => ownTangent(directions[k], steps[k].X, this.engine);
    const linear = linearized(this.layers, steps, undefined, this.engine);
    return forwardTangents(this.layers, linear, inputs && this.rowsOf(inputs, tile), ownOf, this.engine);
  }
}

export class Jacobian extends OfTile<JacobianWork> implements Computation<Total> {
  readonly form = NO_SUM.terms as [];

  compute(tile: Tile): Outcome {
    const steps = this.forward(tile, false);
    return { total: NO_SUM, perSample: { outputs: this.outputsOf(steps), jacobian: this.#jacobian(steps) } };
  }

  *values(tile: Tile): Generator<Values> {
    const steps = this.forward(tile, true);
    yield* forwardValues(steps);
    const jacobian = this.#jacobian(steps);
    const step = 'jacobian';
    if (!Array.isArray(jacobian)) yield { step, layer: 0, what: 'jacobian', values: jacobian, perSample: true };
    // Where the derivative of a bias is not finite, those of its weights are not either.
    else
      for (const [layer, { weights }] of jacobian.entries())
        yield { step, layer, what: 'jacobian of weights', values: weights, perSample: true };
  }

  #jacobian(steps: readonly Forward[]): Tensor | { weights: Tensor; biases?: Tensor }[] {
    const samples = steps[0].X.rows;
    const outputs = steps[steps.length - 1].A.columns;
    const make = (...shape: number[]) =>
      tensor([samples, outputs, ...shape], this.engine.scratch.takeLarge(shape.reduce((a, b) => a * b, samples * outputs)));
    if (this.work.of === 'inputs') {
      const jacobian = make(steps[0].X.columns);
      this.#fromEach(steps, (c, k, _dZ, dX) => {
        if (k === 0) scatter((dX as Dense).data, jacobian, c);
      });
      return jacobian;
    }
    const jacobian = this.layers.map(({ W, b }) => ({ weights: make(W.rows, W.columns), ...(b && { biases: make(b.length) }) }));
    this.#fromEach(steps, (c, k, dZ) => {
      const { weights, biases } = jacobian[k];
      scatter(sampleGradients(dZ, steps[k].X, false).weights.data, weights, c);
      if (biases) scatter(dZ.data, biases, c);
    });
    return jacobian;
  }

  /** The backward pass from each output c; calls back with the values of each layer. */
  #fromEach(steps: readonly Forward[], use: (c: number, k: number, dZ: Dense, dX: Dense | undefined) => void): void {
    const { engine, layers } = this;
    const Y = steps[steps.length - 1].A;
    for (let c = 0; c < Y.columns; c++)
      engine.scratch.reuse(() => {
        const dY = new Dense(Y.rows, Y.columns, engine.scratch.filled(Y.data.length, 0));
        for (let at = c; at < dY.data.length; at += Y.columns) dY.data[at] = 1;
        const wantInputs = this.work.of === 'inputs';
        for (const { k, dZ, dX } of pullThrough(layers, steps, dY, engine, wantInputs, false)) use(c, k, dZ, dX);
      });
  }
}

/** Writes the numbers of all samples, for output c, into a tensor of samples x outputs x the numbers of each. */
function scatter(numbers: Float64Array, { shape: [samples, outputs], data }: Tensor, c: number): void {
  const each = numbers.length / samples;
  for (let i = 0; i < samples; i++) data.set(numbers.subarray(i * each, (i + 1) * each), (i * outputs + c) * each);
}
