// What a worker does with a step of a job. A step has its effect once, however often it is begun: its result is in the store or not, and a
// result that is there is not computed again.
import type { RetryReason } from '../../observability/job-metrics.ts';
import { Refusal } from '../../refusal.ts';
import { retry } from '../../store/retry.ts';
import type { Ended, JobRecord, Node, Records } from '../records.ts';
import { hasEnded, problemOf } from '../records.ts';
import { Stopped } from '../run.ts';
import type { Job, Runner } from '../runner.ts';
import { childrenOf, hasNode, heightOf, nameOf } from '../tree.ts';
import type { JobQueue } from './job-queue.ts';
import type { Requests } from './requests.ts';
import { BEGIN, END, MOST_FAULTS } from './step-names.ts';

/** How often a step may have been in the hand of a worker that ended or was frozen: then it may be what ends them. */
export const MOST_STALLS = 20;

/** How often a worker looks whether the job of its step is still wanted. */
const WATCH_MS = 2_000;

export interface StepsOptions {
  readonly records: Records;
  readonly requests: Requests;
  readonly runner: Runner;
  readonly queue: JobQueue;
  readonly log: { error(error: unknown, message: string): void };
  /** Called after each part, with its outcome and the time that it took, in seconds. */
  readonly onPart: (outcome: 'computed' | 'refused' | 'failed', seconds: number) => void;
  /** Called before a step is tried again. */
  readonly onRetry: (reason: RetryReason) => void;
  /** Called when a job no longer needs its dataset. */
  readonly onEnd: (record: JobRecord) => Promise<void>;
  readonly now?: () => number;
  readonly watchMs?: number;
}

/** A step as it comes from the queue. */
export interface Step {
  readonly name: string;
  readonly data: { readonly owner: string; readonly id: string; readonly height?: number; readonly index?: number };
  readonly priority: number;
  /** How often it has failed, and how often its worker has been lost. */
  readonly faults: number;
  readonly stalls: number;
  /** Rejects if another worker has the step now. */
  readonly confirm: () => Promise<unknown>;
}

export class Steps {
  readonly #options: Required<StepsOptions>;

  constructor(options: StepsOptions) {
    this.#options = { now: Date.now, watchMs: WATCH_MS, ...options };
  }

  /**
   * Does a step, or nothing if its job is gone, has ended, or has begun anew elsewhere. A refusal fails the job, as the last of
   * MOST_FAULTS faults does.
   * @throws the reason of `closing`, if the step is to be done by another worker; a fault after which the step is to be tried again.
   */
  async do(step: Step, closing: AbortSignal): Promise<void> {
    const { owner, id } = step.data;
    const record = await this.#wanted(owner, id);
    if (!record) {
      if (step.name === END) await this.#options.queue.progress.remove(id);
      return;
    }
    const stop = new AbortController();
    const watching = this.#watch(record, stop);
    try {
      await this.#try(step, record, AbortSignal.any([closing, stop.signal]));
    } catch (error) {
      if (closing.aborted) throw closing.reason;
      if (!(error instanceof Stopped)) await this.#failed(step, record, error);
    } finally {
      clearTimeout(watching);
    }
  }

  /** Fails a job of which a step was lost. */
  async giveUp({ owner, id }: Step['data'], reason: string): Promise<void> {
    const record = await this.#wanted(owner, id);
    if (record) await this.#end(record, { state: 'failed', problem: { type: 'internal', refused: { detail: reason } } });
  }

