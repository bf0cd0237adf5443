// Formats numbers as JSON, by the kernel: each in the shortest form that round-trips.
import { kernel, memory } from '../kernel/kernel.ts';
import { fillPowers } from '../kernel/powers.ts';

/** The length of the longest float64 in JSON, such as -0.0000012345678901234567, with a comma. */
export const NUMBER_BYTES = 26;

/** Up to this many numbers, a loop copies faster than `set`. */
const FEW_NUMBERS = 64;

/** The most numbers in one call of the kernel. */
export const MOST_AT_ONCE = kernel.MOST_UNWRITTEN.value;
const unwritten = memory.subarray(kernel.UNWRITTEN.value, kernel.UNWRITTEN.value + MOST_AT_ONCE);

/** The kernel's output buffer. Short documents are written completely in it. */
export const written = Buffer.from(kernel.memory.buffer, kernel.WRITTEN.value, kernel.WRITTEN_BYTES.value);

fillPowers(kernel.TENS.value, 10n, kernel.LEAST_TEN.value, kernel.MOST_TEN.value, true);
kernel.prepareFormat();

/**
 * Writes finite numbers into `buffer` from `start` on, separated by commas, and by `],[` between rows. Returns the end offset.
 */
export function formatNumbers(data: Float64Array, columns: number, buffer: Uint8Array, start: number): number {
  let at = start;
  for (let i = 0; i < data.length; i += MOST_AT_ONCE) {
    const part = data.subarray(i, i + MOST_AT_ONCE);
    unwritten.set(part);
    const column = i === 0 ? 0 : ((i - 1) % columns) + 1;
    const length = kernel.format(0, part.length, columns, column, i === 0);
    buffer.set(written.subarray(0, length), at);
    at += length;
  }
  return at;
}

/** The same for at most MOST_AT_ONCE numbers, into `written`, which needs room for NUMBER_BYTES per number and 3 bytes per row. */
export function formatInKernel(data: Float64Array, columns: number, start: number): number {
  if (data.length <= FEW_NUMBERS) for (let i = 0; i < data.length; i++) unwritten[i] = data[i];
  else unwritten.set(data);
  return kernel.format(start, data.length, columns, 0, true);
}

/** The same for one number, into `written`. */
export function formatOneInKernel(value: number, start: number): number {
  unwritten[0] = value;
  return kernel.format(start, 1, 1, 0, true);
}
