// The jobs of all owners: made from requests, run part by part, and kept with their results for some time.
import { randomBytes } from 'node:crypto';
import type { Config } from '../../schemas/config.ts';
import type { Divisor } from '../backprop/reduction.ts';
import { Refusal } from '../refusal.ts';
import { hashOf } from '../store/keys.ts';
import { OneByOne } from '../store/one-by-one.ts';
import type { Store } from '../store/store.ts';
import type { Encoded } from '../wire/codec.ts';
import type { MediaType } from '../wire/codecs.ts';
import { ARITY } from '../work/sums.ts';
import { hasEnded, type JobRecord, Records } from './records.ts';
import type { JobRequest, Runner } from './runner.ts';
import type { Scheduler } from './scheduler.ts';
import { heightOf } from './tree.ts';

/** What is left of a job without a record is removed after this time, in milliseconds. */
const LEFT_MS = 3_600_000;

export interface JobsOptions {
  /** Opens the store, when it is first needed. */
  readonly store: () => Promise<Store>;
  /** Plans jobs, and makes their answers of their results. */
  readonly runner: Runner;
  /** Has jobs computed. */
  readonly scheduler: Scheduler;
  readonly limits: Pick<Config, 'MAX_JOBS' | 'JOB_TTL'>;
  /**
   * Checks that an owner may store so many bytes more.
   * @throws Refusal `storage-full`.
   */
  readonly reserve: (owner: string, bytes: number) => Promise<void>;
  /** Called when a job no longer needs its dataset. */
  readonly onEnd: (record: JobRecord) => Promise<void>;
  /** In milliseconds since 1970. */
  readonly now?: () => number;
  readonly log: { error(error: unknown, message: string): void };
}

export class Jobs {
  readonly #options: Required<JobsOptions>;
  /** By owner, so that the limits and the keys hold. */
  readonly #submissions = new OneByOne();

  constructor(options: JobsOptions) {
    this.#options = { now: Date.now, ...options };
  }

  /**
   * Makes a job, or returns the one that was made with the same idempotency key.
   * @throws Refusal of any type about the request; `too-many-jobs`, `storage-full`, `idempotency-key-reused`.
   */
  async submit(owner: string, request: JobRequest, key?: string): Promise<JobRecord> {
    const records = await this.#open();
    const digest = hashOf(`${request.operation}\n${request.mediaType}\n`, request.bytes);
    const keyDigest = key === undefined ? undefined : hashOf(key);
    return this.#submissions.do(owner, async () => {
      const same = keyDigest && (await records.withKey(owner, keyDigest));
      if (same && !this.#isExpired(same)) {
        if (same.digest !== digest)
          throw new Refusal('idempotency-key-reused', {
            detail: 'this Idempotency-Key belongs to a job that was made from another request: use a new key',
          });
        // Its queue may have been lost.
        if (!hasEnded(same)) await this.#options.scheduler.restart(same);
        return this.#latest(same);
      }
      const {
        limits: { MAX_JOBS },
        runner,
        reserve,
        scheduler,
      } = this.#options;
      if ((await this.#alive(owner)).length >= MAX_JOBS)
        throw new Refusal('too-many-jobs', {
          detail: `${MAX_JOBS} jobs, as many as one client may have (MAX_JOBS): delete those that are no longer needed`,
        });
      await scheduler.check();
      const { operation, mediaType } = request;
      const plan = await runner.plan(owner, request);
      // At each height of the tree, siblings wait for each other.
      const nodes = ARITY * heightOf(plan.parts) + 1;
      await reserve(owner, request.bytes.length + nodes * plan.nodeBytes);
      const record: JobRecord = {
        id: randomBytes(16).toString('hex'),
        owner,
        fingerprint: runner.fingerprint,
        operation,
        mediaType,
        plan,
        digest,
        ...(keyDigest !== undefined && { keyDigest }),
        state: 'queued',
        completed: 0,
        created: this.#options.now(),
      };
      await records.add(record, request.bytes);
      await scheduler.start(record);
      return record;
    });
  }

