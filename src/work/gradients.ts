// The gradients of a batch: tile by tile, forward, loss and back; then the sums over all tiles.
import { type Batch as GivenBatch, targetsOf } from '../../schemas/batch.ts';
import type { DecodedRequest, Extra, GradientsRequest, GradientsResult } from '../../schemas/gradients.ts';
import { defaultLoss } from '../../schemas/loss.ts';
import type { Network } from '../../schemas/network.ts';
import { areFinite, type Tensors } from '../../schemas/numbers.ts';
import { backward } from '../backprop/backward.ts';
import { buildBatch } from '../backprop/batch.ts';
import { costOf } from '../backprop/cost.ts';
import { checkDomains, checkOutputs } from '../backprop/domains.ts';
import { gradientNorms, isOriented, type SampleExtra, sampleExtras } from '../backprop/extras.ts';
import { allFinite, type Computed, NonFinite, type Results, type Total } from '../backprop/finite.ts';
import { forward } from '../backprop/forward.ts';
import { type BoundLoss, bindLoss, type Divisor, divisorAsNumber, divisorOf, reduce } from '../backprop/losses.ts';
import { buildLayers, type Layer } from '../backprop/network.ts';
import type { Plan } from '../backprop/plan.ts';
import { checkShapes, type Sizes } from '../backprop/shapes.ts';
import type { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Refusal } from '../refusal.ts';
import { collect } from './samples.ts';
import { levelsOf, Sums } from './sums.ts';
import { type Tile, tilesOf } from './tiles.ts';

/**
 * Checks the shapes of a request, and estimates its cost. The plan's `run` computes the loss of the batch and its gradients.
 * @throws Refusal `shape-mismatch`; `run` throws `out-of-domain` or `non-finite-result`.
 */
export function planGradients(request: DecodedRequest): Plan<GradientsResult> {
  const include = [...new Set(request.include)];
  const bound = bindLoss(request.loss ?? defaultLoss);
  const sizes = checkShapes(request, bound);
  const tiles = tilesOf(sizes);
  // checkShapes has excluded ragged matrices.
  const { network, batch } = request as Tensors<GradientsRequest>;
  return {
    sizes,
    cost: costOf(sizes, include, tiles[0].end, tiles.length > 1 ? levelsOf(tiles.length) : 0),
    run: (engine) => new Run(network, batch, include, bound, sizes, tiles, engine).result(),
  };
}

/** The computation of one request. */
class Run {
  readonly #layers: Layer[];
  readonly #batch: Tensors<GivenBatch>;
  readonly #include: readonly Extra[];
  readonly #bound: BoundLoss;
  readonly #samples: number;
  readonly #tiles: readonly Tile[];
  readonly #engine: Engine;
  readonly #divisor: Divisor;

  /** @throws Refusal `out-of-domain`, if targets or weights are, or if the divisor is 0. */
  constructor(
    network: Tensors<Network>,
    batch: Tensors<GivenBatch>,
    include: readonly Extra[],
    bound: BoundLoss,
    sizes: Sizes,
    tiles: readonly Tile[],
    engine: Engine,
  ) {
    this.#layers = buildLayers(network);
    this.#batch = batch;
    this.#include = include;
    this.#bound = bound;
    this.#samples = sizes.samples;
    this.#tiles = tiles;
    this.#engine = engine;
    const outputs = sizes.units[sizes.units.length - 1];
    checkDomains(batch, bound, outputs);
    const { targets } = targetsOf(batch);
    const classes = targets instanceof Float64Array ? targets : undefined;
    this.#divisor = divisorOf(bound, sizes.samples, outputs, classes, batch.sample_weights);
  }

