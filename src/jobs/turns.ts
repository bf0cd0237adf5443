// Turns: who may compute a part next. Owners take turns, and the jobs of an owner among themselves.

/** A job that waits for its turn. */
interface Waiting {
  readonly job: string;
  readonly begin: (end: () => void) => void;
}

export class Turns {
  #free: number;
  /** By owner, in the order of their turns. */
  readonly #waiting = new Map<string, Waiting[]>();

  /** So many parts are computed at a time. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves when it is the turn of a job of an owner, to the function that ends the turn. */
  take(owner: string, job: string): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<() => void>();
    const own = this.#waiting.get(owner) ?? [];
    own.push({ job, begin: resolve });
    this.#waiting.set(owner, own);
    this.#next();
    return promise;
  }

  #next(): void {
    while (this.#free > 0) {
      const [first] = this.#waiting;
      if (!first) return;
      const [owner, own] = first;
      const { begin } = own.shift() as Waiting;
      // The owner goes to the end; so does the job, when it asks for its next turn.
      this.#waiting.delete(owner);
      if (own.length > 0) this.#waiting.set(owner, own);
      this.#free--;
      begin(once(() => this.#end()));
    }
  }

  #end(): void {
    this.#free++;
    this.#next();
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
