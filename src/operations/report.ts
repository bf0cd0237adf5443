// The report on a request, for logs and metrics: sizes and timings, but never its numbers.
import { performance } from 'node:perf_hooks';
import type { Sizes } from '../backprop/shapes.ts';

/** The phases after the body has arrived, in order. `check` includes the plan. */
export const answerPhases = ['decode', 'check', 'compute', 'encode'] as const;

/** All phases of a request, in order. `queue` is the wait for a thread. */
export const phases = ['receive', 'queue', ...answerPhases, 'send'] as const;
export type Phase = (typeof phases)[number];

/** The part of the report that is filled in where the answer is computed. */
export interface Report {
  /** Milliseconds per finished phase. */
  readonly phases: Partial<Record<Phase, number>>;
  /** Set once the shapes have been checked. */
  sizes?: Sizes;
  /** Floating-point operations, estimated from the sizes. */
  flops?: number;
}

/** Measures consecutive phases: each call ends one and begins the next. */
export function stopwatch(report: Report): (phase: Phase) => void {
  let before = performance.now();
  return (phase) => {
    const now = performance.now();
    report.phases[phase] = (report.phases[phase] ?? 0) + now - before;
    before = now;
  };
}
