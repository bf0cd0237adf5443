// Why a request cannot be answered, in the words of its sender; nothing of HTTP.
import { type Finding, MAX_ERRORS, type ProblemType, type Refused } from '../schemas/problem.ts';

/** Thrown where a request turns out to have no answer. */
export class Refusal extends Error {
  readonly type: ProblemType;
  readonly refused: Refused;
  /** After how many seconds the same request may be answered, if that is so. */
  readonly retryAfter: number | undefined;

  constructor(type: ProblemType, refused: Refused, retryAfter?: number) {
    super(refused.detail);
    this.type = type;
    this.refused = refused;
    this.retryAfter = retryAfter;
  }
}

/** Gathers what is wrong with a request, so that all of a kind is reported at once. */
export class Findings {
  readonly errors: Finding[] = [];

  /** Whether there are more already than a problem document lists: looking on is of no use. */
  get full(): boolean {
    return this.errors.length > MAX_ERRORS;
  }

  add(pointer: string, detail: string): void {
    if (!this.full && !this.errors.some((error) => error.pointer === pointer)) this.errors.push({ pointer, detail });
  }

  /** Throws a refusal if anything was found. */
  refuse(type: ProblemType): void {
    const n = this.errors.length;
    if (n === 0) return;
    const errors = this.errors.slice(0, MAX_ERRORS);
    const detail = this.full
      ? `more than ${MAX_ERRORS} problems in the request; the first ${MAX_ERRORS} are listed`
      : `${n} ${n === 1 ? 'problem' : 'problems'} in the request`;
    throw new Refusal(type, { detail, errors });
  }
}
