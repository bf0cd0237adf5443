// Runs requests: small ones inline, on the event loop; large ones in threads, so that small ones need not wait.
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../../schemas/config.ts';
import type { Engine } from '../linalg/engine.ts';
import type { ChosenEngine } from '../linalg/engines.ts';
import { sharedCollector } from '../memory/garbage.ts';
import { Answerer, type Task } from '../operations/answer.ts';
import type { Data, Wanted } from '../operations/data.ts';
import { limitsOf } from '../operations/limits.ts';
import type { Registry } from '../operations/operation.ts';
import type { Phase, Report } from '../operations/report.ts';
import type { Step, StepResults, StepTask } from '../operations/steps.ts';
import { Refusal } from '../refusal.ts';
import type { Encoded } from '../wire/codec.ts';
import { Admission, type Ticket } from './admission.ts';
import { Budget, shareBudget } from './budget.ts';
import { INLINE_BODY_BYTES, needsThread } from './inline.ts';
import type { Outcome } from './messages.ts';
import { Resident, type Source } from './resident.ts';
import { type Job, ThreadEnded, Threads } from './threads.ts';

export interface Pool {
  /** A ticket for one request of `client` (API key digest or address). Nothing is reserved yet. */
  admit(client: string): Ticket;
  /**
   * Checks whether a body of `announcedBytes` would be admitted now; reserves nothing.
   * @throws Refusal `overloaded`, if not.
   */
  check(announcedBytes: number, client: string): void;
  /**
   * Answers a request, and fills in its report. A small request is answered synchronously, without a promise; a large one in a
   * thread, to which the buffer of the task is transferred. The `owner` is that of the dataset that the request may name. Undefined if the ticket ended before there was an answer.
   * @throws Refusal of any type about the body, `overloaded` or `deadline-exceeded`: synchronously or as a rejection.
   */
  run(task: Task, ticket: Ticket, report: Report, owner: string): Encoded | Promise<Encoded | undefined>;
  /**
   * Runs a step of a job in a thread that no request needs. `heldBytes` is the memory of its data. When `signal` is aborted, the step is
   * given up.
   * @throws Refusal of any type about the request or its data; `overloaded`; ThreadEnded; the reason of the signal.
   */
  step<Name extends Step['step']>(
    task: StepTask & { readonly step: Name },
    heldBytes: number,
    signal?: AbortSignal,
  ): Promise<StepResults[Name]>;
  /** What the requests in flight leave of MEMORY_BUDGET, in bytes. */
  readonly room: number;
  /** Resolves when every thread has loaded; rejects if one cannot. */
  readonly ready: Promise<void>;
  readonly state: PoolState;
  readonly threads: readonly Worker[];
  /** Cancels all work, and ends the threads. */
  close(): Promise<void>;
}

/** The current load, for metrics and readiness. */
export interface PoolState {
  readonly threads: number;
  readonly busy: number;
  readonly waiting: number;
  readonly mayWait: number;
  /** The memory of the requests in flight, in bytes. */
  readonly memory: number;
  /** MEMORY_BUDGET, the limit for large requests, in bytes. */
  readonly budget: number;
  /** Whether a large request would be refused now, from any client. */
  readonly overloaded: boolean;
  /** The number of threads that ended unexpectedly. */
  readonly deaths: number;
}

/** Starts a pool with one thread per core. Requests may name the datasets of `source`. A pool `isForJobs` leaves no thread to requests. */
export function startPool(
  chosen: ChosenEngine,
  registry: Registry,
  config: Config,
  log: Pick<FastifyBaseLogger, 'error'>,
  source: Source,
  isForJobs = false,
): Pool {
  return new ThreadPool(chosen, registry, config, log, source, isForJobs);
}

class ThreadPool implements Pool {
  readonly ready: Promise<void>;
  readonly #isForJobs: boolean;
  readonly #engine: Engine;
  readonly #config: Config;
  readonly #log: Pick<FastifyBaseLogger, 'error'>;
  readonly #answerer: Answerer;
  readonly #count = availableParallelism();
  readonly #heapMiB: number;
  readonly #admission: Admission;
  readonly #threads: Threads;
  readonly #resident: Resident;
  #deaths = 0;

