// Admission of requests. One ticket per request holds its memory and, if it is large, its place.
import { Refusal } from '../refusal.ts';
import type { Budget } from './budget.ts';
import { INLINE_BODY_BYTES } from './inline.ts';

/** The longest Retry-After. */
const MOST_RETRY_SECONDS = 60;

/** How long a body may take to arrive before it loses its place. */
const ARRIVAL_MS = 5_000;

/** The weight of the newest request in the moving average of computing times. */
const NEWEST_WEIGHT = 0.1;

/** The memory for all small bodies together, separate from the budget: small requests are answered even if that is used up. */
const SMALL_BODIES_BYTES = 2 ** 28;

/** What the requests of one client hold together. */
interface Client {
  readonly name: string;
  tickets: number;
  places: number;
  /** Memory in the budget, in bytes. */
  large: number;
  /** Memory for small bodies, in bytes. */
  small: number;
}

/** The places and the memory of all requests. A place holds one large request: arriving, waiting for a thread, or in one. */
export class Admission {
  readonly #budget: Budget;
  readonly #threads: number;
  readonly #count: number;
  /** The most places and the most memory of one client, in bytes. */
  readonly #share: number;
  readonly #memoryShare: number;
  /** The numbers of the free places, from 1. */
  readonly #free: number[];
  /** The clients that have tickets. */
  readonly #clients = new Map<string, Client>();
  #working = 0;
  #inBackground = 0;
  #smallBytes = 0;
  #meanSeconds = 1;

  constructor(budget: Budget, threads: number, mayWait: number) {
    this.#budget = budget;
    this.#threads = threads;
    this.#count = threads + mayWait;
    this.#share = Math.ceil(this.#count / 2);
    this.#memoryShare = budget.limit / 2;
    this.#free = Array.from({ length: this.#count }, (_, i) => this.#count - i);
  }

