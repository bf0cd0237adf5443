// The computation of a batch, or of a part of it: of all its tiles, by one thread or by a team, and their sums.

import type { Finding } from '../../schemas/problem.ts';
import { NonFinite } from '../backprop/finite.ts';
import { buildLayers, type Layer } from '../backprop/network.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Scratch } from '../memory/scratch.ts';
import type { Computation, Outcome } from './computation.ts';
import { type AnyWork, computationOf, type ResultsOf } from './computations.ts';
import { packed, unpacked } from './packing.ts';
import { collect } from './samples.ts';
import { splitLayers, splitProducts } from './split.ts';
import { numbersOfSums, Sums, tileNode } from './sums.ts';
import { alone, Sharing, type Task, type Team } from './team.ts';
import { type Division, tileAt } from './tiles.ts';

/** The values per sample of the whole batch, by their names. */
type PerSample = Record<string, unknown>;

export class Run<W extends AnyWork> {
  readonly layers: readonly Layer[];
  readonly #work: W;
  readonly #engine: Engine;
  readonly #team: Team;
  readonly #computation: Computation<ResultsOf<W>>;
  /** Whether the parts are tiles; otherwise, they are in the products of a tile. */
  readonly #byTiles: boolean;

  constructor(work: W, division: Division, engine: Engine, team: Team) {
    const layers = buildLayers(work.network);
    this.#work = work;
    this.#byTiles = division === 'tiles';
    this.layers = this.#byTiles ? layers : splitLayers(layers, team);
    this.#engine = engine;
    this.#team = team;
    this.#computation = computationOf(work, this.layers, this.#byTiles ? engine : splitProducts(engine, team));
  }

  /**
   * Computes all tiles. The values of a single one become the result as they are.
   * @throws Refusal `out-of-domain`, if outputs are.
   */
  whole(): Outcome {
    const { tiling } = this.#work;
    if (tiling.count === 1) return this.#computation.compute(tileAt(tiling, 0));
    const perSample: PerSample = {};
    return { total: this.#sum(perSample).total(), perSample };
  }

  /**
   * The sums over all tiles, as a node of the tree of sums (./sums.ts): that of a single tile if it `isTile`.
   * @throws Refusal `out-of-domain`, if outputs are.
   */
  node(isTile: boolean): Float64Array {
    if (!isTile) return this.#sum({}).node().slice();
    const { total } = this.#computation.compute(tileAt(this.#work.tiling, 0));
    return tileNode(this.#computation.form, total);
  }

  /** Computes all tiles once more, to find the first value that is not finite; `otherwise` explains it if none is found. */
  search(results: ResultsOf<W>, otherwise: Finding): NonFinite {
    const search = new NonFinite(otherwise);
    const { tiling, origin } = this.#work;
    for (let i = 0; i < tiling.count; i++) {
      const tile = tileAt(tiling, i);
      this.#engine.scratch.reuse(() => search.look(this.#computation.values(tile, results), origin + tile.first));
    }
    return search;
  }

  /** Adds up all tiles, and collects their values per sample. */
  #sum(perSample: PerSample): Sums {
    const { tiling } = this.#work;
    const { form, hasPerSample } = this.#computation;
    const memory = this.#engine.scratch.takeLargeForRequest(numbersOfSums(form, tiling.count)).fill(0);
    const tiles = new Tiles(this.#work, this.#computation, perSample, memory, this.#engine.scratch);
    const team = this.#byTiles ? this.#team : alone;
    // The first tile makes the arrays for the values per sample, which the threads then share.
    const first = hasPerSample ? 1 : 0;
    if (first > 0) tiles.add(0, (add) => add());
    team.run(
      tiling.count - first,
      (part) => tiles.add(first + part, (add) => team.inTurn(part, add)),
      () => tilesTask({ work: this.#work, perSample, memory, first }, this.#engine.scratch),
    );
    return tiles.sums;
  }
}

/** The tiles of a batch in one thread. */
class Tiles {
  readonly sums: Sums;
  readonly #work: AnyWork;
  readonly #computation: Computation<never>;
  readonly #perSample: PerSample;
  readonly #scratch: Scratch;

  constructor(work: AnyWork, computation: Computation<never>, perSample: PerSample, memory: Float64Array, scratch: Scratch) {
    this.sums = new Sums(computation.form, work.tiling.count, memory);
    this.#work = work;
    this.#computation = computation;
    this.#perSample = perSample;
    this.#scratch = scratch;
  }

  /** Computes tile i, adds it to the sums in its turn, and writes its values per sample into those of the batch. */
  add(i: number, inTurn: (add: () => void) => void): void {
    const { tiling, batch } = this.#work;
    const tile = tileAt(tiling, i);
    const make = (numbers: number) => this.#scratch.takeLargeForRequest(numbers);
    this.#scratch.reuse(() => {
      const { total, perSample } = this.#computation.compute(tile);
      inTurn(() => this.sums.add(i, total));
      for (const [name, values] of Object.entries(perSample)) {
        const axis = batch.samples === 'columns' && this.#computation.isOriented?.(name) !== false ? 1 : 0;
        this.#perSample[name] = collect(this.#perSample[name], values, tile.first, tiling.samples, axis, make);
      }
    });
  }
}

/** The argument of the task by which other threads compute tiles: tile `first` is part 0. */
interface TilesArgument {
  readonly work: AnyWork;
  readonly perSample: PerSample;
  /** That of the sums. */
  readonly memory: Float64Array;
  readonly first: number;
}

/** The task for the other threads of a team. */
function tilesTask(tiles: TilesArgument, scratch: Scratch): Task {
  return { name: 'tiles', argument: packed(tiles, new Sharing(scratch)) as object };
}

/** In another thread: the function that computes a tile. */
export function computeTiles(argument: object, engine: Engine, team: Pick<Team, 'inTurn'>): (part: number) => void {
  const { work, perSample, memory, first } = unpacked(argument) as TilesArgument;
  const computation = computationOf(work, buildLayers(work.network), engine);
  const tiles = new Tiles(work, computation, perSample, memory, engine.scratch);
  return (part) => tiles.add(first + part, (add) => team.inTurn(part, add));
}
