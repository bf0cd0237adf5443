// What the service is to reach, in one place.

import type { ContenderName } from './servers.ts';
import type { Concurrency } from './sweep.ts';
import type { Format, WorkloadName } from './workloads.ts';

/** The service's throughput is to be at least `factor` times a peer's, with one client and with several. */
export interface RatioTarget {
  readonly workload: WorkloadName;
  readonly format: Format;
  readonly peer: ContenderName;
  readonly factor: number;
}

export const ratioTargets: readonly RatioTarget[] = [
  { workload: 'article', format: 'json', peer: 'fastapi', factor: 8 },
  { workload: 'mnist', format: 'json', peer: 'fastapi', factor: 4 },
  { workload: 'deep', format: 'json', peer: 'fastapi', factor: 4 },
  { workload: 'wide', format: 'json', peer: 'fastapi', factor: 4 },
  { workload: 'wide', format: 'json', peer: 'plainFastify', factor: 4 },
  { workload: 'deep', format: 'binary', peer: 'starlette', factor: 1 },
  { workload: 'tall', format: 'binary', peer: 'starlette', factor: 1 },
  { workload: 'wide', format: 'binary', peer: 'starlette', factor: 1 },
];

/** A whole answer is to take at most `factor` times its matrix products alone. */
export const limitTarget = { workload: 'wide', format: 'binary', clients: 1, factor: 1.6 } as const satisfies {
  workload: WorkloadName;
  format: Format;
  clients: Concurrency;
  factor: number;
};

/** The 99th percentile of a small request is to grow by less than this while large ones are computed, in milliseconds. */
export const waitTarget = 10;

/** The peak memory is to be less than so many times the body of the request. */
export const memoryTarget = 8;
