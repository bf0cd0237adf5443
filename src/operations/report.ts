// What is known of a request beside its answer: what it asked for, and where its time went. Never a number of it.
import type { ProblemType } from '../../schemas/problem.ts';
import type { Sizes } from '../backprop/shapes.ts';
import type { MediaType } from '../wire/codecs.ts';

/** What is done to a request once it is there, one after the other. */
export const answerPhases = ['decode', 'check', 'compute', 'encode'] as const;

/** Where the time of a request goes, in the order in which it does. `queue` is the wait for a thread. */
export const phases = ['receive', 'queue', ...answerPhases, 'send'] as const;
export type Phase = (typeof phases)[number];

/** What is known where the answer is computed. */
export interface Report {
  /** Milliseconds, of the phases that have ended. */
  readonly phases: Partial<Record<Phase, number>>;
  /** Once the shapes are known to fit together. */
  sizes?: Sizes;
  /** Floating-point operations, as estimated from the sizes. */
  flops?: number;
}

/** What is known of a whole request. */
export interface RequestReport extends Report {
  /** By the clock of performance.now(). */
  readonly began: number;
  /** The body that has arrived: its bytes, unpacked, and its media type. */
  received?: { readonly bytes: number; readonly mediaType: MediaType };
  /** Why there is no answer. */
  problem?: ProblemType;
}

/** Measures phases that follow each other: each call ends one. */
export function stopwatch(report: Report): (phase: Phase) => void {
  let before = performance.now();
  return (phase) => {
    const now = performance.now();
    report.phases[phase] = now - before;
    before = now;
  };
}
