// What many measurements come to.

/** The value below which the given part of the numbers lies. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(part * sorted.length), sorted.length - 1)] ?? Number.NaN;
}

/** The middle one of the numbers. */
export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

/** A number as text, with three significant digits. */
export function short(value: number): string {
  if (value >= 1000) return `${Math.round(value)}`;
  return value === 0 ? '0' : value.toPrecision(3);
}
