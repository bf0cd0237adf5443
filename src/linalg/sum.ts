// Compensated summation: A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen (1974).

/** The rounding error of `sum`, the float64 nearest to a + b: exactly a + b - sum. */
export function roundingError(a: number, b: number, sum: number): number {
  return Math.abs(a) >= Math.abs(b) ? a - sum + b : b - sum + a;
}

export class Sum {
  #sum = 0;
  /** The accumulated rounding error. */
  #lost = 0;

  add(x: number): void {
    const next = this.#sum + x;
    this.#lost += roundingError(this.#sum, x, next);
    this.#sum = next;
  }

  /** The sum; its error is at most one unit in the last place, unless terms cancel by more than 50 bits. */
  get value(): number {
    return Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum;
  }
}
