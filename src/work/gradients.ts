// The gradients of a batch: tile by tile, forward, loss and back; then the sums over all tiles.
import { targetsOf } from '../../schemas/batch.ts';
import type { DecodedRequest, GradientsRequest, GradientsResult } from '../../schemas/gradients.ts';
import { defaultLoss } from '../../schemas/loss.ts';
import { areFinite, type Tensors } from '../../schemas/numbers.ts';
import { costOf } from '../backprop/cost.ts';
import { checkDomains } from '../backprop/domains.ts';
import { gradientNorms } from '../backprop/extras.ts';
import { allFinite, NonFinite, type Results, type Total } from '../backprop/finite.ts';
import { type BoundLoss, bindLoss, type Divisor, divisorAsNumber, divisorOf } from '../backprop/losses.ts';
import { buildLayers, type Layer } from '../backprop/network.ts';
import { bindPenalty, withPenalty } from '../backprop/penalty.ts';
import { checkShapes, type Sizes } from '../backprop/shapes.ts';
import type { Engine } from '../linalg/engine.ts';
import { Pass, sampleExtrasIn, tilesTask, type Work } from './pass.ts';
import type { Plan } from './plan.ts';
import { splitLayers, splitProducts } from './split.ts';
import { formOf, levelsOf, numbersOfSums, Sums, tileNode } from './sums.ts';
import { alone, type Team } from './team.ts';
import { type Division, divisionOf, tileAt, tilingOf } from './tiles.ts';

/**
 * Checks the shapes of a request, and estimates its cost. The plan's `run` computes the loss of the batch and its gradients.
 * @throws Refusal `shape-mismatch`; `run` throws `out-of-domain` or `non-finite-result`.
 */
export function planGradients(request: DecodedRequest): Plan<GradientsResult> {
  const bound = bindLoss(lossOf(request) as { type: string });
  const sizes = checkShapes(request, bound);
  const { division, work } = prepare(request, sizes);
  const { include, tiling } = work;
  const { count } = tiling;
  return {
    sizes,
    cost: costOf(sizes, include, tileAt(tiling, 0).end, count > 1 ? levelsOf(count) : 0, division === 'tiles'),
    run(engine, team = alone) {
      const divisor = checkedDivisor(work.batch, bound, sizes);
      return new Run({ ...work, divisor }, bound, division, engine, team).result();
    },
  };
}

/** A request that is ready to be computed, but for its divisor. */
export interface Prepared {
  readonly division: Division;
  readonly work: Omit<Work, 'divisor'>;
}

export function lossOf({ loss }: DecodedRequest): Work['loss'] {
  return (loss ?? defaultLoss) as Work['loss'];
}

/** `sizes` are those of the whole batch, of a request whose shapes have been checked. */
export function prepare(request: DecodedRequest, sizes: Sizes): Prepared {
  const include = [...new Set(request.include)];
  const tiling = tilingOf(sizes);
  // checkShapes has excluded ragged matrices.
  const { network, batch } = request as Tensors<GradientsRequest>;
  const work = {
    network,
    batch,
    start: 0,
    origin: 0,
    loss: lossOf(request),
    penalty: bindPenalty(request.penalty),
    include,
    tiling,
  };
  return { division: divisionOf(sizes, tiling), work };
}

/** @throws Refusal `out-of-domain`, if targets or weights are, or if the divisor is 0. */
function checkedDivisor(batch: Work['batch'], bound: BoundLoss, { samples, units }: Sizes): Divisor {
  const outputs = units[units.length - 1];
  checkDomains(batch, bound, outputs);
  const { targets } = targetsOf(batch);
  const classes = targets instanceof Float64Array ? targets : undefined;
  return divisorOf(bound, samples, outputs, classes, batch.sample_weights);
}

/** The computation of a batch, or of a part of it. */
export class Run {
  readonly #work: Work;
  readonly #layers: readonly Layer[];
  readonly #engine: Engine;
  readonly #team: Team;
  readonly #pass: Pass;
  /** Whether the parts are tiles; otherwise, they are in the products of a tile. */
  readonly #byTiles: boolean;

  constructor(work: Work, bound: BoundLoss, division: Division, engine: Engine, team: Team) {
    const layers = buildLayers(work.network);
    this.#work = work;
    this.#byTiles = division === 'tiles';
    this.#layers = this.#byTiles ? layers : splitLayers(layers, team);
    this.#engine = engine;
    this.#team = team;
    this.#pass = new Pass(work, this.#byTiles ? engine : splitProducts(engine, team), this.#layers, bound);
  }

