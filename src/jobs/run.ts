// Runs one job: its divisor, its parts and their sums, until there is the result of the root. What is in the store is not computed again.
import { Refusal } from '../refusal.ts';
import { retry, type Wait } from '../store/retry.ts';
import { ARITY } from '../work/sums.ts';
import { hasEnded, type JobRecord, type Node, problemOf, type Records } from './records.ts';
import type { Job, Runner } from './runner.ts';
import { childrenOf, heightOf, isCovered, nameOf, parentOf } from './tree.ts';
import type { Turns } from './turns.ts';

/** Thrown where a run does not go on: its job was removed, another part has failed, or the process ends. */
export class Stopped extends Error {}

/** How often an error that is no refusal is met before the job fails. */
const MOST_FAULTS = 3;

export interface RunOptions {
  readonly records: Records;
  readonly runner: Runner;
  readonly turns: Turns;
  /** How many parts of a job are computed, or wait for their turn, at a time. */
  readonly partsAtOnce: number;
  readonly wait?: Wait;
  readonly now: () => number;
  readonly log: { error(error: unknown, message: string): void };
  /** Called after each part, with its outcome and the time that it took, in seconds. */
  readonly onPart: (outcome: 'computed' | 'refused' | 'failed', seconds: number) => void;
}

export class Run {
  record: JobRecord;
  readonly #options: RunOptions;
  readonly #watchers = new Set<() => void>();
  /** The nodes whose results are there. */
  readonly #done = new Set<string>();
  /** Changes of the record and merges, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #completed = 0;
  readonly #stop = new AbortController();

  constructor(record: JobRecord, options: RunOptions) {
    this.record = record;
    this.#options = options;
  }

  /** Calls back whenever the record changes, and when the job is removed. Returns a function that ends this. */
  watch(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  /** Parts in flight may end, but nothing of them is kept. */
  stop(): void {
    this.#stop.abort(new Stopped());
  }

  /** Calls back all that watch. */
  notify(): void {
    for (const callback of this.#watchers) callback();
  }

  /** Resolves when nothing is written any longer. */
  async settled(): Promise<void> {
    await this.#queue.catch(() => {});
  }

  /** Resolves when the job has ended, or was stopped. */
  async run(): Promise<void> {
    const { now, log } = this.#options;
    try {
      await this.#withStore(() => this.#compute());
      await this.#withStore(() => this.#change({ state: 'succeeded', ended: now(), completed: this.record.plan.parts }));
    } catch (error) {
      if (error instanceof Stopped || this.#stop.signal.aborted) return;
      if (!(error instanceof Refusal)) log.error(error, `the job ${this.record.id} failed`);
      await this.#fail(problemOf(error, this.record.id));
    }
  }

  /** Does work again, after longer and longer, while the store does not answer. */
  #withStore(work: () => Promise<void>): Promise<void> {
    const mayPass = (error: unknown) => error instanceof Refusal && error.type === 'unavailable';
    return retry(work, { signal: this.#stop.signal, wait: this.#options.wait, mayPass });
  }

  async #fail(problem: NonNullable<JobRecord['problem']>): Promise<void> {
    const { now, log, records } = this.#options;
    try {
      for (const node of await records.nodes(this.record)) await records.removeNode(this.record, node);
      await this.#change({ state: 'failed', ended: now(), problem });
    } catch (error) {
      // The store is out of order: the job goes on after a restart.
      if (!(error instanceof Stopped)) log.error(error, `the end of the job ${this.record.id} could not be written`);
    }
  }

  async #compute(): Promise<void> {
    const { records, runner, now } = this.#options;
    const { plan } = this.record;
    this.#done.clear();
    this.#completed = 0;
    for (const node of await records.nodes(this.record)) this.#done.add(nameOf(node));
    for (let i = 0; i < plan.parts; i++) if (this.#covers(i)) this.#completed++;
    await this.#inTurn(async () => {
      if (this.record.state === 'queued') await this.#change({ state: 'running', started: now() });
    });
    if (!this.record.divisor) {
      const divisor = await this.#attempt((job) => this.#inTurn(() => runner.divisor(job)));
      await this.#change({ divisor });
    }
    await this.#computeParts();
    // After a restart, merges may be left.
    for (let i = 0; i < plan.parts; i += ARITY) await this.#inOrder(() => this.#mergeUp({ height: 0, index: i }));
    const root = await records.readNode(this.record, { height: heightOf(plan.parts), index: 0 });
    const divisor = this.record.divisor as NonNullable<JobRecord['divisor']>;
    await this.#attempt((job) =>
      this.#inTurn(() => runner.answer(job, divisor, root as Uint8Array, 'application/vnd.safetensors')),
    );
  }

