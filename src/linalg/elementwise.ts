// Elementwise functions of arrays, in WebAssembly with SIMD.
import { kernel, memory } from '../kernel/kernel.ts';

const MOST = kernel.MOST.value;
const blockAt = (start: number) => memory.subarray(start, start + MOST);
const block = blockAt(kernel.NUMBERS.value);
const others = blockAt(kernel.OTHERS.value);
const inputs = blockAt(kernel.INPUTS.value);

/** Copies at most MOST numbers, starting at `from[i]`, into a block; returns their number. */
function load(from: Float64Array, i: number, into: Float64Array): number {
  const part = from.subarray(i, i + MOST);
  into.set(part);
  return part.length;
}

function store(n: number, to: Float64Array, i: number): void {
  to.set(n === MOST ? block : block.subarray(0, n), i);
}

/** Calls `inKernel` for blocks of the first array and of `more`; writes the results into `to`, which may be the first array. */
function byBlocks(inKernel: (n: number) => void, from: Float64Array, to: Float64Array, more: readonly Block[] = []): void {
  for (let i = 0; i < from.length; i += MOST) {
    const n = load(from, i, block);
    for (const [array, into] of more) load(array, i, into);
    inKernel(n);
    store(n, to, i);
  }
}

/** An array, and the part of the kernel's memory for its blocks. */
type Block = readonly [array: Float64Array, into: Float64Array];

/** Writes tanh(Z) into A, which may be Z. Error: at most two units in the last place. */
export function tanh(Z: Float64Array, A: Float64Array): void {
  byBlocks(kernel.tanh, Z, A);
}

/** Writes relu(Z) into A, which may be Z. */
export function relu(Z: Float64Array, A: Float64Array): void {
  byBlocks(kernel.relu, Z, A);
}

/** Writes dZ = dA tanh′(Z), given A = tanh(Z), into dZ, which may be dA. */
export function tanhPullback(dA: Float64Array, Z: Float64Array, A: Float64Array, dZ: Float64Array): void {
  byBlocks(kernel.tanhPullback, dA, dZ, [
    [A, others],
    [Z, inputs],
  ]);
}

/** Writes dZ = dA relu′(Z), given A = relu(Z), into dZ, which may be dA. */
export function reluPullback(dA: Float64Array, A: Float64Array, dZ: Float64Array): void {
  byBlocks(kernel.reluPullback, dA, dZ, [[A, others]]);
}
