// The messages between the main thread and the threads of the pool.
import type { ProblemType, Refused } from '../../schemas/problem.ts';
import type { EngineChoice } from '../linalg/engines.ts';
import type { Task } from '../operations/answer.ts';
import type { Limits } from '../operations/limits.ts';
import type { Report } from '../operations/report.ts';
import type { SharedBudget } from './budget.ts';

/** The workerData of a thread. */
export interface ThreadData {
  readonly engine: EngineChoice;
  readonly limits: Limits;
  readonly budget: SharedBudget;
  /** The URL of the module that exports `operations`. */
  readonly registry: string;
}

/** To a thread: a task, with its place in the budget. The buffer of `bytes` is transferred. */
export interface PlacedTask extends Task {
  readonly place: number;
}

/** From a thread: it has loaded; or the outcome of its task. */
export type FromThread = typeof LOADED | Outcome;

export const LOADED = 'loaded';

/** The outcome of a task: an answer, whose buffer is transferred, or a refusal. */
export type Outcome = {
  readonly report: Report;
  /** When the thread began the task, in milliseconds since 1970: performance.now() differs between threads. */
  readonly began: number;
} & (
  | { readonly answer: Uint8Array<ArrayBuffer> }
  | { readonly refusal: { readonly type: ProblemType; readonly refused: Refused } }
);