  /** Undefined if the owner has no such job, or it has expired. */
  async get(owner: string, id: string): Promise<JobRecord | undefined> {
    const record = await (await this.#open()).read(owner, id);
    return record && !this.#isExpired(record) ? this.#latest(record) : undefined;
  }

  /** The jobs of an owner, newest first. */
  async list(owner: string): Promise<JobRecord[]> {
    const latest = await this.#options.scheduler.latest(await this.#alive(owner));
    return latest.sort((a, b) => b.created - a.created || a.id.localeCompare(b.id));
  }

  /** Cancels a job, if it runs, and removes it. Returns whether there was one. */
  async remove(owner: string, id: string): Promise<boolean> {
    const record = await this.get(owner, id);
    if (!record) return false;
    // It is in the store before it is started: started after its end, it would run for nobody.
    await this.#submissions.do(owner, async () => {});
    await this.#remove(record);
    return true;
  }

  /**
   * The answer of a job that has succeeded.
   * @throws Refusal: that of a job that has failed; `not-finished`.
   */
  async result(record: JobRecord, answerType: MediaType): Promise<Encoded> {
    const { problem, divisor, plan, operation, mediaType, state, completed } = record;
    if (problem) throw new Refusal(problem.type, problem.refused);
    if (state !== 'succeeded')
      throw new Refusal(
        'not-finished',
        { detail: `the job is ${state}: ${completed} of ${plan.parts} parts are completed` },
        RETRY_SECONDS,
      );
    const records = await this.#open();
    const [bytes, root] = (await Promise.all([
      records.request(record),
      records.readNode(record, { height: heightOf(plan.parts), index: 0 }),
    ])) as Buffer<ArrayBuffer>[];
    return this.#options.runner.answer({ request: { operation, mediaType, bytes }, plan }, divisor as Divisor, root, answerType);
  }

  /** Calls back whenever the record of a job changes, as far as this process notices. Returns a function that ends this. */
  watch(id: string, callback: () => void): () => void {
    return this.#options.scheduler.watch(id, callback);
  }

  /** The bytes of an owner's jobs in the store. */
  async bytesOf(owner: string): Promise<number> {
    return (await this.#open()).bytesOf(owner);
  }

  /** The objects of the store that jobs read. */
  async pins(): Promise<Set<string>> {
    return (await this.#open()).pins();
  }

  /** The jobs of this process by their states, for metrics. */
  get counts(): { readonly queued: number; readonly running: number } {
    return this.#options.scheduler.counts;
  }

  /** Goes on with the jobs that were interrupted. */
  async resume(): Promise<void> {
    const interrupted = await (await this.#open()).unended();
    for (const record of interrupted.sort((a, b) => a.created - b.created)) await this.#options.scheduler.start(record);
  }

  /** Removes what has expired. */
  async sweep(): Promise<void> {
    const records = await this.#open();
    for (const record of await records.all()) if (this.#isExpired(record)) await this.#remove(record);
    await records.sweep(this.#options.now() - LEFT_MS);
  }

  /** Interrupts all jobs: they go on when the service is started again. */
  async close(): Promise<void> {
    await this.#options.scheduler.close();
  }

  /** When a job that has ended is removed, in milliseconds since 1970. */
  expiryOf({ ended }: JobRecord): number | undefined {
    return ended === undefined ? undefined : ended + this.#options.limits.JOB_TTL * 1000;
  }

  #isExpired(record: JobRecord): boolean {
    return (this.expiryOf(record) ?? Infinity) <= this.#options.now();
  }

  /** The jobs of an owner as the store has them. */
  async #alive(owner: string): Promise<JobRecord[]> {
    return (await (await this.#open()).all(owner)).filter((record) => !this.#isExpired(record));
  }

  /** The record as it is now: that in the store may be older. */
  async #latest(record: JobRecord): Promise<JobRecord> {
    const [latest] = await this.#options.scheduler.latest([record]);
    return latest;
  }

  async #remove(record: JobRecord): Promise<void> {
    const records = await this.#open();
    await this.#options.scheduler.cancel(record, () => records.remove(record));
    await this.#freeData(record);
  }

  async #freeData(record: JobRecord): Promise<void> {
    const { onEnd, log } = this.#options;
    await onEnd(record).catch((error) => log.error(error, 'the dataset of a job could not be freed'));
  }

  async #open(): Promise<Records> {
    return new Records(await this.#options.store());
  }
}

/** Retry-After for a job that has not ended. */
export const RETRY_SECONDS = 1;
