// Why a request cannot be answered, in the words of its sender; nothing of HTTP.
import type { Finding, ProblemType, Refused } from '../schemas/problem.ts';

/** How many findings a problem document lists. */
const LISTED = 20;

/** Thrown where a request turns out to have no answer. */
export class Refusal extends Error {
  readonly type: ProblemType;
  readonly refused: Refused;

  constructor(type: ProblemType, refused: Refused) {
    super(refused.detail);
    this.type = type;
    this.refused = refused;
  }
}

/** Gathers what is wrong with a request, so that all of a kind is reported at once. */
export class Findings {
  readonly errors: Finding[] = [];

  /** Whether there are more already than a problem document lists: looking on is of no use. */
  get full(): boolean {
    return this.errors.length > LISTED;
  }

  add(pointer: string, detail: string): void {
    if (!this.full && !this.errors.some((error) => error.pointer === pointer)) this.errors.push({ pointer, detail });
  }

  /** Throws a refusal if anything was found. */
  refuse(type: ProblemType): void {
    const n = this.errors.length;
    if (n === 0) return;
    const errors = this.errors.slice(0, LISTED);
    const detail = this.full
      ? `more than ${LISTED} problems in the request; the first ${LISTED} are listed`
      : `${n} ${n === 1 ? 'problem' : 'problems'} in the request`;
    throw new Refusal(type, { detail, errors });
  }
}
