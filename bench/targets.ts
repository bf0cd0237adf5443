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
  ...throughput('digits', 'json', 'fastapiTuned', 2, 2),
  { ...digits, quantity: 'CPU', peer: 'serviceBefore', bound: { atMost: 0.6 } },
  ...throughput('mnist', 'json', 'fastapi', 4, 4),
  ...throughput('deep', 'json', 'fastapi', 4, 4),
  ...throughput('wide', 'json', 'fastapi', 4, 4),
  ...throughput('mnist', 'json', 'fastapiTuned', 1.6, 2),
  ...throughput('deep', 'json', 'fastapiTuned', 1.6, 2),
  ...throughput('wide', 'json', 'fastapiTuned', 1.6, 2),
  ...throughput('wide', 'json', 'plainFastify', 4, 4),
  ...throughput('deep', 'binary', 'starlette', 1.5, 1.5),
  ...throughput('tall', 'binary', 'starlette', 2.5, 2.5),
  ...throughput('wide', 'binary', 'starlette', 1, 1),
  { workload: 'wide', format: 'json', clients: 8, quantity: 'throughput', peer: 'serviceBefore', bound: { atLeast: 1 } },
  { workload: 'tall', format: 'binary', clients: 8, quantity: 'throughput', peer: 'serviceBefore', bound: { atLeast: 1 } },
];

/** Targets of at least so many times a peer's throughput, with one client and with 8. */
function throughput(workload: WorkloadName, format: Format, peer: ContenderName, alone: number, together: number): RatioTarget[] {
  return ([1, 8] as const).map((clients) => ({
    workload,
    format,
    quantity: 'throughput',
    peer,
    clients,
    bound: { atLeast: clients === 1 ? alone : together },
  }));
}

/** The latency of one client, at most: the time of the matrix products, by a factor; or with that of an empty route and so many ms. */
export const limitTargets: readonly ({ readonly workload: WorkloadName; readonly format: Format } & (
  | { readonly factor: number }
  | { readonly more: number }
))[] = [
  { workload: 'tall', format: 'binary', factor: 1.7 },
  { workload: 'wide', format: 'binary', more: 10 },
];

/** The 99th percentile of small requests should grow by less than this while large ones are computed, in milliseconds. */
export const waitTarget = 10;

/** The peak memory over that at the start, at most: a multiple of the body, and so many bytes more. */
export const memoryTargets = {
  'wide, JSON': { factor: 3.5, more: 0 },
  'tall with 1,000,000 samples, binary': { factor: 1, more: 2 ** 28 },
} as const;
