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

/** Writes f(Z) into A, which may be Z. */
function value(inKernel: (n: number) => void) {
  return (Z: Float64Array, A: Float64Array): void => {
    for (let i = 0; i < Z.length; i += MOST) {
      const n = load(Z, i, block);
      inKernel(n);
      store(n, A, i);
    }
  };
}

/** Error: at most two units in the last place. */
export const tanh = value(kernel.tanh);
export const relu = value(kernel.relu);

/** Writes dZ = dA tanh′(Z), given A = tanh(Z), into dZ, which may be dA. Error of tanh′: see docs/accuracy.md. */
export function tanhPullback(dA: Float64Array, Z: Float64Array, A: Float64Array, dZ: Float64Array): void {
  for (let i = 0; i < dA.length; i += MOST) {
    const n = load(dA, i, block);
    load(A, i, others);
    load(Z, i, inputs);
    kernel.tanhPullback(n);
    store(n, dZ, i);
  }
}

/** Writes dZ = dA relu′(Z), given A = relu(Z), into dZ, which may be dA. */
export function reluPullback(dA: Float64Array, A: Float64Array, dZ: Float64Array): void {
  for (let i = 0; i < dA.length; i += MOST) {
    const n = load(dA, i, block);
    load(A, i, others);
    kernel.reluPullback(n);
    store(n, dZ, i);
  }
}
