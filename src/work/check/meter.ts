// Limits the search: its work is counted in floating-point operations, so that the same request always has the same answer.
import type { Sizes } from '../../backprop/shapes.ts';

/** What a number costs that is computed one by one, in floating-point operations of matrix products. */
const FLOPS_PER_NUMBER = 250;

/** What it costs to try a mistake, beside its numbers. */
const FLOPS_PER_TRIAL = 1_000_000;

/** The most work of a search, in multiples of that of the gradients. */
export const MOST_GRADIENTS = 32;

/** What small requests may take in any case: about 10 ms. */
const LEAST_FLOPS = 5e8;

/** Floating-point operations of the gradients of a batch, with the numbers that they compute one by one. */
export function flopsOfGradients({ samples, features, units }: Sizes): number {
  let [weights, numbers] = [0, 0];
  for (let k = 0, inputs = features; k < units.length; inputs = units[k++]) {
    weights += units[k] * inputs;
    numbers += 4 * units[k];
  }
  return samples * (6 * weights + FLOPS_PER_NUMBER * numbers);
}

export class Meter {
  readonly #most: number;
  #spent = 0;
  /** What was not tried. */
  readonly leftOut = new Set<string>();

  constructor(sizes: Sizes) {
    this.#most = Math.max(LEAST_FLOPS, MOST_GRADIENTS * flopsOfGradients(sizes));
  }

  /** Counts a product of matrices of these sizes. */
  product(rows: number, inner: number, columns: number): void {
    this.#spent += 2 * rows * inner * columns;
  }

  /** Counts numbers that are computed one by one. */
  numbers(count: number): void {
    this.#spent += FLOPS_PER_NUMBER * count;
  }

  /** Counts mistakes that are tried, whatever their size. */
  trials(count: number): void {
    this.#spent += FLOPS_PER_TRIAL * count;
  }

  /** Whether more may be tried: of the whole, or of a share of it. Notes what is left out if not. */
  allows(what: string, share = 1): boolean {
    if (this.#spent <= share * this.#most) return true;
    this.leftOut.add(what);
    return false;
  }
}
