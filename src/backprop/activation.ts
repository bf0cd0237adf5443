// What an activation is, and its application in each pass; undefined is identity.
import { Dense } from '../linalg/dense.ts';
import type { Scratch } from '../memory/scratch.ts';

/** An activation other than identity, with its options bound. All matrices are samples x units; each sample is computed on its own. */
export interface Activation {
  /** Writes f(Z) into A. */
  value(Z: Dense, A: Dense): void;
  /** Writes dZ = ∂loss/∂Z into dZ, from dA = ∂loss/∂A and A = f(Z). */
  pullback(dA: Dense, Z: Dense, A: Dense, dZ: Dense): void;
  /** Writes RA = f′(Z) RZ into RA: the derivative of A along RZ, a direction of Z. */
  pushforward(RZ: Dense, Z: Dense, A: Dense, RA: Dense): void;
  /** Writes into RdZ the derivative along RZ of the pullback of a fixed dA; undefined if it is 0 everywhere. */
  readonly second: ((dA: Dense, RZ: Dense, Z: Dense, A: Dense, RdZ: Dense) => void) | undefined;
  /** Whether an output depends on other units of the sample, too. */
  readonly mixesUnits?: true;
  /** Whether A may overwrite Z, which the backward pass does not need. */
  readonly forgetsZ?: boolean;
  /** Whether dZ may overwrite dA. */
  readonly forgetsGradient?: true;
}

/** f(Z); undefined is identity. With `reuse`, it may overwrite Z: allocating memory costs more than most activations. */
export function activate(f: Activation | undefined, Z: Dense, scratch: Scratch, reuse: boolean): Dense {
  if (!f) return Z;
  const A = reuse && f.forgetsZ ? Z : Dense.in(scratch, Z.rows, Z.columns);
  f.value(Z, A);
  return A;
}

/** ∂loss/∂Z from dA = ∂loss/∂A and A = f(Z). With `reuse`, it may overwrite dA. */
export function pullBack(f: Activation | undefined, dA: Dense, Z: Dense, A: Dense, scratch: Scratch, reuse: boolean): Dense {
  if (!f) return dA;
  const dZ = reuse && f.forgetsGradient ? dA : Dense.in(scratch, dA.rows, dA.columns);
  f.pullback(dA, Z, A, dZ);
  return dZ;
}

/** f′(Z), given A = f(Z); undefined if f does not act on each unit alone. */
export function slopesOf(f: Activation | undefined, Z: Dense, A: Dense, scratch: Scratch): Dense | undefined {
  if (f?.mixesUnits) return undefined;
  const ones = new Dense(Z.rows, Z.columns, scratch.filled(Z.data.length, 1));
  return pullBack(f, ones, Z, A, scratch, true);
}

/** f′(Z) RZ: the derivative of A along RZ. */
export function pushForward(f: Activation | undefined, RZ: Dense, Z: Dense, A: Dense, scratch: Scratch): Dense {
  if (!f) return RZ;
  const RA = Dense.in(scratch, RZ.rows, RZ.columns);
  f.pushforward(RZ, Z, A, RA);
  return RA;
}
