// Jobs by a queue, with workers in this process, and a runner that shows what is computed.
import { setTimeout } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Test } from 'tap';
import { Jobs } from '../../../src/jobs/jobs.ts';
import { connectPatiently } from '../../../src/jobs/queue/connection.ts';
import { JobQueue } from '../../../src/jobs/queue/job-queue.ts';
import { Requests } from '../../../src/jobs/queue/requests.ts';
import { openQueue, type QueueScheduler } from '../../../src/jobs/queue/scheduler.ts';
import { Steps } from '../../../src/jobs/queue/steps.ts';
import { startLoop, type WorkerLoop } from '../../../src/jobs/queue/worker-loop.ts';
import { hasEnded, type JobRecord, Records } from '../../../src/jobs/records.ts';
import { FolderStore } from '../../../src/store/folder.ts';
import type { Store } from '../../../src/store/store.ts';
import { folderOf } from '../fixture.ts';
import { SummingRunner } from '../summing-runner.ts';
import type { RedisServer } from './redis-server.ts';

const LOOK_MS = 100;

/** The name of the queue of a job's runner in Redis. */
export const QUEUE = 'gradients:jobs-letters';

/** So that lost steps are taken again soon. */
const TIMES = { lockDuration: 1_000, stalledInterval: 300 };

export interface TestWorker {
  readonly runner: SummingRunner;
  readonly loop: WorkerLoop;
  /** Its connection: without it, it is lost for the others. */
  readonly redis: Redis;
  readonly retries: string[];
  readonly parts: string[];
  readonly ended: string[];
}

export interface QueueFixture {
  readonly jobs: Jobs;
  readonly scheduler: QueueScheduler;
  readonly store: FolderStore;
  readonly records: Records;
  readonly log: string[];
  /** Starts a worker. */
  work(options?: { runner?: SummingRunner; store?: Store; concurrency?: number }): TestWorker;
}

/** The record of a job that has ended, or was removed. Events that came before this process listened are missed: it looks again. */
export async function endOf(jobs: Jobs, { owner, id }: JobRecord): Promise<JobRecord> {
  for (;;) {
    const changed = Promise.withResolvers<void>();
    const unwatch = jobs.watch(id, changed.resolve);
    const record = await jobs.get(owner, id);
    if (!record || hasEnded(record)) {
      unwatch();
      return record as JobRecord;
    }
    await Promise.race([changed.promise, setTimeout(LOOK_MS)]);
    unwatch();
  }
}

export async function startQueue(
  t: Test,
  server: RedisServer,
  { folder = folderOf(t), runner = new SummingRunner(), compareMs = 200 } = {},
): Promise<QueueFixture> {
  const store = new FolderStore(folder);
  const records = new Records(store);
  const lines: string[] = [];
  const note = (error: unknown, message: string) => void lines.push(`${message}: ${error}`);
  const log = { error: note, warn: note };
  const common = { store: async () => store, log };
  const scheduler = await openQueue({ url: server.url, fingerprint: runner.fingerprint, ...common, compareMs });
  const jobs = new Jobs({
    ...common,
    runner,
    scheduler,
    limits: { MAX_JOBS: 1000, JOB_TTL: 60 },
    reserve: async () => {},
    onEnd: async () => {},
  });
  t.teardown(() => jobs.close());
  return {
    jobs,
    scheduler,
    store,
    records,
    log: lines,
    work({ runner = new SummingRunner(), store: ofWorker = store, concurrency = 3 } = {}) {
      const redis = connectPatiently(server.url);
      redis.on('error', () => {});
      const queue = new JobQueue(redis, runner.fingerprint);
      const [retries, parts, ended]: [string[], string[], string[]] = [[], [], []];
      const own = new Records(ofWorker);
      const steps = new Steps({
        records: own,
        requests: new Requests(own, 100),
        runner,
        queue,
        log,
        onPart: (outcome) => parts.push(outcome),
        onRetry: (reason) => retries.push(reason),
        onEnd: async ({ id }: JobRecord) => void ended.push(id),
        watchMs: 50,
      });
      const onStalled = () => void retries.push('stalled');
      const loop = startLoop({ redis, queue, steps, concurrency, log, onStalled, times: TIMES });
      t.teardown(async () => {
        await loop.close(0);
        await queue.close();
        redis.disconnect();
      });
      return { runner, loop, redis, retries, parts, ended };
    },
  };
}
