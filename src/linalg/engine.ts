// What multiplies matrices: the three products of backpropagation, none of which needs a transposed copy by its caller.
import type { Dense } from './dense.ts';

export interface Products {
  /** A Wᵀ, plus b in every row: samples x inputs, outputs x inputs and outputs give samples x outputs. */
  forward(A: Dense, W: Dense, b?: Float64Array): Dense;
  /** δᵀ A: samples x outputs and samples x inputs give outputs x inputs. */
  weightGradient(δ: Dense, A: Dense): Dense;
  /** δ W: samples x outputs and outputs x inputs give samples x inputs. */
  inputGradient(δ: Dense, W: Dense): Dense;
}

export interface Engine extends Products {
  /** The shared library that does the work, if it is one. */
  readonly library?: string;
  /** How many threads one product may use, in the whole process; absent where that is not to be chosen. */
  setThreads?(n: number): void;
}