  /** Makes a ticket for one request of a client. It has to be ended. */
  admit(name: string): Ticket {
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = { name, tickets: 0, places: 0, large: 0, small: 0 };
      this.#clients.set(name, client);
    }
    client.tickets++;
    return new Ticket(this, client);
  }

  /** For tickets: one of the client's tickets has ended, and holds nothing any longer. */
  dismiss(client: Client): void {
    if (--client.tickets === 0) this.#clients.delete(client.name);
  }

  /**
   * Checks whether a body of `announcedBytes` would be admitted now; reserves nothing.
   * @throws Refusal `overloaded`, if not.
   */
  check(announcedBytes: number, name: string): void {
    if (announcedBytes <= INLINE_BODY_BYTES) return;
    const client = this.#clients.get(name);
    this.#checkPlaces(client?.places ?? 0);
    this.#budget.check(announcedBytes, 0);
    this.#checkShare(client?.large ?? 0, announcedBytes);
  }

  /** Whether a large request would be refused now, from any client. */
  get overloaded(): boolean {
    return this.#free.length === 0 || this.#budget.spent;
  }

  /** Whether there are no more large requests, arriving ones included, than threads. Work in the background gives way to them. */
  get isQuiet(): boolean {
    return this.#count - this.#free.length - this.#inBackground <= this.#threads;
  }

  /** The number of busy threads. */
  get busy(): number {
    return Math.min(this.#threads, this.#working);
  }

  /** The number of requests that wait for a thread. */
  get waiting(): number {
    return Math.max(0, this.#working - this.#threads);
  }

  /** What the requests in flight leave of the budget, in bytes. */
  get room(): number {
    return this.#budget.limit - this.#budget.used;
  }

  /** The memory of the requests in flight, in bytes. */
  get memory(): number {
    return this.#budget.used + this.#smallBytes;
  }

  /** Seconds after which a place should be free, estimated from the recent computing times. */
  get retryAfter(): number {
    return Math.min(MOST_RETRY_SECONDS, Math.ceil(((this.waiting + 1) * this.#meanSeconds) / this.#threads));
  }

  /** Updates the average computing time: a request took `seconds` in its thread. */
  learn(seconds: number): void {
    this.#meanSeconds += NEWEST_WEIGHT * (seconds - this.#meanSeconds);
  }

  /**
   * For tickets: takes a place, and returns its number, from 1.
   * @throws Refusal `overloaded`, if no place is free or the client has its share.
   */
  takePlace(client: Client): number {
    this.#checkPlaces(client.places);
    client.places++;
    return this.#free.pop() as number;
  }

  /** For tickets: frees a place, and the memory that its thread has reserved. */
  freePlace(place: number, client: Client): void {
    this.#budget.free(place);
    this.#free.push(place);
    client.places--;
  }

  /** For tickets: the number of requests given to the threads changes by one. */
  work(change: 1 | -1, isInBackground: boolean): void {
    this.#working += change;
    if (isInBackground) this.#inBackground += change;
  }

  /**
   * For tickets: checks whether a request may hold `bytes` in the budget; `held` of them are counted already.
   * @throws Refusal `overloaded`, if they do not fit, or the client has its share. A client's only request may exceed the share.
   */
  checkLarge(client: Client, bytes: number, held: number): void {
    this.#budget.check(bytes, held);
    this.#checkShare(client.large - held, bytes);
  }

  /** For tickets: the same for the memory for small bodies. */
  checkSmall(client: Client, bytes: number, held: number): void {
    if (this.#smallBytes - held + bytes > SMALL_BODIES_BYTES) throw this.#refusal('the memory for small requests is used up');
    if (client.small - held + bytes > SMALL_BODIES_BYTES / 2)
      throw this.#refusal('small requests of this client in flight: as much memory as one client may have');
  }

  /** For tickets: a request's memory in the budget and for small bodies changes by so many bytes. */
  change(client: Client, before: Memory, now: Memory): void {
    this.#budget.change(before.large, now.large);
    this.#smallBytes += now.small - before.small;
    client.large += now.large - before.large;
    client.small += now.small - before.small;
  }

  #checkPlaces(own: number): void {
    if (this.#free.length === 0)
      throw this.#refusal(`large requests in flight: ${this.#count}, as many as there may be (MAX_QUEUE + threads)`);
    if (own >= this.#share)
      throw this.#refusal(
        `large requests of this client in flight: ${own}, as many as one client may have (half of MAX_QUEUE + threads)`,
      );
  }

  #checkShare(others: number, bytes: number): void {
    if (others > 0 && others + bytes > this.#memoryShare)
      throw this.#refusal(
        'large requests of this client in flight: as much memory as one client may have (half of MEMORY_BUDGET)',
      );
  }

  #refusal(detail: string): Refusal {
    return new Refusal('overloaded', { detail }, this.retryAfter);
  }
}

/** The memory of one request, in bytes: all of it counts as that of a large request, or all of it as that of a small one. */
interface Memory {
  readonly large: number;
  readonly small: number;
}

const NO_MEMORY: Memory = { large: 0, small: 0 };

/** Holds place and memory of one request, from its first byte to the end of its answer. After `end`, methods have no effect. */
export class Ticket {
  readonly #admission: Admission;
  readonly #client: Client;
  #memory = NO_MEMORY;
  #place: number | undefined;
  /** Whether the request ever had a place; it may have lost it since. */
  #hadPlace = false;
  #arrival: NodeJS.Timeout | undefined;
  #giveUp: (() => void) | undefined;
  #isWorking = false;
  #isInBackground = false;
  #hasEnded = false;

  constructor(admission: Admission, client: Client) {
    this.#admission = admission;
    this.#client = client;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Holds `bytes` in all, the bytes that have arrived so far, and `furtherBytes` that they occupy. When the bytes exceed a small
   * body, this takes a place; the request loses it if the rest takes too long to arrive.
   * @throws Refusal `overloaded`; then the ticket holds what it held before.
   */
  grow(bytes: number, furtherBytes = 0): void {
    if (this.#hasEnded) return;
    if (bytes > INLINE_BODY_BYTES && !this.#hadPlace) {
      this.#takePlace();
      this.#arrival = setTimeout(() => this.#freePlace(), ARRIVAL_MS);
    }
    const all = bytes + furtherBytes;
    if (bytes > INLINE_BODY_BYTES) this.#admission.checkLarge(this.#client, all, this.#memory.large);
    else this.#admission.checkSmall(this.#client, all, this.#memory.small);
    this.#hold(bytes, all);
  }

  /** Holds `bytes` in all from now on. Not checked against the limits: the memory exists already. */
  set(bytes: number): void {
    if (!this.#hasEnded) this.#hold(bytes, bytes);
  }

  /**
   * For the pool: the work in a thread begins, until `leave`. Returns the number of the place, which is taken again if it was
   * lost.
   * @throws Refusal `overloaded`, if there is no place.
   */
  enter(isInBackground = false): number {
    clearTimeout(this.#arrival);
    const place = this.#place ?? this.#takePlace();
    this.#isWorking = true;
    this.#isInBackground = isInBackground;
    this.#admission.work(+1, isInBackground);
    return place;
  }

  /** For the pool: `end` calls `giveUp` while the request is in a thread or waits for one. */
  onEnd(giveUp: () => void): void {
    this.#giveUp = giveUp;
  }

  /** For the pool: the work in a thread has ended. */
  leave(): void {
    this.#giveUp = undefined;
    this.#isWorking = false;
    this.#admission.work(-1, this.#isInBackground);
    this.#freePlace();
    if (this.#hasEnded) this.#freeMemory();
  }

  /** Frees place and memory. If the request is in a thread or waits for one, cancels the work; then both are freed by `leave`. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#isWorking) {
      this.#giveUp?.();
      return;
    }
    clearTimeout(this.#arrival);
    this.#freePlace();
    this.#freeMemory();
  }

  #takePlace(): number {
    this.#place = this.#admission.takePlace(this.#client);
    this.#hadPlace = true;
    return this.#place;
  }

  #freePlace(): void {
    if (this.#place !== undefined) this.#admission.freePlace(this.#place, this.#client);
    this.#place = undefined;
  }

  /** Holds `all` bytes; whether the request is large depends on `bytes`, those of the body or of the answer. */
  #hold(bytes: number, all: number): void {
    const memory = bytes > INLINE_BODY_BYTES ? { large: all, small: 0 } : { large: 0, small: all };
    this.#admission.change(this.#client, this.#memory, memory);
    this.#memory = memory;
  }

  /** The last thing that a ticket does. */
  #freeMemory(): void {
    this.#admission.change(this.#client, this.#memory, NO_MEMORY);
    this.#admission.dismiss(this.#client);
  }
}
