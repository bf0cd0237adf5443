// What the threads tell each other.
import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { ProblemType, Refused } from '../../schemas/problem.ts';
import type { EngineChoice } from '../linalg/engines.ts';
import type { Task } from '../operations/answer.ts';
import type { Limits } from '../operations/limits.ts';
import type { Report } from '../operations/report.ts';
import type { SharedBudget } from './budget.ts';

/** What a thread is started with. */
export interface ThreadData {
  readonly engine: EngineChoice;
  readonly limits: Limits;
  readonly budget: SharedBudget;
}

/** A task with its place in the budget. */
export interface PlacedTask extends Task {
  readonly place: number;
}

/** A message that takes a buffer along, instead of a copy of it; the sender has it no longer. */
export function moving<Message extends object>(message: Message, buffer: ArrayBuffer): Message {
  return move({ [transferableSymbol]: [buffer], [valueSymbol]: message }) as unknown as Message;
}

/** What comes back for a task: the bytes of the answer, or why there is none. */
export type Outcome = {
  readonly report: Report;
  /** When the thread began, in milliseconds since 1970: the threads' own clocks begin when they do. */
  readonly began: number;
} & (
  | { readonly answer: Uint8Array<ArrayBuffer> }
  | { readonly refusal: { readonly type: ProblemType; readonly refused: Refused } }
);
