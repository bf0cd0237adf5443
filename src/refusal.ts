// Refusals: why a request cannot be answered, in the client's terms. Independent of HTTP.
import { type Finding, MAX_ERRORS, type ProblemType, type Refused } from '../schemas/problem.ts';

/** Thrown when a request cannot be answered. */
export class Refusal extends Error {
  readonly type: ProblemType;
  readonly refused: Refused;
  /** Seconds after which a retry may succeed; undefined if it would not help. */
  readonly retryAfter: number | undefined;

  constructor(type: ProblemType, refused: Refused, retryAfter?: number) {
    super(refused.detail);
    this.type = type;
    this.refused = refused;
    this.retryAfter = retryAfter;
  }
}

/** Retry-After while a part of the service is away. */
const AWAY_SECONDS = 5;

/** A Refusal `unavailable`, with its cause, which the log gets. */
export function unavailable(detail: string, cause: unknown): Refusal {
  const refusal = new Refusal('unavailable', { detail }, AWAY_SECONDS);
  refusal.cause = cause;
  return refusal;
}

/** Collects the errors in a request, so that they are reported together. */
export class Findings {
  readonly errors: Finding[] = [];

  /** Whether there are more errors than a problem document lists: then checks may stop. */
  get full(): boolean {
    return this.errors.length > MAX_ERRORS;
  }

  get length(): number {
    return this.errors.length;
  }

  /** Inserts `others` at `index`, and removes later errors with the same pointers. */
  insert(index: number, others: Findings): void {
    const known = new Set(others.errors.map(({ pointer }) => pointer));
    const after = this.errors.splice(index).filter(({ pointer }) => !known.has(pointer));
    this.errors.push(...others.errors, ...after);
    this.errors.length = Math.min(this.errors.length, MAX_ERRORS + 1);
  }

  add(pointer: string, detail: string): void {
    if (!this.full && !this.errors.some((error) => error.pointer === pointer)) this.errors.push({ pointer, detail });
  }

  /** Whether there is an error at a pointer or below it. */
  concern(pointer: string): boolean {
    return this.errors.some(isAt(pointer));
  }

  /** Puts an error in the place of those at the same pointer and below it, if there are any. */
  replace(pointer: string, detail: string): void {
    const isHere = isAt(pointer);
    const first = this.errors.findIndex(isHere);
    if (first < 0) return;
    const after = this.errors.slice(first).filter((error) => !isHere(error));
    this.errors.splice(first, this.errors.length, { pointer, detail }, ...after);
  }

  /** @throws Refusal of the given type, if there are errors. */
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

/** Tells whether an error is at a pointer or below it. */
function isAt(pointer: string): (error: Finding) => boolean {
  return (error) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`);
}
