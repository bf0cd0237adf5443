// Sums and L2 norms relative to the largest number, as in BLAS's nrm2: squares neither overflow nor underflow.
import { Sum } from './sum.ts';

/** The largest magnitude of the numbers from `start` to before `end`; NaN if one is. */
export function largestOf(values: Float64Array, start = 0, end = values.length): number {
  let largest = 0;
  for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

/** The sum of the magnitudes of values / scale. */
export function sumOfMagnitudes(values: Float64Array, scale: number): number {
  const magnitudes = new Sum();
  for (let i = 0; i < values.length; i++) magnitudes.add(Math.abs(values[i] / scale));
  return magnitudes.value;
}

/** The sum of the squares of values / scale. */
export function sumOfSquares(values: Float64Array, scale: number, start = 0, end = values.length): number {
  const squares = new Sum();
  for (let i = start; i < end; i++) squares.add((values[i] / scale) * (values[i] / scale));
  return squares.value;
}

/** The L2 norm. */
export function norm(values: Float64Array): number {
  const largest = largestOf(values);
  return largest === 0 ? 0 : largest * Math.sqrt(sumOfSquares(values, largest));
}
