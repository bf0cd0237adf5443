// The reduction of a loss: what samples and their weights count, and the divisor.
import type { Dense } from '../linalg/dense.ts';
import { exponentOf, mantissa, powerOf2, timesPowerOf2 } from '../linalg/powers.ts';
import { Sum } from '../linalg/sum.ts';
import type { Scratch } from '../memory/scratch.ts';
import { Refusal } from '../refusal.ts';
import type { Unreduced } from './loss.ts';
import type { BoundLoss } from './losses.ts';

/** The loss of some samples of a batch after the reduction. */
export interface Reduced {
  /** The sum of their shares. */
  readonly loss: number;
  /** Each sample's share of the loss. */
  readonly shares: Float64Array;
  /** samples x outputs: ∂loss/∂Y. */
  readonly dY: Dense;
  /** Those of the losses before the reduction. */
  readonly exponents: Int16Array | undefined;
}

/**
 * Multiplies losses and gradients by the sample weights s, and divides both by the divisor of the reduction. Overwrites dY.
 * Weights are split into a factor near 1 and a power of 2, like the divisor, so that no product leaves the range of float64 before it is
 * divided. A sample of weight 0 counts for nothing, even if its loss is infinite.
 */
export function reduce({ losses, dY, exponents }: Unreduced, s: Float64Array, divisor: Divisor, scratch: Scratch): Reduced {
  const shares = scratch.take(losses.length);
  const loss = new Sum();
  for (let i = 0; i < losses.length; i++) {
    const { factor, exponent } = scaleOf(s[i], exponents?.[i], divisor);
    shares[i] = factor === 0 ? 0 : timesPowerOf2((factor * losses[i]) / divisor.factor, exponent);
    loss.add(shares[i]);
  }
  reduceRows(dY, exponents, s, divisor);
  return { loss: loss.value, shares, dY, exponents };
}

/** Multiplies the rows of dY, or of its derivative along a direction, by the sample weights s and so on, as `reduce` does. */
export function reduceRows(rows: Dense, exponents: Int16Array | undefined, s: Float64Array, divisor: Divisor): void {
  const { data, columns } = rows;
  for (let i = 0, at = 0; i < s.length; i++) {
    const { factor, exponent } = scaleOf(s[i], exponents?.[i], divisor);
    const half = powerOf2(Math.trunc(exponent / 2));
    const rest = powerOf2(exponent - Math.trunc(exponent / 2));
    for (let j = 0; j < columns; j++, at++) data[at] = factor === 0 ? 0 : ((factor * data[at]) / divisor.factor) * half * rest;
  }
}

/** What a sample of weight `s` is multiplied by, before it is divided by the factor of the divisor: factor · 2^exponent. */
function scaleOf(s: number, own = 0, divisor: Divisor): Divisor {
  const exponent = exponentOf(s);
  return { factor: timesPowerOf2(s, -exponent), exponent: exponent + own - divisor.exponent };
}

/** A divisor between 1 / SAFE and SAFE need not be split: nothing that matters for it has left the range. */
const SAFE = 2 ** 500;

/** What a loss is divided by: factor · 2^exponent. */
export interface Divisor {
  readonly factor: number;
  readonly exponent: number;
}

/**
 * How far the sum of a divisor has come: numbers, so that another thread can go on. If the plain sum is too large or too small, all samples
 * are added in two more passes: for the largest exponent of a term, and for the sum of the terms relative to it.
 */
export interface DivisorState {
  readonly pass: 'sum' | 'exponents' | 'scaled';
  readonly sum: number;
  /** The rounding errors of the sum. */
  readonly lost: number;
  /** The largest exponent of a term. */
  readonly exponent: number;
}

export const NO_TERMS: DivisorState = { pass: 'sum', sum: 0, lost: 0, exponent: Number.NEGATIVE_INFINITY };

/**
 * Adds n samples to a divisor: their classes, if the targets are classes, and their weights s. Samples may come in several ranges, in
 * their order: the result has the same bits.
 */
export function addToDivisor(
  { pass, sum: before, lost, exponent: largest }: DivisorState,
  { loss, reduction }: BoundLoss,
  n: number,
  outputs: number,
  classes: Float64Array | undefined,
  s: Float64Array | undefined,
): DivisorState {
  const sum = new Sum(before, lost);
  let exponent = largest;
  for (let i = 0; i < n; i++) {
    const weight = s ? s[i] : 1;
    const count = reduction === 'mean' ? loss.countOf(classes?.[i], outputs) : 1;
    if (pass === 'sum') sum.add(weight * count);
    else if (weight !== 0 && count !== 0) {
      const own = exponentOf(weight) + exponentOf(count);
      if (pass === 'exponents') exponent = Math.max(exponent, own);
      else sum.add(timesPowerOf2(mantissa(weight) * mantissa(count), own - exponent));
    }
  }
  return { pass, ...sum.state, exponent };
}

/**
 * The divisor, when all samples have been added; or the state with which all of them are added once more.
 * @throws Refusal `out-of-domain`, if it is 0.
 */
export function finishDivisor({ pass, sum, lost, exponent }: DivisorState): Divisor | DivisorState {
  const factor = new Sum(sum, lost).value;
  if (pass === 'scaled') return { factor, exponent };
  if (pass === 'exponents') {
    if (exponent === Number.NEGATIVE_INFINITY) throw countsForNothing();
    return { ...NO_TERMS, pass: 'scaled', exponent };
  }
  return factor > 1 / SAFE && factor < SAFE ? { factor, exponent: 0 } : { ...NO_TERMS, pass: 'exponents' };
}

/** The divisor, if it does not depend on the data. */
export function fixedDivisor({ reduction }: BoundLoss): Divisor | undefined {
  return reduction === 'sum' ? { factor: 1, exponent: 0 } : undefined;
}

/**
 * The divisor of the reduction, for all samples of a batch: their classes, if the targets are classes, and their weights s.
 * @throws Refusal `out-of-domain`, if it is 0.
 */
export function divisorOf(
  bound: BoundLoss,
  samples: number,
  outputs: number,
  classes: Float64Array | undefined,
  s: Float64Array | undefined,
): Divisor {
  const fixed = fixedDivisor(bound);
  if (fixed) return fixed;
  let state: DivisorState = NO_TERMS;
  for (;;) {
    const divisor = finishDivisor(addToDivisor(state, bound, samples, outputs, classes, s));
    if ('factor' in divisor) return divisor;
    state = divisor;
  }
}

/** The divisor as a number. */
export function divisorAsNumber({ factor, exponent }: Divisor): number {
  return timesPowerOf2(factor, exponent);
}

function countsForNothing(): Refusal {
  const detail = 'every sample has the weight 0 or an ignored target';
  return new Refusal('out-of-domain', {
    detail: `${detail}, so the divisor is 0: leave this part of the data out`,
    errors: [{ pointer: '/batch/targets', detail }],
  });
}
