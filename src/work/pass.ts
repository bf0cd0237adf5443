// The computation of a tile: forward, loss and back; and its values in the result for the whole batch.
import type { ArrayBatch } from '../../schemas/batch.ts';
import type { Extra, GradientsResult } from '../../schemas/gradients.ts';
import type { Loss as GivenLoss } from '../../schemas/loss.ts';
import type { Network } from '../../schemas/network.ts';
import type { Tensors } from '../../schemas/numbers.ts';
import { backward } from '../backprop/backward.ts';
import { buildBatch } from '../backprop/batch.ts';
import { checkOutputs } from '../backprop/domains.ts';
import { isOriented, type SampleExtra, sampleExtras } from '../backprop/extras.ts';
import type { Computed, NonFinite, Total } from '../backprop/finite.ts';
import { forward } from '../backprop/forward.ts';
import { type BoundLoss, bindLoss, type Divisor, reduce } from '../backprop/losses.ts';
import { buildLayers, type Layer } from '../backprop/network.ts';
import type { BoundPenalty } from '../backprop/penalty.ts';
import { squaredGradients } from '../backprop/squares.ts';
import type { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Scratch } from '../memory/scratch.ts';
import { packed, unpacked } from './packing.ts';
import { collect } from './samples.ts';
import { formOf, Sums } from './sums.ts';
import { Sharing, type Task, type Team } from './team.ts';
import { type Tile, type Tiling, tileAt } from './tiles.ts';

/** What the computations of all tiles need to know. */
export interface Work {
  readonly network: Tensors<Network>;
  readonly batch: Tensors<ArrayBatch>;
  /** Where the samples to compute begin in the arrays of `batch`, and in the whole batch, for error texts. */
  readonly start: number;
  readonly origin: number;
  readonly loss: Tensors<GivenLoss>;
  /** It is added to the sums over all samples, once. */
  readonly penalty: BoundPenalty | undefined;
  readonly include: readonly Extra[];
  readonly tiling: Tiling;
  readonly divisor: Divisor;
}

/** Computes tiles of a batch, in one thread. */
export class Pass {
  readonly #work: Work;
  readonly #layers: readonly Layer[];
  readonly #bound: BoundLoss;
  readonly #engine: Engine;

  constructor(work: Work, engine: Engine, layers: readonly Layer[], bound: BoundLoss) {
    this.#work = work;
    this.#layers = layers;
    this.#bound = bound;
    this.#engine = engine;
  }

  /**
   * The forward and the backward pass of a tile. Unless `keep`, values that are not needed later are overwritten.
   * @throws Refusal `out-of-domain`, if outputs are.
   */
  compute({ first, end }: Tile, keep: boolean): Computed {
    const engine = this.#engine;
    const { batch, start, origin, include, divisor } = this.#work;
    const { X, targets, s } = buildBatch(batch, start + first, start + end, engine.scratch);
    const steps = forward(this.#layers, X, engine, keep);
    const Y = steps[steps.length - 1].A;
    checkOutputs(Y, this.#bound, steps.length - 1, origin + first);
    const reduced = reduce(this.#bound.loss.unreduced(Y, targets, engine.scratch), s, divisor, engine.scratch);
    const wantInputGradients = include.includes('input_gradients') || include.includes('trace');
    return { steps, reduced, gradients: backward(this.#layers, steps, reduced.dY, engine, wantInputGradients, keep) };
  }

  /** Computes a tile with all values kept, and looks for one that is not finite. */
  search(tile: Tile, nonFinite: NonFinite): void {
    this.#engine.scratch.reuse(() => nonFinite.look(this.compute(tile, true), this.#work.origin + tile.first));
  }

  /** Computes tile i, adds it to the sums in its turn, and writes its values per sample into those of the batch. */
  addTile(i: number, sums: Sums, extras: Partial<GradientsResult>, inTurn: (add: () => void) => void): void {
    const { include, tiling } = this.#work;
    const tile = tileAt(tiling, i);
    this.#engine.scratch.reuse(() => {
      const computed = this.compute(tile, include.includes('trace'));
      const total = this.totalOf(computed);
      inTurn(() => sums.add(i, total));
      this.#collect(extras, this.extrasOf(computed), tile);
    });
  }

  /** What the samples of a tile add to the sums. */
  totalOf(computed: Computed): Total {
    const { reduced, gradients } = computed;
    const hasSquares = this.#work.include.includes('squared_gradients');
    return { loss: reduced.loss, gradients, ...(hasSquares && { squares: squaredGradients(computed, this.#engine) }) };
  }

  /** The values per sample that the request includes, of some samples. */
  extrasOf(computed: Computed): Partial<GradientsResult> {
    const oriented = (matrix: Dense) => (this.#inColumns ? matrix.transposed() : matrix);
    return Object.fromEntries(
      sampleExtrasIn(this.#work.include).map((name) => [
        name,
        sampleExtras[name](computed, oriented, this.#layers, this.#engine.scratch),
      ]),
    );
  }

  get #inColumns(): boolean {
    return this.#work.batch.samples === 'columns';
  }

  /** Writes the values of a tile into those of the batch. */
  #collect(whole: Partial<GradientsResult>, part: Partial<GradientsResult>, { first }: Tile): void {
    const { include, tiling } = this.#work;
    const make = (numbers: number) => this.#engine.scratch.takeLargeForRequest(numbers);
    for (const name of sampleExtrasIn(include)) {
      const axis = this.#inColumns && isOriented(name) ? 1 : 0;
      Object.assign(whole, { [name]: collect(whole[name], part[name], first, tiling.samples, axis, make) });
    }
  }
}

export function sampleExtrasIn(include: readonly Extra[]): SampleExtra[] {
  return include.filter((name): name is SampleExtra => Object.hasOwn(sampleExtras, name));
}

/** The argument of the task by which other threads compute tiles: tile `first` is part 0. */
interface Tiles {
  readonly work: Work;
  readonly extras: Partial<GradientsResult>;
  /** That of the sums. */
  readonly memory: Float64Array;
  readonly first: number;
}

/** The task for the other threads of a team. */
export function tilesTask(tiles: Tiles, scratch: Scratch): Task {
  return { name: 'tiles', argument: packed(tiles, new Sharing(scratch)) as object };
}

/** In another thread: the function that computes a tile. */
export function computeTiles(argument: object, engine: Engine, team: Pick<Team, 'inTurn'>): (part: number) => void {
  const { work, extras, memory, first } = unpacked(argument) as Tiles;
  const layers = buildLayers(work.network);
  const sums = new Sums(formOf(layers, work.include), work.tiling.count, memory);
  const pass = new Pass(work, engine, layers, bindLoss(work.loss as { type: string }));
  return (part) => pass.addTile(first + part, sums, extras, (add) => team.inTurn(part, add));
}
