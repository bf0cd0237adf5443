// Elementwise functions, in WebAssembly with SIMD: of arrays, and of single numbers with the same bits.
import { kernel, memory } from '../kernel/kernel.ts';

const MOST = kernel.MOST.value;
const blockAt = (start: number) => memory.subarray(start, start + MOST);
const block = blockAt(kernel.NUMBERS.value);
const others = blockAt(kernel.OTHERS.value);
const inputs = blockAt(kernel.INPUTS.value);

/** Shorter arrays are copied faster by a loop. */
const LOOP_MAX_NUMBERS = 64;

/** Copies at most MOST numbers, starting at `from[i]`, into a block; returns their number. */
function load(from: Float64Array, i: number, into: Float64Array): number {
  if (from.length < LOOP_MAX_NUMBERS) {
    for (let j = 0; j < from.length; j++) into[j] = from[j];
    return from.length;
  }
  const part = from.subarray(i, i + MOST);
  into.set(part);
  return part.length;
}

function store(n: number, to: Float64Array, i: number): void {
  if (to.length < LOOP_MAX_NUMBERS) for (let j = 0; j < n; j++) to[j] = block[j];
  else to.set(n === MOST ? block : block.subarray(0, n), i);
}

/** Calls `inKernel` for blocks of `from`, and of A and Z if given; writes the results into `to`, which may be `from`. */
function byBlocks(inKernel: (n: number) => void, from: Float64Array, to: Float64Array, A?: Float64Array, Z?: Float64Array): void {
  for (let i = 0; i < from.length; i += MOST) {
    const n = load(from, i, block);
    if (A) load(A, i, others);
    if (Z) load(Z, i, inputs);
    inKernel(n);
    store(n, to, i);
  }
}

/** Writes f(Z) into A, which may be Z. */
type Value = (Z: Float64Array, A: Float64Array) => void;

/** Writes dZ = dA f′(Z), given A = f(Z), into dZ, which may be dA. */
type Pullback = (dA: Float64Array, Z: Float64Array, A: Float64Array, dZ: Float64Array) => void;

/** An elementwise function and its backward pass. */
export interface Arrays {
  readonly value: Value;
  readonly pullback: Pullback;
}

const value =
  (inKernel: (n: number) => void): Value =>
  (Z, A) =>
    byBlocks(inKernel, Z, A);

/** A backward pass that needs Z, but not A. */
const pullback =
  (inKernel: (n: number) => void): Pullback =>
  (dA, Z, _A, dZ) =>
    byBlocks(inKernel, dA, dZ, undefined, Z);

/** The errors of exp and of the functions below are at most 2 units in the last place. */
export const exp: Value = value(kernel.exp);

export const tanh: Arrays = {
  value: value(kernel.tanh),
  pullback: (dA, Z, A, dZ) => byBlocks(kernel.tanhPullback, dA, dZ, A, Z),
};

export const sigmoid: Arrays = { value: value(kernel.sigmoid), pullback: pullback(kernel.sigmoidPullback) };

/** z sigmoid(z). */
export const silu: Arrays = { value: value(kernel.silu), pullback: pullback(kernel.siluPullback) };

/** z Φ(z), Φ being the standard normal distribution. */
export const gelu: Arrays = { value: value(kernel.gelu), pullback: pullback(kernel.geluPullback) };

/** Its approximation by tanh. */
export const geluTanh: Arrays = { value: value(kernel.geluTanh), pullback: pullback(kernel.geluTanhPullback) };

/** log(1 + exp(βz)) / β, or z itself where βz is above the threshold. */
export function softplus(beta: number, threshold: number): Arrays {
  return {
    value: value((n) => kernel.softplus(n, beta, threshold)),
    pullback: pullback((n) => kernel.softplusPullback(n, beta, threshold)),
  };
}

/** Its backward pass needs A only. */
export const relu: Arrays = {
  value: value(kernel.relu),
  pullback: (dA, _Z, A, dZ) => byBlocks(kernel.reluPullback, dA, dZ, A),
};

/** z for z > 0, otherwise slope · z. */
export function leakyRelu(slope: number): Arrays {
  return {
    value: value((n) => kernel.leakyRelu(n, slope)),
    pullback: pullback((n) => kernel.leakyReluPullback(n, slope)),
  };
}

/** Of single numbers. */
export const { expOfOne: expOf, tanhOfOne: tanhOf, sigmoidOfOne: sigmoidOf } = kernel;

/** log(1 + exp(z)). */
export const softplusOf = kernel.softplusOfOne;
