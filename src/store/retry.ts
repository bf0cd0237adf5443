// Does work again, after longer and longer, while what it needs is away.
import { setTimeout } from 'node:timers/promises';

/** The longest waits before the next attempt, at first and at last, in milliseconds. */
const FIRST_WAIT_MS = 100;
const LAST_WAIT_MS = 6_400;

/** Resolves after a time, or when the signal is aborted. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<unknown>;

export interface RetryOptions {
  /** Ends the attempts. */
  readonly signal: AbortSignal;
  /** Whether the same work may succeed after an error. */
  readonly mayPass: (error: unknown) => boolean;
  readonly wait?: Wait | undefined;
}

/** Does not keep the process alive. */
const pause: Wait = (ms, signal) => setTimeout(ms, undefined, { signal, ref: false }).catch(() => {});

/**
 * Does work until it succeeds.
 * @throws the error of the work that does not pass; the reason of the signal.
 */
export async function retry<Result>(
  work: () => Promise<Result>,
  { signal, mayPass, wait = pause }: RetryOptions,
): Promise<Result> {
  let done: { readonly result: Result } | undefined;
  for (let ms = FIRST_WAIT_MS; !done; ms = Math.min(2 * ms, LAST_WAIT_MS)) {
    signal.throwIfAborted();
    try {
      done = { result: await work() };
    } catch (error) {
      signal.throwIfAborted();
      if (!mayPass(error)) throw error;
      // At random, since those that are refused together should not come back together.
      await wait(ms * (1 - Math.random() / 2), signal);
    }
  }
  return done.result;
}
