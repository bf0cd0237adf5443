// The interface of an engine, which computes the three matrix products of backpropagation. Callers need not transpose anything.
import type { Scratch } from '../memory/scratch.ts';
import { Dense } from './dense.ts';

export interface Products {
  /** A Wᵀ + b. A: samples x inputs, W: outputs x inputs, b: outputs. Result: samples x outputs. */
  forward(A: Dense, W: Dense, b?: Float64Array): Dense;
  /** δᵀ A. δ: samples x outputs, A: samples x inputs. Result: outputs x inputs; written into `into`, if given. */
  weightGradient(δ: Dense, A: Dense, into?: Dense): Dense;
  /** δ W. δ: samples x outputs, W: outputs x inputs. Result: samples x inputs. */
  inputGradient(δ: Dense, W: Dense): Dense;
}

/** The same products in parts. Each writes the part of C from `first` to before `end`, whatever C contains, and nothing else. */
export interface Parts {
  /** The columns of C = A Wᵀ + b. */
  forward(A: Dense, W: Dense, b: Float64Array | undefined, C: Dense, first: number, end: number): void;
  /** The rows of C = δᵀ A. */
  weightGradient(δ: Dense, A: Dense, C: Dense, first: number, end: number): void;
  /** The columns of C = δ W. */
  inputGradient(δ: Dense, W: Dense, C: Dense, first: number, end: number): void;
}

export interface Engine extends Products {
  /** Memory for the products, and for everything else that is needed only during the request. */
  readonly scratch: Scratch;
  readonly parts: Parts;
  /** The name of the shared library, if the engine uses one. */
  readonly library?: string;
}

/** The engine whose products consist of one part each. */
export function engineOf(parts: Parts, scratch: Scratch): Engine {
  return {
    scratch,
    parts,
    forward(A, W, b) {
      const C = Dense.in(scratch, A.rows, W.rows);
      parts.forward(A, W, b, C, 0, W.rows);
      return C;
    },
    weightGradient(δ, A, C = Dense.in(scratch, δ.columns, A.columns)) {
      parts.weightGradient(δ, A, C, 0, C.rows);
      return C;
    },
    inputGradient(δ, W) {
      const C = Dense.in(scratch, δ.rows, W.columns);
      parts.inputGradient(δ, W, C, 0, C.columns);
      return C;
    },
  };
}
