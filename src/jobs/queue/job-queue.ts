// The queue of the steps of jobs, in BullMQ. Each fingerprint has its own: workers of another one never see its steps.
import { FlowProducer, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { QueueState } from '../../observability/job-metrics.ts';
import type { JobRecord } from '../records.ts';
import { PREFIX, Progress } from './progress.ts';
import { BEGIN, beginOf, completedParts, endOf, flowOf, OPTIONS, type StepData } from './step-names.ts';
import { OwnersTurns } from './turns.ts';

/** For so long after its last sign of life, a worker counts as there. */
const ALIVE_SECONDS = 30;

interface Opened {
  readonly queue: Queue<StepData>;
  readonly flows: FlowProducer;
}

export function queueNameOf(fingerprint: string): string {
  return `jobs-${fingerprint}`;
}

export class JobQueue {
  readonly name: string;
  readonly progress: Progress;
  readonly turns: OwnersTurns;
  readonly #redis: Redis;
  #opened: Promise<Opened> | undefined;

  /** Errors of the connection are the caller's to handle: it owns the connection. */
  constructor(redis: Redis, fingerprint: string) {
    this.name = queueNameOf(fingerprint);
    this.#redis = redis;
    this.progress = new Progress(redis);
    this.turns = new OwnersTurns(redis, this.name);
  }

  /** Adds the first step of a job. It adds the others when it has run. */
  async addBegin({ owner, id }: JobRecord): Promise<void> {
    const { queue } = await this.#open();
    await queue.add(BEGIN, { owner, id }, { ...OPTIONS, jobId: beginOf(id) });
  }

  /** Adds the steps that are left of a job, of whose nodes these are `done`. */
  async addRest(record: JobRecord, done: ReadonlySet<string>): Promise<void> {
    const { id, owner, plan } = record;
    await this.progress.set(id, completedParts(plan.parts, done));
    const priorityOf = await this.turns.take(owner, plan.parts);
    const { flows } = await this.#open();
    await flows.add(flowOf(record, this.name, done, priorityOf));
  }

  /** Whether steps of a job are in the queue. */
  async has(id: string): Promise<boolean> {
    const { queue } = await this.#open();
    return (await this.#redis.exists(queue.toKey(beginOf(id)), queue.toKey(endOf(id)))) > 0;
  }

  /** Removes the steps of a job that no worker has in hand. */
  async remove(id: string): Promise<void> {
    await this.progress.remove(id);
    const { queue } = await this.#open();
    const end = await queue.getJob(endOf(id));
    await end?.removeUnprocessedChildren();
    for (const step of [endOf(id), beginOf(id)]) await queue.remove(step);
  }

  async state(): Promise<QueueState> {
    const { queue } = await this.#open();
    const counts = await queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'waiting-children');
    const heads = await Promise.all([queue.getWaiting(0, 0), queue.getPrioritized(0, 0)]);
    const oldest = Math.min(Date.now(), ...heads.flat().map(({ timestamp }) => timestamp));
    return {
      steps: {
        waiting: counts.wait + counts.prioritized,
        active: counts.active,
        delayed: counts.delayed,
        blocked: counts['waiting-children'],
      },
      ageSeconds: (Date.now() - oldest) / 1000,
    };
  }

  /** A worker of this fingerprint is there. */
  async signOfLife(): Promise<void> {
    await this.#redis.set(`${PREFIX}:workers:${this.name}`, 1, 'EX', ALIVE_SECONDS);
  }

  /** Whether workers of a fingerprint are there. */
  async hasWorkers(fingerprint: string): Promise<boolean> {
    return (await this.#redis.exists(`${PREFIX}:workers:${queueNameOf(fingerprint)}`)) > 0;
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    if (opened) await Promise.allSettled([opened.queue.close(), opened.flows.close()]);
  }

  /** BullMQ's objects wait for their first connection, and are useless if that fails: they are made when there is one. */
  #open(): Promise<Opened> {
    this.#opened ??= this.#make().catch((error) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #make(): Promise<Opened> {
    await this.#redis.ping();
    const options = { connection: this.#redis, prefix: PREFIX };
    const [queue, flows] = [new Queue<StepData>(this.name, options), new FlowProducer(options)];
    queue.on('error', () => {});
    flows.on('error', () => {});
    await Promise.all([queue.waitUntilReady(), flows.waitUntilReady()]);
    return { queue, flows };
  }
}