  /** @throws Refusal `out-of-domain`, if outputs are; `non-finite-result`. */
  result(): GradientsResult {
    const { include, penalty, divisor } = this.#work;
    const { total, extras } = this.#compute();
    const results = { ...withPenalty(total, penalty, this.#layers), divisor: divisorAsNumber(divisor) };
    const answer = finiteAnswer(results, include, extras);
    if (!answer) throw this.search(results).refusal;
    return answer;
  }

  /**
   * The sums over all tiles, as a node of the tree of sums (./sums.ts): that of a single tile if it `isTile`.
   * @throws Refusal `out-of-domain`, if outputs are.
   */
  node(isTile: boolean): Float64Array {
    if (!isTile) return this.#sum({}).node().slice();
    const computed = this.#pass.compute(tileAt(this.#work.tiling, 0), false);
    return tileNode(formOf(this.#layers, this.#work.include), this.#pass.totalOf(computed));
  }

  /** Computes all tiles once more, to find the first value that is not finite. */
  search(results: Results): NonFinite {
    const search = new NonFinite(results);
    const { tiling } = this.#work;
    for (let i = 0; i < tiling.count; i++) this.#pass.search(tileAt(tiling, i), search);
    return search;
  }

  /** Computes all tiles. The values of a single one become the result as they are. */
  #compute(): { total: Total; extras: Partial<GradientsResult> } {
    const { include, tiling } = this.#work;
    if (tiling.count === 1) {
      const computed = this.#pass.compute(tileAt(tiling, 0), include.includes('trace'));
      return { total: this.#pass.totalOf(computed), extras: this.#pass.extrasOf(computed) };
    }
    const extras: Partial<GradientsResult> = {};
    return { total: this.#sum(extras).total(), extras };
  }

  /** Adds up all tiles, and collects their values per sample. */
  #sum(extras: Partial<GradientsResult>): Sums {
    const { include, tiling } = this.#work;
    const form = formOf(this.#layers, include);
    const memory = this.#engine.scratch.takeLargeForRequest(numbersOfSums(form, tiling.count)).fill(0);
    const sums = new Sums(form, tiling.count, memory);
    const team = this.#byTiles ? this.#team : alone;
    // The first tile makes the arrays for the values per sample, which the threads then share.
    const first = sampleExtrasIn(include).length > 0 ? 1 : 0;
    if (first > 0) this.#pass.addTile(0, sums, extras, (add) => add());
    team.run(
      tiling.count - first,
      (part) => this.#pass.addTile(first + part, sums, extras, (add) => team.inTurn(part, add)),
      () => tilesTask({ work: this.#work, extras, memory, first }, this.#engine.scratch),
    );
    return sums;
  }
}

/** The answer with the values in `include`; undefined if a number of it is not finite. */
export function finiteAnswer(
  results: Results,
  include: Work['include'],
  sampleExtras: Partial<GradientsResult>,
): GradientsResult | undefined {
  const { loss, divisor, penalty, gradients, squares } = results;
  const answer: GradientsResult = {
    loss,
    gradients: perLayer(gradients),
    divisor,
    ...(penalty !== undefined && { penalty }),
  };
  const extras: Partial<GradientsResult> = {
    ...sampleExtras,
    ...(include.includes('gradient_norms') && { gradient_norms: gradientNorms(gradients) }),
    ...(squares && { squared_gradients: perLayer(squares) }),
  };
  const included = Object.fromEntries(include.map((name) => [name, extras[name]]));
  return isFiniteResult(results) && allFinite(included) ? { ...answer, ...included } : undefined;
}

/** Gradients, or squares of them, as in an answer. */
function perLayer(gradients: Results['gradients']): GradientsResult['gradients'] {
  return gradients.map(({ dW, db }) => (db ? { weights: dW, biases: db } : { weights: dW }));
}

/** Whether loss, divisor and gradients are finite. */
function isFiniteResult({ loss, divisor, gradients }: Results): boolean {
  if (!Number.isFinite(loss) || !Number.isFinite(divisor)) return false;
  return gradients.every(({ dW, db }) => areFinite(dW.data) && (db === undefined || areFinite(db)));
}
