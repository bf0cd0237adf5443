// Reuses the memory of large bodies and answers: fresh memory costs a page fault per 4 KiB.
import { KEPT_MS, roundUp } from './scratch.ts';

/** Smaller buffers are not kept: they are cheap to allocate. */
const SMALL_BUFFER_BYTES = 65_536;

/** The most bytes to keep. */
export const MOST_KEPT_BYTES = 2 ** 28;

export class Buffers {
  readonly #room: () => number;
  /** Free buffers, most recently returned first. */
  readonly #free: ArrayBuffer[] = [];
  #keptBytes = 0;
  #expiry: NodeJS.Timeout | undefined;
  /** The bytes of the last buffer taken that were memory already: all of a buffer that was kept, none of a new one. */
  usedBytes = 0;

  /** Keeps no more bytes than `room` returns. */
  constructor(room: () => number = () => MOST_KEPT_BYTES) {
    this.#room = room;
  }

  /** An unused buffer of at least `n` bytes, uninitialized. New memory takes the place of as much that is kept. */
  take(n: number): ArrayBuffer {
    this.usedBytes = 0;
    if (n < SMALL_BUFFER_BYTES) return Buffer.allocUnsafeSlow(n).buffer as ArrayBuffer;
    const at = this.#free.findIndex(({ byteLength }) => n <= byteLength && byteLength <= 2 * n);
    if (at >= 0) {
      const [buffer] = this.#free.splice(at, 1);
      this.#keptBytes -= buffer.byteLength;
      this.usedBytes = buffer.byteLength;
      return buffer;
    }
    // Rounded up, so that it can be reused for a slightly longer body.
    const size = roundUp(n);
    this.#keepAtMost(this.#keptBytes - size);
    return Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer;
  }

  /** Returns a buffer that is no longer used. It need not come from `take`. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength < SMALL_BUFFER_BYTES) return;
    this.#free.unshift(buffer);
    this.#keptBytes += buffer.byteLength;
    this.trim();
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#keepAtMost(0), KEPT_MS).unref();
  }

  /** Frees what there is no room for any longer. */
  trim(): void {
    if (this.#keptBytes > 0) this.#keepAtMost(Math.min(MOST_KEPT_BYTES, this.#room()));
  }

  #keepAtMost(bytes: number): void {
    while (this.#free.length > 0 && this.#keptBytes > bytes) {
      const oldest = this.#free.pop() as ArrayBuffer;
      this.#keptBytes -= oldest.byteLength;
      // Frees the memory now, not at the next garbage collection.
      oldest.transfer(0);
    }
  }
}