  constructor(
    { engine, choice }: ChosenEngine,
    { module, operations }: Registry,
    config: Config,
    log: Pick<FastifyBaseLogger, 'error'>,
    source: Source,
    isForJobs: boolean,
  ) {
    this.#isForJobs = isForJobs;
    this.#engine = engine;
    this.#config = config;
    this.#log = log;
    const limits = limitsOf(config);
    this.#answerer = new Answerer(operations, engine, limits);
    this.#heapMiB = heapMiBOf(config.BODY_LIMIT);
    const shared = shareBudget(config.MEMORY_BUDGET, this.#count + config.MAX_QUEUE);
    const budget = new Budget(shared);
    this.#resident = new Resident(source, budget);
    budget.release = (bytes) => this.#resident.release(bytes);
    this.#admission = new Admission(budget, this.#count, config.MAX_QUEUE);
    this.#threads = new Threads({
      count: this.#count,
      data: { engine: choice, limits, budget: shared, threads: this.#count, registry: module },
      heapMiB: this.#heapMiB,
      mayHelp: () => this.#admission.isQuiet,
      onDeath: (error) => this.#died(error),
    });
    this.ready = this.#threads.ready;
  }

  admit(client: string): Ticket {
    return this.#admission.admit(client);
  }

  check(announcedBytes: number, client: string): void {
    this.#admission.check(announcedBytes, client);
  }

  run(task: Task, ticket: Ticket, report: Report, owner: string): Encoded | Promise<Encoded | undefined> {
    const isSmall = task.bytes.length <= INLINE_BODY_BYTES && !this.#resident.mayNeedThread(owner, task.bytes);
    const here = isSmall ? this.#runHere(task, report) : undefined;
    if (typeof here === 'string' || Buffer.isBuffer(here)) return here;
    return here ? this.#runWithData(task, here, ticket, report, owner) : this.#runInThread(task, ticket, report, owner);
  }

  async step<Name extends Step['step']>(
    task: StepTask & { readonly step: Name },
    heldBytes: number,
    signal?: AbortSignal,
  ): Promise<StepResults[Name]> {
    signal?.throwIfAborted();
    const ticket = this.#admission.admit(JOBS);
    try {
      const held = heldBytes + task.bytes.length;
      ticket.grow(held);
      const job = this.#begin({ ...task, held }, ticket, !this.#isForJobs);
      const giveUp = () => job.giveUp(signal?.reason);
      signal?.addEventListener('abort', giveUp);
      const outcome = (await job.outcome
        .catch((error) => {
          throw signal?.aborted || error instanceof ThreadEnded ? error : this.#explained(error);
        })
        .finally(() => signal?.removeEventListener('abort', giveUp))) as Outcome;
      if ('refusal' in outcome) throw this.#refusalOf(outcome.refusal);
      return (outcome as Extract<Outcome, { value: unknown }>).value as StepResults[Name];
    } finally {
      ticket.end();
      // Its data are in shared memory.
      sharedCollector.add(heldBytes);
    }
  }

  get state(): PoolState {
    const { busy, waiting, memory, overloaded } = this.#admission;
    const { MAX_QUEUE, MEMORY_BUDGET } = this.#config;
    return {
      threads: this.#count,
      busy,
      waiting,
      mayWait: MAX_QUEUE,
      memory,
      budget: MEMORY_BUDGET,
      overloaded,
      deaths: this.#deaths,
    };
  }

  get room(): number {
    return this.#admission.room;
  }

  get threads(): readonly Worker[] {
    return this.#threads.workers;
  }

  close(): Promise<void> {
    return this.#threads.close();
  }

