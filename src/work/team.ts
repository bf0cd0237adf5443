// Threads that compute the parts of one request together. How a computation is divided depends on its shape alone, so that its result
// has the same bits with any number of threads.
import type { Scratch } from '../memory/scratch.ts';

/** What other threads need for their parts: the name of a function in src/work/tasks.ts, and its argument, which can be cloned. */
export interface Task {
  readonly name: string;
  readonly argument: object;
}

export interface Team {
  /**
   * Computes the parts 0 to `count` - 1, and returns when all are done: here by `compute`, in other threads by the task, which is made
   * if there are any. Parts begin in their order.
   * @throws the error of the first part that has one.
   */
  run(count: number, compute: (part: number) => void, task: () => Task): void;
  /** Within part `part` of a run: waits until the parts before have been there, and calls `work`. Every part has to call it once. */
  inTurn(part: number, work: () => void): void;
}

/** A single thread. */
export const alone: Team = {
  run(count, compute) {
    for (let part = 0; part < count; part++) compute(part);
  },
  inTurn: (_part, work) => work(),
};

/** Short arrays are copied for each thread instead of shared. */
const FEW_NUMBERS = 4096;

/** Makes numbers cloneable for another thread at little cost: those of a request are copied to shared memory, at most once. */
export class Sharing {
  readonly #scratch: Scratch;
  readonly #copies = new Map<Float64Array, Float64Array>();

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  of(data: Float64Array): Float64Array {
    if (data.buffer instanceof SharedArrayBuffer) return data;
    // A clone of a view would be one of the whole buffer.
    if (data.length < FEW_NUMBERS) return data.slice();
    const known = this.#copies.get(data);
    if (known) return known;
    const copy = this.#scratch.takeLargeForRequest(data.length);
    copy.set(data);
    this.#copies.set(data, copy);
    return copy;
  }
}
