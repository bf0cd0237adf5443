// Collects the chunks of bodies, which are garbage once they are copied. To V8 each chunk is a small object; it does not see the
// 64 KiB of external memory, and would keep the chunks until a full garbage collection, with a long pause and a high use of
// memory.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collect after this many bytes of chunks. A minor collection takes about 1 ms. */
const COLLECT_BYTES = 2 ** 24;

/** Runs a minor garbage collection whenever enough chunks have been copied. One per process, since there is one heap. */
class ChunkCollector {
  readonly #collect: NodeJS.GCFunction;
  #copiedBytes = 0;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc');
  }

  /** Call after copying a chunk of `bytes` bytes. */
  copied(bytes: number): void {
    this.#copiedBytes += bytes;
    if (this.#copiedBytes < COLLECT_BYTES) return;
    this.#copiedBytes = 0;
    this.#collect({ type: 'minor' });
  }
}

export const chunkCollector = new ChunkCollector();
