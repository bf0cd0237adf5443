// Reuses the memory of large bodies and answers: fresh memory costs a page fault per 4 KiB.
import { roundUp } from './scratch.ts';

/** Smaller buffers are not kept: they are cheap to allocate. */
const SMALL_BUFFER_BYTES = 65_536;

/** The most bytes to keep. */
export const MOST_KEPT_BYTES = 2 ** 28;

export class Buffers {
  /** Free buffers, most recently returned first. */
  readonly #free: ArrayBuffer[] = [];

  /** An unused buffer of at least `n` bytes, uninitialized. */
  take(n: number): ArrayBuffer {
    if (n < SMALL_BUFFER_BYTES) return Buffer.allocUnsafeSlow(n).buffer as ArrayBuffer;
    const at = this.#free.findIndex(({ byteLength }) => n <= byteLength && byteLength <= 2 * n);
    if (at >= 0) return this.#free.splice(at, 1)[0];
    // Rounded up, so that it can be reused for a slightly longer body.
    return Buffer.allocUnsafeSlow(roundUp(n)).buffer as ArrayBuffer;
  }

  /** Returns a buffer that is no longer used. It need not come from `take`. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength < SMALL_BUFFER_BYTES) return;
    this.#free.unshift(buffer);
    let kept = 0;
    for (const { byteLength } of this.#free) kept += byteLength;
    while (kept > MOST_KEPT_BYTES) {
      const oldest = this.#free.pop() as ArrayBuffer;
      kept -= oldest.byteLength;
      // Frees the memory now, not at the next garbage collection.
      oldest.transfer(0);
    }
  }
}
