// tanh of a whole array: in WebAssembly, whose instructions take two numbers at once.
import { kernel, memory } from './kernel.ts';

/** Shorter arrays are done sooner one number at a time. */
const SHORT = 32;

const MOST = kernel.MOST.value;
const block = memory.subarray(kernel.NUMBERS.value, kernel.NUMBERS.value + MOST);

/** Writes tanh(z) into a, within four units of the last place. */
export function tanh(z: Float64Array, a: Float64Array): void {
  if (z.length < SHORT) {
    for (let i = 0; i < z.length; i++) a[i] = Math.tanh(z[i]);
    return;
  }
  for (let i = 0; i < z.length; i += MOST) {
    const part = z.subarray(i, i + MOST);
    block.set(part);
    kernel.tanh(part.length);
    a.set(part.length === MOST ? block : block.subarray(0, part.length), i);
  }
}
