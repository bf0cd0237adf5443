// Numbers of twice the precision of float64, as unevaluated sums of two float64 numbers: for differences of terms that cancel.
// T. J. Dekker, A Floating-Point Technique for Extending the Available Precision (1971).
import { expm1Rest, LN2_HIGH, LN2_LOW, ROUNDER } from './exponential.ts';
import { powerOf2 } from './powers.ts';
import { residual, roundingError } from './sum.ts';

/**
 * The number high + low. Methods change it and return it, so that one that is kept needs no memory per computation. The results have
 * relative errors of some 1e-31, that of `exp` of 1e-18; numbers must be between 1e-290 and 1e290 in size.
 */
export class DoubleDouble {
  high = 0;
  low = 0;

  /** The nearest float64. */
  get value(): number {
    return this.high;
  }

  set(high: number, low = 0): this {
    this.high = high + low;
    this.low = low - (this.high - high);
    return this;
  }

  copy({ high, low }: DoubleDouble): this {
    return this.set(high, low);
  }

  plus(high: number, low = 0): this {
    const sum = this.high + high;
    return this.set(sum, roundingError(this.high, high, sum) + (this.low + low));
  }

  times(high: number, low = 0): this {
    const product = this.high * high;
    return this.set(product, residual(this.high, high, product) + (this.high * low + this.low * high));
  }

  over(high: number, low = 0): this {
    const quotient = this.high / high;
    return this.set(quotient, (this.low - quotient * low - residual(quotient, high, this.high)) / high);
  }

  /** Sets it to exp(x), |x| < 650. */
  exp(x: number): this {
    const n = x * Math.LOG2E + ROUNDER - ROUNDER;
    const high = x - n * LN2_HIGH;
    const low = n * LN2_LOW;
    const r = high - low;
    const lost = high - r - low;
    const rest = expm1Rest(r);
    const scale = powerOf2(n);
    const sum = 1 + r;
    return this.set(scale * sum, scale * (r - (sum - 1) + (rest + lost * (1 + r + rest))));
  }
}