  /** The record of a job that has not ended, and whose results are those of this runner. */
  async #wanted(owner: string, id: string): Promise<JobRecord | undefined> {
    const { records, runner } = this.#options;
    const record = await records.read(owner, id);
    return record && !hasEnded(record) && record.fingerprint === runner.fingerprint ? record : undefined;
  }

  /** Stops a step whose job is no longer wanted. */
  #watch({ owner, id }: JobRecord, stop: AbortController): NodeJS.Timeout {
    const look = async () => {
      // A store that is out of order says nothing of the job.
      const isWanted = await this.#wanted(owner, id).catch(() => true);
      if (!isWanted) stop.abort(new Stopped());
      // Only now, since the store may be slow. Without effect once the timer is cleared.
      timer.refresh();
    };
    const timer = setTimeout(look, this.#options.watchMs).unref();
    return timer;
  }

  async #try(step: Step, record: JobRecord, signal: AbortSignal): Promise<void> {
    const { name, data, stalls } = step;
    if (stalls >= MOST_STALLS) {
      const detail = `a step of the job (${shown(step)}) was lost with its worker ${stalls} times: it may be what ends them`;
      throw new Refusal('internal', { detail });
    }
    if (name === BEGIN) await this.#begin(step, record, signal);
    else if (name === END) await this.#finish(record, signal);
    else if (hasNode(record.plan.parts, data as Node)) await this.#node(step, record, data as Node, signal);
  }

  async #failed(step: Step, record: JobRecord, error: unknown): Promise<void> {
    const { log, onRetry } = this.#options;
    if (!(error instanceof Refusal)) {
      log.error(error, `a step of the job ${record.id} failed`);
      if (step.faults + 1 < MOST_FAULTS) {
        onRetry('fault');
        throw error;
      }
    }
    await this.#end(record, { state: 'failed', problem: problemOf(error, record.id) });
  }

  async #begin(step: Step, record: JobRecord, signal: AbortSignal): Promise<void> {
    const { records, runner, queue, now } = this.#options;
    const divisor = record.divisor ?? (await this.#withRoom(record, signal, (job) => runner.divisor(job, signal)));
    const begun = record.divisor ? record : await records.begin(record, { started: now(), divisor });
    const done = new Set((await records.nodes(begun)).map(nameOf));
    await step.confirm();
    await queue.addRest(begun, done);
  }

  async #node(step: Step, record: JobRecord, node: Node, signal: AbortSignal): Promise<void> {
    const { records, queue } = this.#options;
    const isPart = node.height === 0;
    if (isPart) await queue.turns.begun(step.priority);
    if (!(await records.hasNode(record, node))) {
      const result = await (isPart ? this.#part(record, node.index, signal) : this.#sum(record, node, signal));
      // It may have been removed, or have failed, meanwhile.
      if (!(await this.#wanted(record.owner, record.id))) return;
      await records.writeNode(record, node, result);
    }
    if (isPart) await queue.progress.add(record.id, node.index);
    else for (const child of childrenOf(node, record.plan.parts)) await records.removeNode(record, child);
  }

  async #part(record: JobRecord, i: number, signal: AbortSignal): Promise<Uint8Array> {
    const { runner, onPart } = this.#options;
    let began = performance.now();
    const report = (outcome: Parameters<typeof onPart>[0]) => onPart(outcome, (performance.now() - began) / 1000);
    try {
      const result = await this.#withRoom(record, signal, async (job) => {
        const divisor = record.divisor ?? (await runner.divisor(job, signal));
        began = performance.now();
        return runner.part(job, divisor, i, signal);
      });
      report('computed');
      return result;
    } catch (error) {
      if (!signal.aborted) report(error instanceof Refusal ? 'refused' : 'failed');
      throw error;
    }
  }

  async #sum(record: JobRecord, node: Node, signal: AbortSignal): Promise<Uint8Array> {
    const { records, runner } = this.#options;
    const children = childrenOf(node, record.plan.parts);
    const results = await Promise.all(children.map((child) => records.readNode(record, child)));
    const missing = children.find((_, i) => !results[i]);
    if (missing) throw new Error(`the result ${nameOf(missing)} of the job ${record.id} is not in the store`);
    if (results.length === 1) return results[0] as Uint8Array;
    return this.#withRoom(record, signal, (job) => runner.merge(job, results as Uint8Array[], signal));
  }

  async #finish(record: JobRecord, signal: AbortSignal): Promise<void> {
    const { records, runner } = this.#options;
    const { plan } = record;
    const root = await records.readNode(record, { height: heightOf(plan.parts), index: 0 });
    if (!root) throw new Error(`the result of the job ${record.id} is not in the store`);
    await this.#withRoom(record, signal, async (job) => {
      const divisor = record.divisor ?? (await runner.divisor(job, signal));
      return runner.answer(job, divisor, root, 'application/vnd.safetensors', signal);
    });
    await this.#end(record, { state: 'succeeded' });
  }

  /** Writes the end of a job, and removes what it no longer needs: all nodes but the root, and its steps in the queue. */
  async #end(record: JobRecord, { state, problem }: Pick<Ended, 'state' | 'problem'>): Promise<void> {
    const { records, queue, now, onEnd, log } = this.#options;
    const { parts } = record.plan;
    const isWhole = state === 'succeeded';
    const [completed] = isWhole ? [parts] : await queue.progress.counts([record.id]);
    const ended = await records.end(record, { state, completed, ended: now(), ...(problem && { problem }) });
    const root = nameOf({ height: heightOf(parts), index: 0 });
    for (const node of await records.nodes(ended)) if (!isWhole || nameOf(node) !== root) await records.removeNode(ended, node);
    await queue.remove(record.id);
    await onEnd(ended).catch((error) => log.error(error, 'the dataset of a job could not be freed'));
  }

  /** Calls the runner until there is room for it, and what it reads is there. */
  #withRoom<Result>(record: JobRecord, signal: AbortSignal, call: (job: Job) => Promise<Result>): Promise<Result> {
    const { requests, onRetry } = this.#options;
    const { operation, mediaType, plan } = record;
    const work = async () => {
      const bytes = await requests.of(record);
      if (!bytes) throw new Stopped();
      return call({ request: { operation, mediaType, bytes }, plan });
    };
    const mayPass = (error: unknown) => {
      const type = error instanceof Refusal ? error.type : undefined;
      if (type !== 'overloaded' && type !== 'unavailable') return false;
      onRetry(type === 'overloaded' ? 'room' : 'store');
      return true;
    };
    return retry(work, { signal, mayPass });
  }
}

function shown({ name, data: { height, index } }: Step): string {
  if (height === undefined) return name;
  return height === 0 ? `part ${index}` : `sum ${height}-${index}`;
}
