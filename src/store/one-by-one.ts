// Work that must not overlap: for each key, one piece after the other.

export class OneByOne {
  /** The last piece of work for each key. */
  readonly #last = new Map<string, Promise<void>>();

  /** Calls `work` after all work for this key before it, whether that has succeeded or failed. */
  do<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const ended = result.then(
      () => {},
      () => {},
    );
    this.#last.set(key, ended);
    void ended.then(() => {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    });
    return result;
  }
}
