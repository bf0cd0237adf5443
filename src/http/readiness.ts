// Readiness: whether the service should receive requests.
import type { Pool } from '../pool/pool.ts';

/** If several states hold, the first one counts. */
export const readinessStates = ['draining', 'starting', 'overloaded', 'ready'] as const;
export type ReadinessState = (typeof readinessStates)[number];

export interface Readiness {
  readonly state: ReadinessState;
  /** Resolves when the service has started. */
  readonly started: Promise<void>;
  /**
   * From now on the state is `draining`; requests are still answered. When the application closes, connections that have not sent a
   * request get another `unusedMs` milliseconds for it.
   */
  drain(unusedMs: number): void;
}

/** `whenDraining` is called when the service begins to drain. */
export function watchReadiness(pool: Pool, whenDraining: (unusedMs: number) => void): Readiness {
  let isStarting = true;
  let isDraining = false;
  // Not caught on purpose: without threads the process must exit.
  const started = pool.ready.then(() => {
    isStarting = false;
  });
  return {
    started,
    get state() {
      if (isDraining) return 'draining';
      if (isStarting) return 'starting';
      return pool.state.overloaded ? 'overloaded' : 'ready';
    },
    drain(unusedMs) {
      isDraining = true;
      whenDraining(unusedMs);
    },
  };
}