  /** @throws Refusal `out-of-domain`, if outputs are; `non-finite-result`. */
  result(): GradientsResult {
    const { total, extras } = this.#compute();
    const divisor = divisorAsNumber(this.#divisor);
    const results: Results = { ...total, divisor };
    const answer: GradientsResult = {
      loss: total.loss,
      gradients: total.gradients.map(({ dW, db }) => (db ? { weights: dW, biases: db } : { weights: dW })),
      divisor,
    };
    const included = Object.fromEntries(
      this.#include.map((name) => [name, name === 'gradient_norms' ? gradientNorms(total.gradients) : extras[name]]),
    );
    if (!isFiniteResult(results) || !allFinite(included)) throw this.#nonFinite(results);
    return { ...answer, ...included };
  }

  /** Computes all tiles. The values of a single one become the result as they are. */
  #compute(): { total: Total; extras: Partial<GradientsResult> } {
    const tiles = this.#tiles;
    const keep = this.#include.includes('trace');
    if (tiles.length === 1) {
      const computed = this.#pass(tiles[0], keep);
      return { total: { loss: computed.reduced.loss, gradients: computed.gradients }, extras: this.#extrasOf(computed) };
    }
    const { scratch } = this.#engine;
    const sums = new Sums(this.#layers, tiles.length, scratch);
    const extras: Partial<GradientsResult> = {};
    for (const tile of tiles) {
      scratch.reuse(() => {
        const computed = this.#pass(tile, keep);
        sums.add(computed.reduced.loss, computed.gradients);
        this.#collect(extras, this.#extrasOf(computed), tile);
      });
    }
    return { total: sums.total(), extras };
  }

  /** The forward and the backward pass of a tile. Unless `keep`, values that are not needed later are overwritten. */
  #pass({ first, end }: Tile, keep: boolean): Computed {
    const engine = this.#engine;
    const layers = this.#layers;
    const { X, targets, s } = buildBatch(this.#batch, first, end, engine.scratch);
    const steps = forward(layers, X, engine, keep);
    const Y = steps[steps.length - 1].A;
    checkOutputs(Y, this.#bound, steps.length - 1, first);
    const reduced = reduce(this.#bound.loss.unreduced(Y, targets, engine.scratch), s, this.#divisor, engine.scratch);
    const wantInputGradients = this.#include.includes('input_gradients') || this.#include.includes('trace');
    return { steps, reduced, gradients: backward(layers, steps, reduced.dY, engine, wantInputGradients, keep) };
  }

  get #inColumns(): boolean {
    return this.#batch.samples === 'columns';
  }

  get #sampleExtras(): SampleExtra[] {
    return this.#include.filter((name) => name !== 'gradient_norms');
  }

  /** The values per sample that the request includes, of some samples. */
  #extrasOf(computed: Computed): Partial<GradientsResult> {
    const oriented = (matrix: Dense) => (this.#inColumns ? matrix.transposed() : matrix);
    return Object.fromEntries(this.#sampleExtras.map((name) => [name, sampleExtras[name](computed, oriented)]));
  }

  /** Writes the values of a tile into those of the batch. */
  #collect(whole: Partial<GradientsResult>, part: Partial<GradientsResult>, { first }: Tile): void {
    for (const name of this.#sampleExtras) {
      const axis = this.#inColumns && isOriented(name) ? 1 : 0;
      Object.assign(whole, { [name]: collect(whole[name], part[name], first, this.#samples, axis) });
    }
  }

  /** Computes all tiles once more, with all values kept, to find the first one that is not finite. */
  #nonFinite(results: Results): Refusal {
    const search = new NonFinite(results);
    for (const tile of this.#tiles) this.#engine.scratch.reuse(() => search.look(this.#pass(tile, true), tile.first));
    return search.refusal;
  }
}

/** Whether loss, divisor and gradients are finite. */
function isFiniteResult({ loss, divisor, gradients }: Results): boolean {
  if (!Number.isFinite(loss) || !Number.isFinite(divisor)) return false;
  return gradients.every(({ dW, db }) => areFinite(dW.data) && (db === undefined || areFinite(db)));
}
