// What is computed of a batch, tile by tile: the interface of the computations, and what all of them need to know.
import type { ArrayInputs } from '../../schemas/batch.ts';
import type { Network } from '../../schemas/network.ts';
import type { Tensors } from '../../schemas/numbers.ts';
import type { Total, Values } from '../backprop/finite.ts';
import type { Dense } from '../linalg/dense.ts';
import type { Form } from './sums.ts';
import type { Tile, Tiling } from './tiles.ts';

/** What every computation needs to know. It can be cloned for another thread. */
export interface Work {
  readonly network: Tensors<Network>;
  readonly batch: Tensors<ArrayInputs>;
  /** Where the samples to compute begin in the arrays of `batch`, and in the whole batch, for error texts. */
  readonly start: number;
  readonly origin: number;
  readonly tiling: Tiling;
}

/** What is computed of some samples. */
export interface Outcome {
  /** What they add to the sums over all samples. */
  readonly total: Total;
  /** Their values in the answer, by name. */
  readonly perSample: Readonly<Record<string, unknown>>;
}

/** The computation of tiles in one thread. `Results` are those of the whole batch. */
export interface Computation<Results> {
  /** What is summed up. */
  readonly form: Form;
  /** Whether there are values per sample. */
  readonly hasPerSample: boolean;
  /** @throws Refusal `out-of-domain`, if outputs are. */
  compute(tile: Tile): Outcome;
  /** All values of a tile, in the order in which they are computed. */
  values(tile: Tile, results: Results): Iterable<Values>;
  /** Whether a matrix of samples under this name has them in columns if the request has. */
  isOriented?(name: string): boolean;
}

/** Orients a matrix of samples for the answer: in columns, if the request has them so. */
export function orientedFor({ batch }: Pick<Work, 'batch'>): (matrix: Dense) => Dense {
  return (matrix) => (batch.samples === 'columns' ? matrix.transposed() : matrix);
}
