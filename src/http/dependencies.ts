// What the service needs of others: whether it answers, for /readyz and the metrics.
import { setTimeout } from 'node:timers/promises';

/** An answer is kept for so long, and a dependency that takes longer than this is away, in milliseconds. */
const KEPT_MS = 5_000;
const MOST_MS = 2_000;

export const dependencyNames = ['store', 'queue'] as const;
export type Dependency = (typeof dependencyNames)[number];

/** Rejects if the dependency is away. */
export type Probe = () => Promise<unknown>;

export interface Dependencies {
  readonly names: readonly Dependency[];
  /** Those that are away. */
  missing(): Promise<readonly Dependency[]>;
}

export function watchDependencies(
  probes: Partial<Record<Dependency, Probe>>,
  now: () => number = () => performance.now(),
): Dependencies {
  const names = Object.keys(probes) as Dependency[];
  let known: { readonly until: number; readonly missing: Promise<Dependency[]> } | undefined;
  const ask = async () => {
    const answers = await Promise.all(names.map((name) => doesAnswer(probes[name] as Probe)));
    return names.filter((_, i) => !answers[i]);
  };
  return {
    names,
    missing() {
      if (!known || now() >= known.until) known = { until: now() + KEPT_MS, missing: ask() };
      return known.missing;
    },
  };
}

async function doesAnswer(probe: Probe): Promise<boolean> {
  const over = new AbortController();
  const late = setTimeout(MOST_MS, false, { signal: over.signal }).catch(() => false);
  const answer = probe().then(
    () => true,
    () => false,
  );
  const isThere = await Promise.race([answer, late]);
  over.abort();
  return isThere;
}
