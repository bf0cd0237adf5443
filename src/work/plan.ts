// A plan: everything that is known about a request before anything is computed.
import type { Cost } from '../backprop/cost.ts';
import type { Divisor, DivisorState } from '../backprop/reduction.ts';
import type { Sizes } from '../backprop/shapes.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Refusal } from '../refusal.ts';
import type { Team } from './team.ts';
import type { Tile } from './tiles.ts';

/** A request whose shapes are consistent, ready to run. */
export interface Plan<Result extends object> {
  readonly sizes: Sizes;
  readonly cost: Cost;
  /**
   * Computes the result: numbers, Float64Arrays and tensors in the structure of the operation's answer. Without a team, in this thread.
   * @throws Refusal `out-of-domain` or `non-finite-result`.
   */
  run(engine: Engine, team?: Team): Result;
}

/** How large a part is: the most operations, unless a single tile has more; or the number of samples, as planned before. */
export type PartSize = { readonly flops: number } | { readonly samples: number };

/**
 * How the answer is computed from parts of the batch, which are leaves of the tree of sums (./sums.ts): each result is a list of numbers,
 * and depends on the request and the part alone. The request need hold the samples of the part at hand only.
 */
export interface Parts<Result extends object> {
  /** Of the whole batch. */
  readonly sizes: Sizes;
  /** The operations are those of all parts, the memory that of one. */
  readonly cost: Cost;
  readonly count: number;
  /** How many numbers a result has. */
  readonly nodeNumbers: number;
  /** The samples of part i. */
  samplesOf(i: number): Tile;
  /** The divisor, if it depends on no data; otherwise `addToDivisor` adds the samples that the request holds. */
  readonly divisor: Divisor | undefined;
  addToDivisor(state: DivisorState): DivisorState;
  /** @throws Refusal `out-of-domain`, with indices of samples from the first one that the request holds. */
  compute(i: number, divisor: Divisor, engine: Engine, team?: Team): Float64Array;
  /** The sum of the results of up to ARITY nodes, in their order. */
  merge(nodes: readonly Float64Array[]): Float64Array;
  /** The result, from that of the root, which is overwritten; undefined if it is not finite: then `find` finds out why, part by part. */
  result(divisor: Divisor, root: Float64Array): Result | undefined;
  /**
   * Where the first value of part i is that is not finite, and the refusal for it: the one with the least position counts, in the first
   * part that has it.
   */
  find(i: number, divisor: Divisor, root: Float64Array, engine: Engine): { readonly position: number; readonly refusal: Refusal };
}
