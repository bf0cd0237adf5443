// What the threads tell each other.
import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { ProblemType, Refused } from '../../schemas/problem.ts';
import type { EngineChoice } from '../linalg/engines.ts';

/** What a thread is started with. */
export interface ThreadData {
  readonly engine: EngineChoice;
  /** In bytes, per request. */
  readonly memory: number;
}

/** A message that takes a buffer along, instead of a copy of it; the sender has it no longer. */
export function moving<Message extends object>(message: Message, buffer: ArrayBuffer): Message {
  return move({ [transferableSymbol]: [buffer], [valueSymbol]: message }) as unknown as Message;
}

/** What comes back for a Task: the bytes of the answer, or why there is none. */
export type Outcome =
  | { readonly answer: Uint8Array<ArrayBuffer> }
  | { readonly refusal: { readonly type: ProblemType; readonly refused: Refused } };
