// The metrics of jobs: their parts, and the queue in which the parts wait for workers.
import { Gauge, type Registry } from 'prom-client';
import { Counter, Histogram, SECONDS } from './instruments.ts';

const outcomes = ['computed', 'refused', 'failed'] as const;

/** Why a step of a job is tried again: no room in memory, a store that is away, a fault, or the loss of its worker. */
const retryReasons = ['room', 'store', 'fault', 'stalled'] as const;
export type RetryReason = (typeof retryReasons)[number];

const directions = ['read', 'written'] as const;

/** Counts what this process does for jobs. */
export interface JobCounts {
  readonly instruments: readonly (Counter | Histogram)[];
  readonly part: (outcome: (typeof outcomes)[number], seconds: number) => void;
  readonly retry: (reason: RetryReason) => void;
  readonly bytes: (direction: (typeof directions)[number], bytes: number) => void;
}

export function countJobs(): JobCounts {
  const parts = new Counter('gradients_job_parts_total', 'Parts of jobs by what came of them', ['outcome']);
  const help = 'Durations of parts of jobs, with reading their data';
  const durations = new Histogram('gradients_job_part_duration_seconds', help, [], SECONDS);
  const retries = new Counter('gradients_job_retries_total', 'Steps of jobs that are tried again, by the reason', ['reason']);
  const moved = new Counter('gradients_job_bytes_total', 'Bytes that workers read from the store and wrote to it', ['direction']);
  for (const outcome of outcomes) parts.of(outcome);
  for (const reason of retryReasons) retries.of(reason);
  for (const direction of directions) moved.of(direction);
  durations.of();
  return {
    instruments: [parts, durations, retries, moved],
    part(outcome, seconds) {
      parts.of(outcome).add(1);
      durations.of().observe(seconds);
    },
    retry: (reason) => retries.of(reason).add(1),
    bytes: (direction, bytes) => moved.of(direction).add(bytes),
  };
}

/** What is in the queue of jobs. */
export interface QueueState {
  /** The steps that wait for a worker, are computed, wait after a fault, or wait for other steps. */
  readonly steps: { readonly waiting: number; readonly active: number; readonly delayed: number; readonly blocked: number };
  /** How long the oldest of the steps has waited that are next, in seconds. */
  readonly ageSeconds: number;
}

/** Adds gauges of the queue. They have no values while it does not answer. */
export function measureQueue(registers: Registry[], read: () => Promise<QueueState | undefined>): void {
  // Both gauges are collected for the same answer.
  let state: Promise<QueueState | undefined> | undefined;
  const current = () => {
    state ??= read().finally(() => {
      state = undefined;
    });
    return state;
  };
  new Gauge({
    name: 'gradients_job_queue_steps',
    help: 'Steps of jobs in the queue, by state',
    labelNames: ['state'],
    registers,
    async collect() {
      const now = await current();
      this.reset();
      for (const [name, count] of Object.entries(now?.steps ?? {})) this.set({ state: name }, count);
    },
  });
  new Gauge({
    name: 'gradients_job_queue_age_seconds',
    help: 'How long the step of a job has waited that is next in the queue',
    registers,
    async collect() {
      const now = await current();
      // Without this, a gauge without labels is 0.
      this.remove();
      if (now) this.set(now.ageSeconds);
    },
  });
}
