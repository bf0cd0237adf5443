// The performance targets of the service.
import type { Format, WorkloadName } from '../test/support/workloads.ts';
import type { ContenderName } from './contenders.ts';
import type { Concurrency, Sample } from './sweep.ts';

/** The quantities that are compared between contenders. */
export const quantities = {
  throughput: ({ perSecond }: Sample) => perSecond,
  'main-thread CPU': ({ mainThreadCpu }: Sample) => mainThreadCpu,
  CPU: ({ cpu }: Sample) => cpu,
};

/** A bound on the ratio of a quantity between the service and a peer: the median of the ratios of all rounds. */
export interface RatioTarget {
  readonly workload: WorkloadName;
  readonly format: Format;
  /** `service` by default. */
  readonly subject?: ContenderName;
  readonly peer: ContenderName;
  readonly quantity: keyof typeof quantities;
  readonly clients: Concurrency;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
}

const article = { workload: 'article', format: 'json', clients: 8 } as const;
const digits = { workload: 'digits', format: 'json', clients: 8 } as const;

export const ratioTargets: readonly RatioTarget[] = [
  { ...article, quantity: 'main-thread CPU', peer: 'empty', bound: { atMost: 2 } },
  { ...article, quantity: 'throughput', peer: 'plainFastify', bound: { atLeast: 0.95 } },
  { ...article, quantity: 'throughput', peer: 'fastapiTuned', bound: { atLeast: 2.5 } },
  { ...article, quantity: 'throughput', subject: 'serviceLogging', peer: 'service', bound: { atLeast: 0.9 } },
  { ...digits, quantity: 'throughput', peer: 'plainFastify', bound: { atLeast: 2.5 } },
  { ...digits, quantity: 'throughput', peer: 'fastapiTuned', bound: { atLeast: 1.5 } },
  { ...digits, quantity: 'CPU', peer: 'serviceBefore', bound: { atMost: 0.6 } },
  ...throughput('mnist', 'json', 'fastapi', 4),
  ...throughput('deep', 'json', 'fastapi', 4),
  ...throughput('wide', 'json', 'fastapi', 4),
  ...throughput('wide', 'json', 'plainFastify', 4),
  ...throughput('deep', 'binary', 'starlette', 1),
  ...throughput('tall', 'binary', 'starlette', 1),
  ...throughput('wide', 'binary', 'starlette', 1),
];

/** Targets of at least `atLeast` times a peer's throughput, with one client and with 8. */
function throughput(workload: WorkloadName, format: Format, peer: ContenderName, atLeast: number): RatioTarget[] {
  return ([1, 8] as const).map((clients) => ({ workload, format, quantity: 'throughput', peer, clients, bound: { atLeast } }));
}

/** A whole answer should take at most `factor` times the time of its matrix products. */
export const limitTarget = { workload: 'wide', format: 'binary', clients: 1, factor: 1.6 } as const satisfies {
  workload: WorkloadName;
  format: Format;
  clients: Concurrency;
  factor: number;
};

/** The 99th percentile of small requests should grow by less than this while large ones are computed, in milliseconds. */
export const waitTarget = 10;

/** The peak memory should be less than this many times the size of the request's body. */
export const memoryTarget = 8;
