// Writes numbers to an object, as float64.
import type { Column } from './dataset.ts';
import type { Output } from './outputs.ts';

/** How many numbers are written at a time. */
const CHUNK_NUMBERS = 8192;

export class NumbersOutput {
  readonly #output: Output;
  #chunk = new Float64Array(CHUNK_NUMBERS);
  #used = 0;
  readonly #full: Float64Array[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  /** Adds a number. After some thousands, `flush` has to be called. */
  add(number: number): void {
    if (this.#used === CHUNK_NUMBERS) this.#next();
    this.#chunk[this.#used++] = number;
  }

  /** Writes the full chunks. @throws whatever the output throws. */
  async flush(): Promise<void> {
    for (const { buffer } of this.#full.splice(0)) await this.#output.push(new Uint8Array(buffer));
  }

  /** Writes all that is left. Returns the column, which has this shape. @throws whatever the output throws. */
  async end(shape: readonly number[]): Promise<Column> {
    await this.flush();
    await this.#output.push(new Uint8Array(this.#chunk.buffer, 0, this.#used * Float64Array.BYTES_PER_ELEMENT));
    return { source: { object: this.#output.key }, offset: 0, dtype: 'F64', shape };
  }

  #next(): void {
    this.#full.push(this.#chunk);
    this.#chunk = new Float64Array(CHUNK_NUMBERS);
    this.#used = 0;
  }
}
