// How exact the numbers of a paste are: half of the last digit that was printed.
import { DEFAULT_TOLERANCE } from '../../../schemas/traced-arrays.ts';
import type { PastedArray } from './arrays.ts';
import type { Printed } from './printed.ts';

/** For numbers that were computed in float32, as /check recommends. */
const FLOAT32_TOLERANCE = 1e-4;

/** The largest tolerance that /check takes. */
export const MAX_TOLERANCE = 0.1;

/** Whether a text says that its numbers are float32: PyTorch's tensors are, if they don't say otherwise. */
export function isFloat32(text: string): boolean {
  return /\bfloat32\b|\bsingle\b/.test(text) || (/\btensor\(/.test(text) && !/\bfloat64\b/.test(text));
}

/**
 * The rounding of each array, relative to its largest number: 0 if it is exact, such as one of integers. Where trailing zeros are
 * left out, the last digit is that of the longest number of the paste.
 */
export function roundingsOf(arrays: readonly PastedArray[]): number[] {
  const trimmed = arrays.filter(({ trimmed }) => trimmed).flatMap(({ printed }) => printed);
  const decimals = Math.max(0, ...trimmed.map(({ exponent, decimals }) => (exponent === undefined ? decimals : 0)));
  const digits = Math.max(0, ...trimmed.map(({ digits }) => digits));
  return arrays.map(({ printed, numbers, trimmed }) => {
    const largest = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (largest === 0) return 0;
    const last = printed.reduce((most, one) => Math.max(most, lastDigit(one, trimmed, decimals, digits)), 0);
    return last / 2 / largest;
  });
}

/** The value of a number's last digit; 0 for an integer. */
function lastDigit({ exponent, decimals, scale }: Printed, trimmed: boolean, mostDecimals: number, mostDigits: number): number {
  if (exponent !== undefined) return scale * 10 ** (exponent - (trimmed ? Math.max(decimals, mostDigits - 1) : decimals));
  const places = trimmed ? mostDecimals : decimals;
  return places === 0 && scale === 1 ? 0 : scale * 10 ** -places;
}

/** The tolerance for numbers of these roundings: two digits, rounded up. */
export function toleranceFor(roundings: readonly number[], float32: boolean): number {
  const least = float32 ? FLOAT32_TOLERANCE : DEFAULT_TOLERANCE;
  // The printed number may have been rounded up, and the right one be the smaller.
  const wanted = Math.max(...roundings, 0) * 1.02;
  if (wanted <= least) return least;
  const unit = 10 ** (Math.floor(Math.log10(wanted)) - 1);
  return Math.min(MAX_TOLERANCE, Number((Math.ceil(wanted / unit) * unit).toPrecision(2)));
}
