// The interface of an engine, which computes the three matrix products of backpropagation. Callers need not transpose anything.
import type { Scratch } from '../memory/scratch.ts';
import type { Dense } from './dense.ts';

export interface Products {
  /** A Wᵀ + b. A: samples x inputs, W: outputs x inputs, b: outputs. Result: samples x outputs. */
  forward(A: Dense, W: Dense, b?: Float64Array): Dense;
  /** δᵀ A. δ: samples x outputs, A: samples x inputs. Result: outputs x inputs; written into `into`, if given. */
  weightGradient(δ: Dense, A: Dense, into?: Dense): Dense;
  /** δ W. δ: samples x outputs, W: outputs x inputs. Result: samples x inputs. */
  inputGradient(δ: Dense, W: Dense): Dense;
}

export interface Engine extends Products {
  /** Memory for the products, and for everything else that is needed only during the request. */
  readonly scratch: Scratch;
  /** The name of the shared library, if the engine uses one. */
  readonly library?: string;
  /** Sets the number of threads of one product, for the whole process; undefined if the engine has no such setting. */
  setThreads?(n: number): void;
}
