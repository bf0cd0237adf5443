// What the page is about: one request, from whichever part of it that was changed last.

/** Where a change came from. */
export type Source = 'start' | 'form' | 'json' | 'example' | 'file' | 'link' | 'step';

type Listener = (request: unknown, source: Source) => void;

export class State {
  #request: unknown;
  readonly #listeners: Listener[] = [];

  constructor(request: unknown) {
    this.#request = request;
  }

  /** A document; whether it is right is the service's to say. */
  get request(): unknown {
    return this.#request;
  }

  set(request: unknown, source: Source): void {
    this.#request = request;
    for (const listener of this.#listeners) listener(request, source);
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }
}
