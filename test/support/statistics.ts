// Statistics of measurements.

/** The quantile of numbers: `part` of them are below it. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(part * sorted.length), sorted.length - 1)] ?? Number.NaN;
}

/** The median. */
export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

/** A number as text, with three significant digits; a dash for NaN. */
export function short(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (value >= 1000) return `${Math.round(value)}`;
  return value === 0 ? '0' : value.toPrecision(3);
}
