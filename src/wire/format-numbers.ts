// Numbers as JSON's text, by the kernel: each in its shortest exact form.
import { kernel, memory } from '../kernel/kernel.ts';
import { fillPowers } from '../kernel/powers.ts';

const MOST = kernel.MOST_UNWRITTEN.value;
const unwritten = memory.subarray(kernel.UNWRITTEN.value);
const written = new Uint8Array(memory.buffer, kernel.WRITTEN.value);

fillPowers(kernel.TENS.value, 10n, kernel.LEAST_TEN.value, kernel.MOST_TEN.value, true);

/** Writes finite numbers, with commas between them and `],[` after each `columns`, from `start` on, and returns where they end. */
export function formatNumbers(data: Float64Array, columns: number, buffer: Uint8Array, start: number): number {
  let at = start;
  for (let i = 0; i < data.length; i += MOST) {
    const part = data.subarray(i, i + MOST);
    unwritten.set(part);
    const column = i === 0 ? 0 : ((i - 1) % columns) + 1;
    const length = kernel.format(part.length, columns, column, i === 0);
    buffer.set(written.subarray(0, length), at);
    at += length;
  }
  return at;
}
