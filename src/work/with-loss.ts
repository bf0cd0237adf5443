// The computation of a tile with a loss: forward, loss and back, and what else is asked of them.
import type { ArrayBatch } from '../../schemas/batch.ts';
import type { Extra, GradientsResult } from '../../schemas/gradients.ts';
import type { Loss as GivenLoss } from '../../schemas/loss.ts';
import type { Tensors } from '../../schemas/numbers.ts';
import type { Parameters } from '../../schemas/parameters.ts';
import { backward } from '../backprop/backward.ts';
import { type Batch, buildBatch } from '../backprop/batch.ts';
import { type CurvatureMatrix, curvatureMatrix, curvatureProduct, parametersOf } from '../backprop/curvature.ts';
import { checkOutputs } from '../backprop/domains.ts';
import { isOriented, type SampleExtra, sampleExtras } from '../backprop/extras.ts';
import { type Computed, lossValues, type Results, type Total, type Values } from '../backprop/finite.ts';
import { forward } from '../backprop/forward.ts';
import { type BoundLoss, bindLoss } from '../backprop/losses.ts';
import type { Layer } from '../backprop/network.ts';
import { addPenaltyCurvature, type BoundPenalty, withPenalty } from '../backprop/penalty.ts';
import { type Divisor, divisorAsNumber, reduce, reduceRows } from '../backprop/reduction.ts';
import { squaredGradients } from '../backprop/squares.ts';
import { type Direction, directionsOf, linearized } from '../backprop/tangents.ts';
import type { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import { type Computation, type Outcome, orientedFor, type Work } from './computation.ts';
import type { Form } from './sums.ts';
import type { Tile } from './tiles.ts';

/** A curvature matrix of the loss: its product with a vector of parameters or, without one, the matrix itself. */
export interface Curvature {
  readonly matrix: CurvatureMatrix;
  readonly vector: Tensors<Parameters> | undefined;
}

export interface LossWork extends Work {
  readonly kind: 'loss';
  readonly batch: Tensors<ArrayBatch>;
  readonly loss: Tensors<GivenLoss>;
  /** It is added to the sums over all samples, once. */
  readonly penalty: BoundPenalty | undefined;
  readonly include: readonly Extra[];
  readonly curvature: Curvature | undefined;
  /** Whether only the loss is computed. */
  readonly lossOnly: boolean;
  readonly divisor: Divisor;
}

/** What is summed up: the gradients of all layers; the squares of the samples' shares; a product, or the curvature matrix. */
export function formOf(layers: readonly Layer[], { include, curvature, lossOnly }: Omit<LossWork, 'divisor'>): Form {
  if (lossOnly) return [];
  const squares = include.includes('squared_gradients') ? layers : [];
  return [...layers, ...squares, ...(curvature ? curvatureForm(layers, curvature) : [])];
}

function curvatureForm(layers: readonly Layer[], { vector }: Curvature): Form {
  if (vector) return layers;
  const size = parametersOf(layers).reduce((sum, n) => sum + n, 0);
  return [{ W: { rows: size, columns: size }, b: undefined }];
}

/** The results for the whole batch, with the penalty. The sums are overwritten. */
export function resultsOf(
  { loss, terms }: Total,
  { curvature, penalty }: Omit<LossWork, 'divisor'>,
  divisor: Divisor,
  layers: readonly Layer[],
): Results {
  const gradients = terms.slice(0, layers.length);
  // No request has both squares and a curvature.
  const further = terms.slice(layers.length);
  const results: Results = {
    ...withPenalty({ loss, gradients }, penalty, layers),
    divisor: divisorAsNumber(divisor),
    ...furtherResults(further, curvature),
  };
  if (penalty && curvature)
    addPenaltyCurvature(penalty, layers, curvature.vector && directionsOf(curvature.vector, layers), results);
  return results;
}

function furtherResults(terms: Total['terms'], curvature: Curvature | undefined): Partial<Results> {
  if (!curvature) return terms.length > 0 ? { squares: terms } : {};
  return curvature.vector ? { products: terms } : { matrix: terms[0].dW };
}

export class WithLoss implements Computation<Results> {
  readonly form: Form;
  readonly hasPerSample: boolean;
  readonly isOriented = isOriented;
  readonly #work: LossWork;
  readonly #layers: readonly Layer[];
  readonly #bound: BoundLoss;
  readonly #engine: Engine;
  /** The vector to multiply with the curvature matrix. */
  readonly #directions: readonly Direction[] | undefined;
  /** Whether no value may overwrite another one. */
  readonly #keep: boolean;

  constructor(work: LossWork, layers: readonly Layer[], engine: Engine) {
    const { include, curvature } = work;
    this.#work = work;
    this.#layers = layers;
    this.#bound = bindLoss(work.loss as { type: string });
    this.#engine = engine;
    this.#directions = curvature?.vector && directionsOf(curvature.vector, layers);
    this.#keep = include.includes('trace');
    this.form = formOf(layers, work);
    this.hasPerSample = sampleExtrasIn(include).length > 0;
  }

  compute(tile: Tile): Outcome {
    const batch = this.#batchOf(tile);
    if (this.#work.lossOnly) return { total: { loss: this.#reduced(batch, tile, false).reduced.loss, terms: [] }, perSample: {} };
    const computed = this.#passes(batch, tile, this.#keep);
    return { total: this.#totalOf(computed, batch), perSample: this.#perSampleOf(computed) };
  }

  values(tile: Tile, results: Results): Iterable<Values> {
    return lossValues(this.#passes(this.#batchOf(tile), tile, true), results);
  }

  #batchOf({ first, end }: Tile): Batch {
    const { batch, start } = this.#work;
    return buildBatch(batch, start + first, start + end, this.#engine.scratch);
  }

  /** The forward and the backward pass of a tile. Unless `keep`, values that are not needed later are overwritten. */
  #passes(batch: Batch, tile: Tile, keep: boolean): Computed {
    const { include, curvature } = this.#work;
    const { steps, reduced } = this.#reduced(batch, tile, keep);
    const wantInputGradients = include.includes('input_gradients') || include.includes('trace');
    const keepGradients = keep || curvature !== undefined;
    const gradients = backward(this.#layers, steps, reduced.dY, this.#engine, wantInputGradients, keepGradients);
    return { steps, reduced, gradients };
  }

  /** The forward pass of a tile, and its loss. */
  #reduced({ X, targets, s }: Batch, { first }: Tile, keep: boolean): Pick<Computed, 'steps' | 'reduced'> {
    const engine = this.#engine;
    const { origin, divisor, lossOnly } = this.#work;
    const steps = forward(this.#layers, X, engine, keep);
    const Y = steps[steps.length - 1].A;
    // Outside its domain the loss is NaN, which the only use of a loss alone takes for none.
    if (!lossOnly) checkOutputs(Y, this.#bound, steps.length - 1, origin + first);
    return { steps, reduced: reduce(this.#bound.loss.unreduced(Y, targets, engine.scratch), s, divisor, engine.scratch) };
  }

  #totalOf(computed: Computed, batch: Batch): Total {
    const { reduced, gradients } = computed;
    const { include, curvature } = this.#work;
    const terms = [...gradients, ...(include.includes('squared_gradients') ? squaredGradients(computed, this.#engine) : [])];
    return { loss: reduced.loss, terms: curvature ? [...terms, ...this.#curvatureOf(curvature, computed, batch)] : terms };
  }

  #curvatureOf({ matrix }: Curvature, { steps, reduced, gradients }: Computed, { targets, s }: Batch): Total['terms'] {
    const { scratch } = this.#engine;
    const Y = steps[steps.length - 1].A;
    const curvatureOf = (RY: Dense) => {
      const RdY = this.#bound.loss.curvature(Y, targets, RY, reduced.exponents, scratch);
      reduceRows(RdY, reduced.exponents, s, this.#work.divisor);
      return RdY;
    };
    // The Gauss-Newton matrix needs no second derivatives of activations.
    const linear = linearized(this.#layers, steps, matrix === 'hessian' ? gradients : undefined, this.#engine);
    const passes = { layers: this.#layers, steps, linear, gradients, curvatureOf };
    if (this.#directions) return curvatureProduct(passes, matrix, this.#directions, this.#engine);
    return [{ dW: curvatureMatrix(passes, matrix, this.#engine), db: undefined }];
  }

  /** The values per sample that the request includes. */
  #perSampleOf(computed: Computed): Partial<GradientsResult> {
    const oriented = orientedFor(this.#work);
    return Object.fromEntries(
      sampleExtrasIn(this.#work.include).map((name) => [
        name,
        sampleExtras[name](computed, oriented, this.#layers, this.#engine.scratch),
      ]),
    );
  }
}

export function sampleExtrasIn(include: readonly Extra[]): SampleExtra[] {
  return include.filter((name): name is SampleExtra => Object.hasOwn(sampleExtras, name));
}
