// Collects garbage that V8 does not see: memory outside its heap, of which it knows only small objects.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: NodeJS.GCFunction = runInNewContext('gc');

/** Runs a garbage collection whenever so many bytes of garbage have been reported. */
class Collector {
  readonly #bytes: number;
  readonly #type: 'major' | 'minor';
  #garbageBytes = 0;

  constructor(bytes: number, type: 'major' | 'minor') {
    this.#bytes = bytes;
    this.#type = type;
  }

  /** So many bytes more are garbage. */
  add(bytes: number): void {
    this.#garbageBytes += bytes;
    if (this.#garbageBytes < this.#bytes) return;
    this.#garbageBytes = 0;
    collect({ type: this.#type });
  }
}

/**
 * The chunks of bodies, which are garbage once they are copied: 64 KiB each, which V8 would keep until a full collection, with a long
 * pause and a high use of memory. A minor collection takes about 1 ms.
 */
export const chunkCollector = new Collector(2 ** 24, 'minor');

/** Shared memory, for which V8 never collects. It is kept for seconds, so this is rare: a major collection takes some milliseconds. */
export const sharedCollector = new Collector(2 ** 26, 'major');
