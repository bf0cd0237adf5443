// Comparison of arrays of numbers.

/** The numbers that count for a fit: those within this factor of the largest one. */
const SIGNIFICANT = 1e-3;

/** How many numbers a constant must explain to be fitted. */
export const ENOUGH_NUMBERS = 3;

/** The index of the number with the largest magnitude. */
export function indexOfLargest(numbers: ArrayLike<number>): number {
  let most = 0;
  for (let i = 1; i < numbers.length; i++) if (Math.abs(numbers[i]) > Math.abs(numbers[most])) most = i;
  return most;
}

/**
 * The largest difference, relative to the largest of `right`. If all of these are 0: 0 if the numbers are equal, else infinite, as for
 * numbers that are not finite.
 */
export function relativeError(numbers: ArrayLike<number>, right: ArrayLike<number>): number {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < right.length; i++) {
    const d = Math.abs(numbers[i] - right[i]);
    if (!(d <= difference)) difference = d;
    largest = Math.max(largest, Math.abs(right[i]));
  }
  if (difference === 0 && largest < Infinity) return 0;
  const error = difference / largest;
  return Number.isNaN(error) ? Infinity : error;
}

/** A constant factor, and the relative error that remains. */
export interface Fit {
  readonly factor: number;
  readonly error: number;
}

/** The constant c with numbers = c · right, within the tolerance; undefined if there is none, or if it is 0. */
export function factorBetween(numbers: ArrayLike<number>, right: ArrayLike<number>, tolerance: number): Fit | undefined {
  const at = indexOfLargest(right);
  const factor = numbers[at] / right[at];
  if (!Number.isFinite(factor) || factor === 0) return undefined;
  const largest = Math.abs(numbers[at]);
  let difference = 0;
  for (let i = 0; i < right.length; i++) {
    const d = Math.abs(numbers[i] - factor * right[i]);
    if (!(d <= tolerance * largest)) return undefined;
    difference = Math.max(difference, d);
  }
  return { factor, error: difference / largest };
}

/** How many of the numbers are not small beside the largest. */
export function significantNumbers(numbers: ArrayLike<number>): number {
  const largest = Math.abs(numbers[indexOfLargest(numbers)]);
  let count = 0;
  for (let i = 0; i < numbers.length; i++) if (Math.abs(numbers[i]) > SIGNIFICANT * largest) count++;
  return count;
}
