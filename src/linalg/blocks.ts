// Weight gradients of many samples, by blocks of samples: libraries sum from left to right, so the rounding error grows with the
// number of samples.
import { Dense } from './dense.ts';
import type { Engine, Products } from './engine.ts';
import { addCompensated, compensate } from './sum.ts';

/** The most samples in one product. The rounding error of so many terms is at most 1e-13. */
export const SAMPLES = 512;

/** For a product of more than SMALL_RESULT numbers, a library that sums in blocks of a few hundred terms itself may have more. */
const MORE_SAMPLES = 4096;
const SMALL_RESULT = 1024;

/**
 * Computes weight gradients by blocks of samples, and adds them up with compensation (Neumaier's algorithm). `sumsInBlocks`: whether
 * the engine sums large products in blocks itself.
 */
export function byBlocks(engine: Engine, sumsInBlocks: boolean): Engine {
  const product = (δ: Dense, A: Dense, first: number, end: number, into: Dense) =>
    engine.weightGradient(δ.rowsFrom(first, end), A.rowsFrom(first, end), into);
  const weightGradient: Products['weightGradient'] = (δ, A, into) => {
    const most = sumsInBlocks && δ.columns * A.columns > SMALL_RESULT ? MORE_SAMPLES : SAMPLES;
    if (A.rows <= most) return engine.weightGradient(δ, A, into);
    const { scratch } = engine;
    const sum = product(δ, A, 0, most, into ?? Dense.in(scratch, δ.columns, A.columns));
    const lost = scratch.filled(sum.data.length, 0);
    const part = Dense.in(scratch, sum.rows, sum.columns);
    for (let first = most; first < A.rows; first += most) {
      product(δ, A, first, Math.min(A.rows, first + most), part);
      addCompensated(part.data, sum.data, lost);
    }
    compensate(sum.data, lost);
    return sum;
  };
  return { ...engine, weightGradient };
}