  /** Answers a request inline; undefined if that would take too long. Or says which dataset the request wants. */
  #runHere(task: Task, report: Report): Encoded | Wanted | undefined {
    return this.#engine.scratch.recycle(() => {
      const prepared = this.#answerer.prepare(task, report);
      if ('dataset' in prepared) return prepared;
      return needsThread(task.bytes.length, prepared.cost, prepared.answerBytes) ? undefined : prepared.run();
    });
  }

  /** Answers a small request that wants a dataset. */
  async #runWithData(task: Task, wanted: Wanted, ticket: Ticket, report: Report, owner: string): Promise<Encoded | undefined> {
    const data = await this.#dataFor(task, wanted, ticket, owner);
    const withData = { ...task, data };
    // It wants no other rows: these were read for it.
    const here = this.#runHere(withData, report);
    this.#resident.learn(owner, here === undefined);
    return here === undefined ? this.#runInThread(withData, ticket, report, owner) : (here as Encoded);
  }

  /** The rows that a request wants; if they do not stay in memory, they are held by its ticket. */
  #dataFor({ bytes }: Task, wanted: Wanted, ticket: Ticket, owner: string): Promise<Data> {
    const { MAX_MEMORY } = this.#config;
    return this.#resident.rowsFor(owner, wanted, (rowsBytes) => {
      if (rowsBytes > MAX_MEMORY) throw tooManyRows(rowsBytes, MAX_MEMORY);
      ticket.grow(bytes.length + rowsBytes);
    });
  }

  async #runInThread(task: Task, ticket: Ticket, report: Report, owner: string): Promise<Buffer<ArrayBuffer> | undefined> {
    const mayName = !task.data && this.#resident.mayName(owner, task.bytes);
    const data = mayName ? await this.#resident.likely(owner) : task.data;
    if (ticket.hasEnded) return undefined;
    const came = performance.timeOrigin + performance.now();
    const job = this.#begin(data ? { ...task, data } : task, ticket);
    const { DEADLINE_MS } = this.#config;
    const deadline = setTimeout(() => job.giveUp(tooLate(DEADLINE_MS)), DEADLINE_MS);
    const outcome = await job.outcome
      .catch((error) => {
        throw this.#explained(error);
      })
      .finally(() => clearTimeout(deadline));
    if (!outcome) return undefined;
    if (!('wanted' in outcome)) {
      const answer = this.#read(outcome, came, report);
      if (data)
        this.#resident.learn(
          owner,
          needsThread(task.bytes.length, { flops: report.flops as number, computedNumbers: 0 }, answer.length),
        );
      return answer;
    }
    const again = { ...task, bytes: outcome.bytes };
    return this.#runInThread(
      { ...again, data: await this.#dataFor(again, outcome.wanted, ticket, owner) },
      ticket,
      report,
      owner,
    );
  }

  /** Gives a task to the threads. */
  #begin(task: Task | (StepTask & { held: number }), ticket: Ticket, isInBackground = false): Job {
    const place = ticket.enter(isInBackground);
    const job = this.#threads.run({ ...task, bytes: owned(task.bytes), place }, () => ticket.leave(), isInBackground);
    ticket.onEnd(job.giveUp);
    return job;
  }

  /** Returns the answer of a thread, or throws its refusal. Adds the thread's phases to those already in the report. */
  #read(outcome: Outcome, came: number, report: Report): Buffer<ArrayBuffer> {
    const { phases, ...rest } = outcome.report;
    Object.assign(report, rest);
    report.phases.queue = Math.max(0, outcome.began - came);
    let total = 0;
    for (const [phase, ms] of Object.entries(phases)) {
      report.phases[phase as Phase] = (report.phases[phase as Phase] ?? 0) + ms;
      total += ms;
    }
    this.#admission.learn(total / 1000);
    if ('refusal' in outcome) throw this.#refusalOf(outcome.refusal);
    const { answer } = outcome as Extract<Outcome, { answer: unknown }>;
    return Buffer.from(answer.buffer, answer.byteOffset, answer.length);
  }

  #refusalOf({ type, refused }: Extract<Outcome, { refusal: unknown }>['refusal']): Refusal {
    if (type !== 'overloaded') return new Refusal(type, refused);
    // The thread found no room: datasets give way to requests.
    this.#resident.release(this.#resident.bytes);
    return new Refusal(type, refused, this.#admission.retryAfter);
  }

  #died(error: NodeJS.ErrnoException): void {
    this.#deaths++;
    // Running out of memory is a problem of the request, not of the service.
    if (error.code !== OUT_OF_MEMORY) this.#log.error(error);
  }

  /** Translates the error of a thread to the refusal of its request. */
  #explained(error: NodeJS.ErrnoException): Error {
    if (error.code === OUT_OF_MEMORY)
      return new Refusal('too-much-memory', {
        detail: `the request took more than the ${this.#heapMiB} MiB of a thread to read or to answer`,
      });
    if (error instanceof ThreadEnded)
      return new Refusal('overloaded', { detail: 'the thread that computed the answer was ended' }, this.#admission.retryAfter);
    return error;
  }
}

/**
 * The bytes of a task for transfer to a thread. A small body that is only a part of its ArrayBuffer may share it, and is copied; a large
 * one owns its ArrayBuffer, which may be longer.
 */
function owned(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.length < bytes.buffer.byteLength && bytes.length <= INLINE_BODY_BYTES ? Uint8Array.from(bytes) : bytes;
}

/** The client whose requests the steps of jobs are. */
const JOBS = 'jobs';

const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';

/**
 * The heap limit of a thread, in MiB, for the largest body in bytes: the objects of a document take up to ten times the size of
 * its text. A request that needs more ends its thread, but no other.
 */
function heapMiBOf(bodyLimit: number): number {
  return 64 + Math.ceil((16 * bodyLimit) / 2 ** 20);
}

function tooManyRows(bytes: number, limit: number): Refusal {
  const detail =
    `the rows take ${bytes} bytes, more than the limit of ${limit} (MAX_MEMORY): ` +
    'select fewer rows and merge the answers by their divisors, or send the request as a job (Prefer: respond-async)';
  return new Refusal('too-much-memory', { detail, errors: [{ pointer: '/batch/dataset', detail }] });
}

function tooLate(ms: number): Refusal {
  return new Refusal('deadline-exceeded', { detail: `not answered within ${ms} ms (DEADLINE_MS)` });
}
