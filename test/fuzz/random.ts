// A random generator determined by a seed and an index, the same on every machine.

/** The generator sfc32 (small fast counting): https://pracrand.sourceforge.net/RNG_engines.txt. */
export class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9;
  #counter = 1;

  constructor(seed: number, index: number) {
    this.#a = seed | 0;
    this.#b = index | 0;
    for (let i = 0; i < 15; i++) this.#next();
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return Math.floor((this.#next() / 2 ** 32) * n);
  }

  /** True with a probability of `share` percent. */
  percent(share: number): boolean {
    return this.#next() / 2 ** 32 < share / 100;
  }

  pick<T>(items: ArrayLike<T>): T {
    return items[this.below(items.length)];
  }

  /** A random value, with probabilities proportional to the weights. */
  weighted<T>(items: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.below(items.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of items) {
      left -= weight;
      if (left < 0) return value;
    }
    throw new Error('there is nothing to choose from');
  }

  bytes(n: number): Buffer {
    return Buffer.from(Array.from({ length: n }, () => this.below(256)));
  }

  /** A random range within n bytes, mostly a short one. */
  span(n: number): [start: number, end: number] {
    const start = this.below(n);
    const length = 1 + this.below(this.percent(80) ? Math.min(32, n - start) : n - start);
    return [start, Math.min(n, start + length)];
  }
}
