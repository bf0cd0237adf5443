// What an activation is, and its application in each pass; undefined is identity.
import { Dense } from '../linalg/dense.ts';
import type { Scratch } from '../memory/scratch.ts';

/** An activation other than identity, with its options bound. All matrices are samples x units; each sample is computed on its own. */
export interface Activation {
  /** Writes f(Z) into A. */
  value(Z: Dense, A: Dense): void;
  /** Writes dZ = ∂loss/∂Z into dZ, from dA = ∂loss/∂A and A = f(Z). */
  pullback(dA: Dense, Z: Dense, A: Dense, dZ: Dense): void;
  /** Writes f″(Z) into `into`, given A = f(Z) and S = f′(Z); undefined if it is 0 everywhere, and if f mixes units. */
  readonly second: ((Z: Dense, A: Dense, S: Dense, into: Dense) => void) | undefined;
  /** If an output depends on other units of the sample, too: its derivatives along RZ, a direction of Z. */
  readonly mixing?: Mixing;
  /** Whether A may overwrite Z, which the backward pass does not need. */
  readonly forgetsZ?: boolean;
  /** Whether dZ may overwrite dA. */
  readonly forgetsGradient?: true;
}

/** The derivatives of an activation that mixes the units of a sample. */
interface Mixing {
  /** Writes the derivative of A into RA. */
  pushforward(RZ: Dense, A: Dense, RA: Dense): void;
  /** Writes the derivative of the pullback of a fixed dA into RdZ. */
  second(dA: Dense, RZ: Dense, A: Dense, RdZ: Dense): void;
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
  if (f?.mixing) return undefined;
  const ones = new Dense(Z.rows, Z.columns, scratch.filled(Z.data.length, 1));
  return pullBack(f, ones, Z, A, scratch, true);
}

/** The derivatives of a layer's forward and backward pass along directions of Z, prepared for any number of them. */
export interface Linear {
  /** The derivative of A along RZ. */
  push(RZ: Dense): Dense;
  /** The derivative of dZ along RZ and RdA; undefined is 0. It may overwrite RdA. */
  pull(RdA: Dense | undefined, RZ: Dense | undefined): Dense | undefined;
}

/** `dA` is needed for `pull` only. */
export function linearize(f: Activation | undefined, Z: Dense, A: Dense, dA: Dense | undefined, scratch: Scratch): Linear {
  if (!f) return { push: (RZ) => RZ, pull: (RdA) => RdA };
  return f.mixing ? linearizeMixing(f, f.mixing, Z, A, dA, scratch) : linearizeUnits(f, Z, A, dA, scratch);
}

/** By the products of f′(Z) and f″(Z) dA with the directions. */
function linearizeUnits(f: Activation, Z: Dense, A: Dense, dA: Dense | undefined, scratch: Scratch): Linear {
  const like = () => Dense.in(scratch, Z.rows, Z.columns);
  const S = slopesOf(f, Z, A, scratch) as Dense;
  let bends: Dense | undefined;
  if (dA && f.second) {
    bends = like();
    f.second(Z, A, S, bends);
    multiply(bends.data, dA.data, bends.data);
  }
  return {
    push(RZ) {
      const RA = like();
      multiply(S.data, RZ.data, RA.data);
      return RA;
    },
    pull(RdA, RZ) {
      const bent = bends && RZ;
      if (!RdA && !bent) return undefined;
      const RdZ = RdA ?? like();
      if (!bent) multiply(S.data, RdZ.data, RdZ.data);
      else if (!RdA) multiply(bends?.data as Float64Array, bent.data, RdZ.data);
      else addProducts(S.data, RdA.data, bends?.data as Float64Array, bent.data, RdZ.data);
      return RdZ;
    },
  };
}

function linearizeMixing(
  f: Activation,
  { pushforward, second }: Mixing,
  Z: Dense,
  A: Dense,
  dA: Dense | undefined,
  scratch: Scratch,
): Linear {
  const like = () => Dense.in(scratch, Z.rows, Z.columns);
  return {
    push(RZ) {
      const RA = like();
      pushforward(RZ, A, RA);
      return RA;
    },
    pull(RdA, RZ) {
      const pulled = RdA && pullBack(f, RdA, Z, A, scratch, true);
      if (!RZ || !dA) return pulled;
      const RdZ = like();
      second(dA, RZ, A, RdZ);
      if (pulled) for (let i = 0; i < RdZ.data.length; i++) RdZ.data[i] += pulled.data[i];
      return RdZ;
    },
  };
}

function multiply(a: Float64Array, b: Float64Array, into: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i] = a[i] * b[i];
}

/** a b + c d. */
function addProducts(a: Float64Array, b: Float64Array, c: Float64Array, d: Float64Array, into: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i] = a[i] * b[i] + c[i] * d[i];
}
