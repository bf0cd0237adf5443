// What multiplies matrices: the three products of backpropagation, none of which needs a transposed copy.
import type { Dense } from './dense.ts';

export interface Engine {
  /** A Wᵀ: samples x inputs and outputs x inputs give samples x outputs. */
  forward(A: Dense, W: Dense): Dense;
  /** δᵀ A: samples x outputs and samples x inputs give outputs x inputs. */
  weightGradient(δ: Dense, A: Dense): Dense;
  /** δ W: samples x outputs and outputs x inputs give samples x inputs. */
  inputGradient(δ: Dense, W: Dense): Dense;
}
