// The messages between the main thread and the threads of the pool.
import type { MessagePort } from 'node:worker_threads';
import type { ProblemType, Refused } from '../../schemas/problem.ts';
import type { EngineChoice } from '../linalg/engines.ts';
import type { Task } from '../operations/answer.ts';
import type { Wanted } from '../operations/data.ts';
import type { Limits } from '../operations/limits.ts';
import type { Report } from '../operations/report.ts';
import type { Step, StepResults, StepTask } from '../operations/steps.ts';
import type { SharedBudget } from './budget.ts';

/** The workerData of a thread. */
export interface ThreadData {
  readonly engine: EngineChoice;
  readonly limits: Limits;
  readonly budget: SharedBudget;
  /** How many threads there are. */
  readonly threads: number;
  /** The URL of the module that exports `operations`. */
  readonly registry: string;
}

/** To a thread: a task, or a step of a job, with its place in the budget. The buffer of `bytes` is transferred. */
export type PlacedTask = (Task & Placed) | PlacedStep;

interface Placed {
  readonly place: number;
}

/** `held` is the number of bytes that are counted outside the threads. */
export type PlacedStep = StepTask & Placed & { readonly held: number };

/** To a thread without a task: compute parts for the team of another one, as a member of it, until it is sent away. */
export interface Join {
  readonly control: SharedArrayBuffer;
  readonly member: number;
  readonly port: MessagePort;
}

/** From a thread: it has loaded; it wants help with its task; it no longer helps; or the outcome of its task. */
export type FromThread = typeof LOADED | HelpWanted | typeof HELPED | Outcome;

export const LOADED = 'loaded';
export const HELPED = 'helped';

/** A thread takes as many members into its team as there are ports, one each. */
export interface HelpWanted {
  readonly control: SharedArrayBuffer;
  readonly ports: MessagePort[];
}

/**
 * The outcome of a task: an answer, whose buffer is transferred; the dataset that the request wants first, and its bytes; the result of a
 * step; or a refusal.
 */
export type Outcome = {
  readonly report: Report;
  /** When the thread began the task, in milliseconds since 1970: performance.now() differs between threads. */
  readonly began: number;
} & (
  | { readonly answer: Uint8Array<ArrayBuffer> }
  | { readonly wanted: Wanted; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly value: StepResults[Step['step']] }
  | { readonly refusal: { readonly type: ProblemType; readonly refused: Refused } }
);
