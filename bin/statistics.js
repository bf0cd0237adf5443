// @ts-check
// Statistics of arrays of numbers.

/** @import { Tensor } from './documents.js' */

/**
 * The L2 norm. Values are scaled by the largest, so that squares do not overflow.
 * @param {Tensor} tensor
 */
export function norm({ numbers }) {
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) largest = Math.max(largest, Math.abs(numbers[i]));
  if (largest === 0) return 0;
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += (numbers[i] / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/**
 * The minimum and the maximum.
 * @param {Tensor} tensor
 * @returns {[number, number]}
 */
export function range({ numbers }) {
  let smallest = Infinity;
  let largest = -Infinity;
  for (let i = 0; i < numbers.length; i++) {
    smallest = Math.min(smallest, numbers[i]);
    largest = Math.max(largest, numbers[i]);
  }
  return [smallest, largest];
}

/**
 * Formats a number for reading, with the given number of digits.
 * @param {number} value
 */
export function digits(value, precision = 6) {
  const rounded = Number(value.toPrecision(precision));
  return rounded !== 0 && Math.abs(rounded) < 1e-4 ? rounded.toExponential() : `${rounded}`;
}
