// One scale of colours and line widths for all numbers that are shown: a shade is a power of ten.
import type { Computed } from '../request/computed.ts';
import { extentOf, matrix } from './matrix.ts';

/** How many powers of ten there are from the palest shade to the darkest. */
export const DECADES = 4;

/** The faintest shade of a number that is not 0. */
const FAINTEST = 0.07;

/** The power of ten at which the darkest shade begins: the least that no number exceeds; of the forward pass, or of gradients, too. */
export function topOf({ request, answer, trace }: Computed, withGradients: boolean): number {
  const forward = [
    ...request.network.layers.map(({ weights }) => weights),
    ...trace.flatMap(({ inputs, outputs }) => [inputs, outputs]),
  ];
  const backward = [
    ...answer.gradients.map(({ weights }) => weights),
    ...trace.map(({ pre_activation_gradients }) => pre_activation_gradients),
  ];
  const matrices = withGradients ? [...forward, ...backward] : forward;
  const largest = matrices.reduce((most, rows) => Math.max(most, extentOf(matrix(rows)).largest), 0);
  // 10 ** 2.9999999999999996 is not 1000.
  return largest > 0 ? Number(`1e${Math.ceil(Math.log10(largest) - 1e-9)}`) : 1;
}

/** How strong the colour of a number is, from 0 for 0 to 1. */
export function shadeOf(value: number, top: number): number {
  if (value === 0 || !Number.isFinite(value)) return 0;
  return Math.min(1, Math.max(FAINTEST, 1 + Math.log10(Math.abs(value) / top) / DECADES));
}
