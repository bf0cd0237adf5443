// Takes steps from the queue, and does them.
import { setTimeout as wait } from 'node:timers/promises';
import { WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { Stopped } from '../run.ts';
import type { JobQueue } from './job-queue.ts';
import { PREFIX } from './progress.ts';
import type { StepData } from './step-names.ts';
import { MOST_STALLS, type Steps } from './steps.ts';

/** How often a worker says that it is there. */
const SIGN_MS = 10_000;

/**
 * In milliseconds. The step of a worker that is lost is given to another one by the first check after its lock has expired: after 10 s at
 * most, since a check comes before that in any case.
 */
export const TIMES = { lockDuration: 6_000, stalledInterval: 4_000 };

/** How long an idle worker waits for a word of new steps, in seconds: that may have gone to one that is frozen. */
const WORD_SECONDS = 1;

/** How long giving steps back may take. */
export const GIVE_BACK_MS = 2_000;

/** How soon a worker asks again after Redis was away. */
const RETRY_MS = 1_000;

export interface LoopOptions {
  /** Its commands wait while Redis is away. */
  readonly redis: Redis;
  readonly queue: JobQueue;
  readonly steps: Steps;
  /** How many steps are done at a time. */
  readonly concurrency: number;
  readonly log: { error(error: unknown, message: string): void; warn(error: unknown, message: string): void };
  /** Called when steps of lost workers are taken again. */
  readonly onStalled: () => void;
  readonly times?: typeof TIMES;
}

export interface WorkerLoop {
  /** Takes no more steps, and ends those in hand; after `graceMs` they are given back. */
  close(graceMs: number): Promise<void>;
}

/** Thrown where a worker ends before its step. */
class Closing extends Error {}

export function startLoop({ redis, queue, steps, concurrency, log, onStalled, times = TIMES }: LoopOptions): WorkerLoop {
  const closing = new AbortController();
  let inHand = 0;
  const worker = new Worker<StepData>(
    queue.name,
    async (job, token) => {
      const step = {
        name: job.name,
        data: job.data,
        priority: job.priority,
        faults: job.attemptsMade,
        stalls: job.stalledCounter,
        confirm: async () => {
          if (!(await job.extendLock(`${token}`, times.lockDuration))) throw new Stopped();
        },
      };
      inHand++;
      try {
        await steps.do(step, closing.signal);
      } catch (error) {
        if (!closing.signal.aborted) throw error;
        await job.moveToWait(token);
        throw new WaitingError();
      } finally {
        inHand--;
      }
    },
    {
      connection: redis,
      prefix: PREFIX,
      concurrency,
      ...times,
      // The steps count for themselves, and fail their job: this is the net below.
      maxStalledCount: 2 * MOST_STALLS,
      runRetryDelay: RETRY_MS,
      drainDelay: WORD_SECONDS,
    },
  );
  // While Redis is away, every attempt to reach it is an error: only the first is logged.
  let isAway = false;
  redis.on('ready', () => {
    isAway = false;
  });
  worker.on('error', (error) => {
    if (isAway) return;
    isAway = redis.status !== 'ready';
    log.warn(error, 'the queue of the jobs');
  });
  worker.on('stalled', onStalled);
  worker.on('failed', (job, error) => {
    // Nobody else will do it.
    if (job && job.finishedOn !== undefined)
      steps
        .giveUp(job.data, error.message)
        .catch((failure) => log.error(failure, `the end of the job ${job.data.id} could not be written`));
  });
  const sign = () => queue.signOfLife().catch((error) => log.warn(error, 'the queue of the jobs'));
  void sign();
  const timer = setInterval(sign, SIGN_MS).unref();
  return {
    async close(graceMs) {
      clearInterval(timer);
      const patience = setTimeout(() => closing.abort(new Closing()), graceMs);
      // While Redis is away, BullMQ neither closes nor gives steps back. Others take them when their locks expire.
      const mostMs = redis.status === 'ready' || inHand > 0 ? graceMs + GIVE_BACK_MS : 0;
      await Promise.race([worker.close(), wait(mostMs, undefined, { ref: false })]);
      clearTimeout(patience);
    },
  };
}
