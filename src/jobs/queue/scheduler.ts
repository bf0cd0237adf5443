// Jobs by workers that share a queue: this process adds the first step of each, and follows what becomes of it.
import { setTimeout } from 'node:timers/promises';
import { QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import type { QueueState } from '../../observability/job-metrics.ts';
import type { Store } from '../../store/store.ts';
import { hasEnded, type JobRecord, Records } from '../records.ts';
import type { Scheduler } from '../scheduler.ts';
import { away, checkPolicy, connectPatiently, openRedis } from './connection.ts';
import { JobQueue } from './job-queue.ts';
import { PREFIX } from './progress.ts';
import { jobOf } from './step-names.ts';

/** How long the end waits for a Redis that is away. */
const CLOSE_MS = 500;

/** How often the jobs in the store are compared with those in the queue. */
const COMPARE_MS = 30_000;

export interface QueueOptions {
  readonly url: string;
  readonly fingerprint: string;
  readonly store: () => Promise<Store>;
  readonly log: { warn(error: unknown, message: string): void; error(error: unknown, message: string): void };
  readonly compareMs?: number;
}

/** @throws Error with a one-line message, if Redis is there and would drop jobs. If it is away, it may come back. */
export async function openQueue(options: QueueOptions): Promise<QueueScheduler> {
  const redis = await openRedis(options.url, options.log, 'jobs are not taken until it is back');
  return new QueueScheduler(redis, options);
}

export class QueueScheduler implements Scheduler {
  readonly #options: QueueOptions;
  readonly #redis: Redis;
  readonly #queue: JobQueue;
  #events: QueueEvents | undefined;
  readonly #listening: Redis;
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #timer: NodeJS.Timeout;
  #comparing: Promise<void> | undefined;
  #isClosed = false;
  counts = { queued: 0, running: 0 };

  constructor(redis: Redis, options: QueueOptions) {
    const { url, fingerprint, compareMs = COMPARE_MS } = options;
    this.#options = options;
    this.#redis = redis;
    this.#queue = new JobQueue(redis, fingerprint);
    this.#listening = connectPatiently(url);
    this.#listening.on('error', () => {});
    const compare = () => void this.compare();
    const begin = () => {
      this.#follow();
      // What was in Redis may be lost.
      compare();
    };
    if (redis.status === 'ready') this.#follow();
    redis.on('ready', begin);
    this.#timer = setInterval(compare, compareMs).unref();
  }

  async check(): Promise<void> {
    await checkPolicy(this.#redis).catch(away);
  }

  /** The job is in the store: if it cannot be added now, `compare` does it later. */
  async start(record: JobRecord): Promise<void> {
    try {
      await this.#add(record, new Records(await this.#options.store()));
    } catch (error) {
      this.#options.log.warn(error, `the job ${record.id} waits for the queue`);
    }
  }

  restart(record: JobRecord): Promise<void> {
    return this.start(record);
  }

  async cancel(record: JobRecord, remove: () => Promise<void>): Promise<void> {
    await remove();
    // Workers find that it is gone, if this fails.
    await this.#queue
      .remove(record.id)
      .catch((error) => this.#options.log.warn(error, `the steps of the job ${record.id} could not be removed`));
    this.#notify(record.id);
  }

  async latest(records: readonly JobRecord[]): Promise<JobRecord[]> {
    const going = records.filter((record) => !hasEnded(record)).map(({ id }) => id);
    const counts = await this.#queue.progress.counts(going).catch(() => undefined);
    if (!counts) return [...records];
    const completed = new Map(going.map((id, i) => [id, counts[i]]));
    return records.map((record) => ({ ...record, completed: completed.get(record.id) ?? record.completed }));
  }

  watch(id: string, callback: () => void): () => void {
    const all = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, all.add(callback));
    return () => {
      all.delete(callback);
      if (all.size === 0) this.#watchers.delete(id);
    };
  }

  /** What is in the queue; undefined if it does not answer. */
  state(): Promise<QueueState | undefined> {
    return this.#queue.state().catch(() => undefined);
  }

  /** Adds the jobs to the queue that are in the store, have not ended, and are not in the queue. */
  compare(): Promise<void> {
    this.#comparing ??= this.#compare()
      .catch((error) => {
        if (!this.#isClosed) this.#options.log.warn(error, 'the jobs in the store could not be compared with those in the queue');
      })
      .finally(() => {
        this.#comparing = undefined;
      });
    return this.#comparing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#redis.removeAllListeners('ready');
    await this.#comparing;
    // While Redis is away, BullMQ does not close.
    const closed = Promise.allSettled([this.#events?.close(), this.#queue.close()]);
    await (this.#listening.status === 'ready' ? closed : Promise.race([closed, setTimeout(CLOSE_MS, undefined, { ref: false })]));
    this.#listening.disconnect();
    this.#redis.disconnect();
  }

  /** Follows the ends of steps. BullMQ's object waits for its first connection, and does not close before: it is made when there is one. */
  #follow(): void {
    if (this.#events || this.#isClosed) return;
    this.#events = new QueueEvents(this.#queue.name, { connection: this.#listening, prefix: PREFIX });
    this.#events.on('error', () => {});
    const follow = ({ jobId }: { jobId: string }) => this.#notify(jobOf(jobId));
    this.#events.on('completed', follow).on('removed', follow);
  }

  async #compare(): Promise<void> {
    const records = new Records(await this.#options.store());
    const unended = await records.unended();
    const running = unended.filter(({ state }) => state === 'running').length;
    this.counts = { queued: unended.length - running, running };
    for (const record of unended.sort((a, b) => a.created - b.created)) await this.#add(record, records);
  }

  /** Adds a job, unless it is in the queue, or in that of workers of another fingerprint. If these are gone, it begins anew. */
  async #add(record: JobRecord, records: Records): Promise<void> {
    const { fingerprint } = this.#options;
    if (record.fingerprint !== fingerprint) {
      if (await this.#queue.hasWorkers(record.fingerprint)) return;
      await this.#queue.addBegin(await records.renew(record, fingerprint));
    } else if (!(await this.#queue.has(record.id))) await this.#queue.addBegin(record);
  }

  #notify(id: string): void {
    for (const callback of this.#watchers.get(id) ?? []) callback();
  }
}
