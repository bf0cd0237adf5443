// The memory of large bodies and answers, which is used again: fresh memory costs a page fault every 4 KiB.
import { roundUp } from './scratch.ts';

/** Smaller buffers come cheap, in bytes. */
const SMALL = 65_536;

/** How many bytes are kept, at most. */
export const MOST_KEPT = 2 ** 28;

export class Buffers {
  /** Those that are free, the last one given first. */
  #free: ArrayBuffer[] = [];

  /** At least `n` bytes, whatever is in them, that nobody else has. */
  take(n: number): ArrayBuffer {
    const at = n < SMALL ? -1 : this.#free.findIndex(({ byteLength }) => n <= byteLength && byteLength <= 2 * n);
    if (at >= 0) return this.#free.splice(at, 1)[0];
    // Rounded up, so that it will do for the next body, which may be a little longer.
    return Buffer.allocUnsafeSlow(n < SMALL ? n : roundUp(n)).buffer as ArrayBuffer;
  }

  /** Takes back a buffer that nobody uses any longer; it need not have come from here. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength < SMALL) return;
    this.#free.unshift(buffer);
    let kept = 0;
    const tooMuch = this.#free.findIndex(({ byteLength }) => {
      kept += byteLength;
      return kept > MOST_KEPT;
    });
    if (tooMuch >= 0) this.#free.length = tooMuch;
  }
}
