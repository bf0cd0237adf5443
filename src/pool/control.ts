// The memory by which the threads of a team agree on who computes what. One word counts all changes, and everybody waits for it.

/** Indices of 32-bit words. */
const CHANGES = 0;
/** The number of finished parts of the current run. */
const DONE = 1;
/** The number of parts that have had their turn in the current run. */
const TURN = 2;
/** The first part of the current run that failed; NONE, if none did. */
const FAILED = 3;
/** Whether a thread of the team ended, so that the request cannot be answered. */
const BROKEN = 4;
/** Whether the request has been answered. */
const ENDED = 5;
/** Bits of members: who has joined, who has to leave, and who has left or ended. */
const JOINED = 6;
const LEAVING = 7;
const LEFT = 10;
/** The index of a 64-bit word, the next part: the number of its run in the upper half, its own in the lower half. */
const NEXT = 4;

const WORDS = 12;

const NONE = 2 ** 31 - 1;

/** Thrown within a part that cannot be finished, since an earlier one failed. */
export class Abandoned extends Error {}

/** The state of a team, in memory that its threads share. */
export class Control {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #next: BigInt64Array;

  constructor(memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#next = new BigInt64Array(memory);
  }

  /** For the leader: begins run `run`, counted from 1, when no part of the last one is being computed. */
  begin(run: number): void {
    Atomics.store(this.#words, DONE, 0);
    Atomics.store(this.#words, TURN, 0);
    Atomics.store(this.#words, FAILED, NONE);
    Atomics.store(this.#next, NEXT, BigInt(run) << 32n);
    this.changed();
  }

  /** Takes the next of `count` parts of a run; undefined, if there is none, or the run is another one, or a part failed. */
  claim(run: number, count: number): number | undefined {
    for (;;) {
      const next = Atomics.load(this.#next, NEXT);
      const part = Number(next & 0xffffffffn);
      if (Number(next >> 32n) !== run || part >= count || this.failed !== undefined || this.isBroken) return undefined;
      if (Atomics.compareExchange(this.#next, NEXT, next, next + 1n) === next) return part;
    }
  }

  /** For the leader: no part of the run can be claimed any longer. Waits until those that were are done. */
  close(): void {
    const claimed = Number(Atomics.exchange(this.#next, NEXT, 0n) & 0xffffffffn);
    this.wait(() => Atomics.load(this.#words, DONE) === claimed || this.isBroken);
  }

  /** A part is finished, or has failed. */
  done(): void {
    Atomics.add(this.#words, DONE, 1);
    this.changed();
  }

  /** Ends the run: a part failed. The first one counts. */
  fail(part: number): void {
    for (let first = Atomics.load(this.#words, FAILED); part < first; first = Atomics.load(this.#words, FAILED))
      Atomics.compareExchange(this.#words, FAILED, first, part);
    this.changed();
  }

  get failed(): number | undefined {
    const first = Atomics.load(this.#words, FAILED);
    return first === NONE ? undefined : first;
  }

  /**
   * Waits until the parts before `part` have had their turn, and calls `work`.
   * @throws Abandoned, if one of them failed, or the team is broken.
   */
  inTurn(part: number, work: () => void): void {
    this.wait(() => Atomics.load(this.#words, TURN) >= part || (this.failed ?? NONE) < part || this.isBroken);
    const turn = Atomics.load(this.#words, TURN);
    if (turn < part) throw new Abandoned();
    // It is already over, if the part failed afterwards and is computed once more.
    if (turn > part) return;
    work();
    Atomics.store(this.#words, TURN, part + 1);
    this.changed();
  }

  /** A thread of the team ended: this member, or the leader. */
  break(member?: number): void {
    Atomics.store(this.#words, BROKEN, 1);
    if (member === undefined) this.changed();
    else this.leave(member);
  }

  get isBroken(): boolean {
    return Atomics.load(this.#words, BROKEN) === 1;
  }

  /** The request has been answered. */
  end(): void {
    Atomics.store(this.#words, ENDED, 1);
    this.changed();
  }

  join(member: number): void {
    Atomics.or(this.#words, JOINED, 1 << member);
    this.changed();
  }

  /** A member writes nothing any longer into the memory of the request. */
  leave(member: number): void {
    Atomics.or(this.#words, LEFT, 1 << member);
    this.changed();
  }

  /** Whether all members that have joined have left. */
  get isDeserted(): boolean {
    return (Atomics.load(this.#words, JOINED) & ~Atomics.load(this.#words, LEFT)) === 0;
  }

  /** Whether a member has joined, and does not have to leave. */
  isThere(member: number): boolean {
    const there = Atomics.load(this.#words, JOINED) & ~Atomics.load(this.#words, LEAVING);
    return (there & (1 << member)) !== 0;
  }

  /** A member has to leave after its part. */
  dismiss(member: number): void {
    Atomics.or(this.#words, LEAVING, 1 << member);
    this.changed();
  }

  /** Whether a member has nothing more to do for the team. */
  mayLeave(member: number): boolean {
    const isDismissed = (Atomics.load(this.#words, LEAVING) & (1 << member)) !== 0;
    return isDismissed || this.isBroken || Atomics.load(this.#words, ENDED) === 1;
  }

  /** Blocks the thread until the condition holds. */
  wait(condition: () => boolean): void {
    for (;;) {
      const changes = Atomics.load(this.#words, CHANGES);
      if (condition()) return;
      Atomics.wait(this.#words, CHANGES, changes);
    }
  }

  /** Wakes all threads that wait for a condition. */
  changed(): void {
    Atomics.add(this.#words, CHANGES, 1);
    Atomics.notify(this.#words, CHANGES);
  }
}
