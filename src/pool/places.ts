// The places of large requests: one for each that is computed, and one for each that may wait.
import { Refusal } from '../refusal.ts';

/** The longest that a refused client is asked to wait, in seconds. */
const LONGEST_WAIT = 60;

/** For how long a body that is being read keeps its place, in milliseconds: slow clients are not to keep out the others. */
const ARRIVAL = 5_000;

/** How much the last request counts in the mean of their times. */
const NEWEST = 0.1;

export class Places {
  /** How many there are. */
  readonly count: number;
  readonly #threads: number;
  /** The numbers of the places that are free, from 1 on. */
  readonly #free: number[];
  /** How many of them are kept for bodies that are being read. */
  #kept = 0;
  #meanSeconds = 1;

  constructor(threads: number, mayWait: number) {
    this.count = threads + mayWait;
    this.#threads = threads;
    this.#free = Array.from({ length: this.count }, (_, i) => i + 1);
  }

  /** @throws Refusal `overloaded`, if there is none. */
  take(): number {
    const place = this.#free.pop();
    if (place === undefined) throw this.#full();
    return place;
  }

  /** Gives a place back. */
  free(place: number): void {
    this.#free.push(place);
  }

  /**
   * Keeps a place until the function that it returns is called, or for as long as a body may take to arrive.
   * @throws Refusal `overloaded`, if there is none.
   */
  keep(): () => void {
    if (this.areTaken) throw this.#full();
    this.#kept++;
    const end = () => {
      if (lapse === undefined) return;
      clearTimeout(lapse);
      lapse = undefined;
      this.#kept--;
    };
    let lapse: NodeJS.Timeout | undefined = setTimeout(end, ARRIVAL);
    return end;
  }

  /** Whether none is left that is not kept. */
  get areTaken(): boolean {
    return this.#free.length <= this.#kept;
  }

  get busy(): number {
    return Math.min(this.#threads, this.#taken);
  }

  get waiting(): number {
    return Math.max(0, this.#taken - this.#threads);
  }

  /** When a refused client should have a place, in seconds, by how long requests have taken of late. */
  get retryAfter(): number {
    return Math.min(LONGEST_WAIT, Math.ceil(((this.waiting + 1) * this.#meanSeconds) / this.#threads));
  }

  /** Is told how long a request has taken. */
  learn(seconds: number): void {
    this.#meanSeconds += NEWEST * (seconds - this.#meanSeconds);
  }

  get #taken(): number {
    return this.count - this.#free.length;
  }

  #full(): Refusal {
    return new Refusal(
      'overloaded',
      { detail: `${this.waiting} requests wait already, as many as may (MAX_QUEUE)` },
      this.retryAfter,
    );
  }
}
