// Whether the service should be sent requests.
import type { Pool } from '../pool/pool.ts';

/** In the order of what is said if several hold. */
export const readinessStates = ['draining', 'starting', 'overloaded', 'ready'] as const;
export type ReadinessState = (typeof readinessStates)[number];

export interface Readiness {
  readonly state: ReadinessState;
  /** Resolves when the service no longer starts. */
  readonly started: Promise<void>;
  /** From now on the service is not ready, though it still answers. */
  drain(): void;
  readonly isDraining: boolean;
}

export function watchReadiness(pool: Pool): Readiness {
  let isStarting = true;
  let isDraining = false;
  // Threads that cannot answer are no service: the rejection is nobody's, and ends the process.
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
    get isDraining() {
      return isDraining;
    },
    drain() {
      isDraining = true;
    },
  };
}