  /** Does work when it is this job's turn. */
  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const { owner, id } = this.record;
    const end = await this.#options.turns.take(owner, id);
    try {
      this.#check();
      return await work();
    } finally {
      end();
    }
  }

  /** Computes the parts that are not there, some at a time. After the first that fails, no more are begun. */
  async #computeParts(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    const left = this.#leavesLeft();
    // All share the same leaves: each takes the next one.
    const compute = async () => {
      for (const i of left) {
        try {
          await this.#computePart(i, () => failure !== undefined);
        } catch (error) {
          failure ??= { error };
          return;
        }
      }
    };
    await Promise.all(Array.from({ length: this.#options.partsAtOnce }, compute));
    if (failure) throw failure.error;
  }

  /** The leaves whose results are not there yet. */
  *#leavesLeft(): Generator<number> {
    for (let i = 0; i < this.record.plan.parts; i++) if (!this.#covers(i)) yield i;
  }

  /** Computes a part, unless another one `hasFailed` when it is its turn. */
  async #computePart(i: number, hasFailed: () => boolean): Promise<void> {
    const { records, runner, onPart } = this.#options;
    const divisor = this.record.divisor as NonNullable<JobRecord['divisor']>;
    let began = 0;
    const report = (outcome: Parameters<typeof onPart>[0]) => onPart(outcome, (performance.now() - began) / 1000);
    let result: Uint8Array;
    try {
      result = await this.#attempt((job) =>
        this.#inTurn(() => {
          if (hasFailed()) throw new Stopped();
          began = performance.now();
          return runner.part(job, divisor, i);
        }),
      );
    } catch (error) {
      if (!(error instanceof Stopped)) report(error instanceof Refusal ? 'refused' : 'failed');
      throw error;
    }
    report('computed');
    await this.#inOrder(async () => {
      await records.writeNode(this.record, { height: 0, index: i }, result);
      this.#done.add(nameOf({ height: 0, index: i }));
      await this.#mergeUp({ height: 0, index: i });
    });
    await this.#change({ completed: ++this.#completed });
  }

  /** Merges the siblings of a node that is there, if they all are, and so on up to the root; drops what has been merged. */
  async #mergeUp(node: Node): Promise<void> {
    const { records, runner } = this.#options;
    const { parts } = this.record.plan;
    if (node.height === heightOf(parts)) return;
    const parent = parentOf(node);
    const children = childrenOf(parent, parts);
    if (!this.#done.has(nameOf(parent))) {
      if (!children.every((child) => this.#done.has(nameOf(child)))) return;
      const results = await Promise.all(children.map((child) => records.readNode(this.record, child)));
      const sum =
        results.length === 1
          ? (results[0] as Uint8Array)
          : await this.#attempt((job) => runner.merge(job, results as Uint8Array[]));
      await records.writeNode(this.record, parent, sum);
      this.#done.add(nameOf(parent));
    }
    for (const child of children) {
      if (this.#done.delete(nameOf(child))) await records.removeNode(this.record, child);
    }
    await this.#mergeUp(parent);
  }

  /** Whether the result of a leaf is there, or in that of a node above it. */
  #covers(leaf: number): boolean {
    return isCovered(leaf, this.record.plan.parts, this.#done);
  }

  /** Calls the runner until there is room for it, and again after a fault. */
  #attempt<Result>(call: (job: Job) => Promise<Result>): Promise<Result> {
    let faults = 0;
    const work = async () => {
      this.#check();
      return call(await this.#job());
    };
    const mayPass = (error: unknown) => {
      this.#check();
      if (error instanceof Stopped) return false;
      return error instanceof Refusal ? TEMPORARY.has(error.type) : ++faults < MOST_FAULTS;
    };
    return retry(work, { signal: this.#stop.signal, wait: this.#options.wait, mayPass });
  }

  /** The job with its request. That is not kept in memory: there may be many jobs. */
  async #job(): Promise<Job> {
    const { operation, mediaType, plan } = this.record;
    const bytes = await this.#options.records.request(this.record);
    if (!bytes) throw new Stopped();
    return { request: { operation, mediaType, bytes: bytes as Uint8Array<ArrayBuffer> }, plan };
  }

  #change(changes: Partial<JobRecord>): Promise<void> {
    return this.#inOrder(async () => {
      const record = { ...this.record, ...changes };
      await this.#options.records.write(record);
      this.record = record;
      this.notify();
    });
  }

  /** Does work after that before it, unless the run was stopped. */
  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#queue
      .catch(() => {})
      .then(() => {
        this.#check();
        return work();
      });
    this.#queue = next;
    next.catch(() => {});
    return next;
  }

  /** @throws Stopped. */
  #check(): void {
    if (this.#stop.signal.aborted || hasEnded(this.record)) throw new Stopped();
  }
}

/** Refusals after which the same step may succeed. */
const TEMPORARY: ReadonlySet<string> = new Set(['overloaded', 'deadline-exceeded', 'unavailable']);
