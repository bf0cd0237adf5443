// The threads of the pool. Each runs one task at a time; tasks wait in a FIFO queue. A thread that ends is replaced.
import { type MessagePort, Worker } from 'node:worker_threads';
import { Refusal } from '../refusal.ts';
import { Control } from './control.ts';
import {
  type FromThread,
  HELPED,
  type HelpWanted,
  type Join,
  LOADED,
  type Outcome,
  type PlacedTask,
  type ThreadData,
} from './messages.ts';

/** The delay before a thread that failed to load is restarted. */
const RESTART_MS = 1_000;

/** Retry-After while the service shuts down: another instance may have taken over by then. */
const RETRY_SECONDS = 1;

export interface ThreadsOptions {
  readonly count: number;
  readonly data: ThreadData;
  /** The heap limit of a thread, in MiB. */
  readonly heapMiB: number;
  /** Whether idle threads help others. They should not if requests are about to arrive: most of what helping takes is at its beginning. */
  readonly mayHelp: () => boolean;
  /** Called when a thread ends unexpectedly. */
  readonly onDeath: (error: Error) => void;
}

/** A task that waits for a thread or runs in one. */
export interface Job {
  /**
   * The outcome of the task; undefined if it was cancelled without a reason. Rejects with the reason, or with the error of its
   * thread.
   */
  readonly outcome: Promise<Outcome | undefined>;
  /** Cancels the task: removes it from the queue, or ends its thread. No effect once the task has finished. */
  giveUp(reason?: Error): void;
}

interface Queued {
  readonly task: PlacedTask;
  readonly free: () => void;
  readonly resolve: (outcome: Outcome | undefined) => void;
  readonly reject: (reason: Error) => void;
  thread: Thread | undefined;
  readonly isInBackground: boolean;
}

interface Thread {
  readonly worker: Worker;
  hasLoaded: boolean;
  /** Whether the thread is being ended on purpose. */
  isEnding: boolean;
  job: Queued | undefined;
  /** The team that it asked for with its task. */
  team: WantedTeam | undefined;
  /** The team that it helps. It may be given a task meanwhile, which it begins when it has left. */
  helped: Membership | undefined;
  error: Error | undefined;
}

/** A team that threads may join, one by each port that is left. */
interface WantedTeam {
  readonly control: Control;
  readonly ports: MessagePort[];
}

interface Membership {
  readonly team: WantedTeam;
  readonly member: number;
}

/** Rejects a task whose thread ended without an error. */
export class ThreadEnded extends Error {}

export class Threads {
  /** Resolves when all threads have loaded; rejects if one cannot. */
  readonly ready: Promise<void>;
  readonly #options: ThreadsOptions;
  readonly #threads: Thread[] = [];
  /** In order of arrival. A Set, so that any task can be removed in constant time. */
  readonly #queue = new Set<Queued>();
  /** The tasks that run when no other ones wait. */
  readonly #background = new Set<Queued>();
  readonly #readiness = Promise.withResolvers<void>();
  #loading: number;
  #isClosing = false;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.#loading = options.count;
    this.ready = this.#readiness.promise;
    for (let i = 0; i < options.count; i++) this.#start();
  }

  get workers(): Worker[] {
    return this.#threads.map(({ worker }) => worker);
  }

  /**
   * Runs a task, whose buffer is transferred. Calls `free` once, when no thread works on the task any longer. Tasks in the background wait
   * for all others, and leave a thread to them, if there are several.
   */
  run(task: PlacedTask, free: () => void, isInBackground = false): Job {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome | undefined>();
    const job: Queued = { task, free, resolve, reject, thread: undefined, isInBackground };
    (isInBackground ? this.#background : this.#queue).add(job);
    if (this.#isClosing) this.#giveUp(job, closing());
    else this.#next();
    return { outcome: promise, giveUp: (reason) => this.#giveUp(job, reason) };
  }

  /** Cancels all tasks, and ends all threads. Resolves when they have ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const reason = closing();
    for (const job of [...this.#queue, ...this.#background]) this.#giveUp(job, reason);
    await Promise.all(
      this.#threads.map((thread) => {
        thread.job?.reject(reason);
        // Terminating a thread while it loads native code would crash the process: it is ended once it has loaded.
        if (thread.hasLoaded) this.#end(thread);
        return new Promise((ended) => thread.worker.once('exit', ended));
      }),
    );
  }

  #start(): void {
    const { data, heapMiB } = this.#options;
    const worker = new Worker(new URL('thread.ts', import.meta.url), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: heapMiB },
      // Modules that the process preloads (--import) would double the time in which a thread starts, and observe nothing in it.
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const thread: Thread = {
      worker,
      hasLoaded: false,
      isEnding: false,
      job: undefined,
      team: undefined,
      helped: undefined,
      error: undefined,
    };
    this.#threads.push(thread);
    worker.on('message', (message: FromThread) => {
      if (message === LOADED) this.#loaded(thread);
      else if (message === HELPED) this.#hasHelped(thread);
      else if ('ports' in message) this.#wantsHelp(thread, message);
      else this.#finished(thread, message);
    });
    worker.on('error', (error: Error) => {
      thread.error = error;
    });
    worker.on('exit', (code) => this.#exited(thread, code));
  }

  #loaded(thread: Thread): void {
    thread.hasLoaded = true;
    if (--this.#loading === 0) this.#readiness.resolve();
    if (this.#isClosing) this.#end(thread);
    else this.#next();
  }

  /** Gives queued tasks to idle threads, to those first that help nobody; if there are none, lets idle threads help. */
  #next(): void {
    const idle = this.#threads.filter((thread) => thread.hasLoaded && !thread.isEnding && !thread.job);
    idle.sort((a, b) => Number(a.helped !== undefined) - Number(b.helped !== undefined));
    for (const thread of idle) {
      const job = this.#first();
      if (job) this.#give(thread, job);
      else if (!thread.helped) this.#letHelp(thread);
    }
  }

  /** The task whose turn it is. */
  #first(): Queued | undefined {
    const [job] = this.#queue;
    if (job) return job;
    const [background] = this.#background;
    const running = this.#threads.filter((thread) => thread.job?.isInBackground).length;
    return running < Math.max(1, this.#options.count - 1) ? background : undefined;
  }

  /** Gives a queued task to a thread, which begins it now or, if it helps, when it has left. */
  #give(thread: Thread, job: Queued): void {
    this.#queue.delete(job);
    this.#background.delete(job);
    job.thread = thread;
    thread.job = job;
    if (thread.helped) thread.helped.team.control.dismiss(thread.helped.member);
    else begin(thread, job);
  }

  #wantsHelp(thread: Thread, { control, ports }: HelpWanted): void {
    thread.team = { control: new Control(control), ports };
    this.#next();
  }

  /** Has an idle thread join a team that wants more members, if there is one. */
  #letHelp(thread: Thread): void {
    const team = this.#threads.find(({ team }) => team && team.ports.length > 0)?.team;
    if (!team || !this.#options.mayHelp()) return;
    join(thread, team);
  }

  /** A thread has left a team. */
  #hasHelped(thread: Thread): void {
    thread.helped = undefined;
    if (thread.job) begin(thread, thread.job);
    else this.#next();
  }

  #finished(thread: Thread, outcome: Outcome): void {
    // The message was sent before the thread was ended; #exited frees the task.
    if (thread.isEnding) return;
    this.#release(thread)?.resolve(outcome);
    this.#next();
  }

  /** Takes the task, now finished, from its thread, and frees it. */
  #release(thread: Thread): Queued | undefined {
    const { job } = thread;
    thread.job = undefined;
    thread.team = undefined;
    job?.free();
    return job;
  }

  #giveUp(job: Queued, reason?: Error): void {
    if (this.#queue.delete(job) || this.#background.delete(job)) job.free();
    else if (job.thread?.job === job) {
      // A thread that still helps has not begun.
      if (job.thread.helped) this.#release(job.thread);
      else this.#end(job.thread);
    }
    if (reason) job.reject(reason);
    else job.resolve(undefined);
  }

  #end(thread: Thread): void {
    thread.isEnding = true;
    void thread.worker.terminate();
  }

  #exited(thread: Thread, code: number): void {
    this.#threads.splice(this.#threads.indexOf(thread), 1);
    // Neither its own team nor the one that it helped can finish.
    thread.team?.control.break();
    thread.helped?.team.control.break(thread.helped.member);
    const error = thread.error ?? new ThreadEnded(`a thread ended with code ${code}`);
    if (!thread.isEnding) this.#options.onDeath(error);
    this.#release(thread)?.reject(error);
    if (thread.hasLoaded) this.#restart();
    else {
      this.#readiness.reject(error);
      setTimeout(() => this.#restart(), RESTART_MS).unref();
    }
  }

  #restart(): void {
    if (!this.#isClosing) this.#start();
  }
}

/** Has a thread join a team, unless the team is over: then the thread that asked for it has closed its ports. */
export function join(thread: { readonly worker: Pick<Worker, 'postMessage'>; helped: unknown }, team: WantedTeam): void {
  const port = team.ports.pop() as MessagePort;
  const member = team.ports.length;
  try {
    thread.worker.postMessage({ control: team.control.memory, member, port } satisfies Join, [port]);
    thread.helped = { team, member };
  } catch (error) {
    // A port that has been closed cannot be transferred.
    if ((error as Error).name !== 'DataCloneError') throw error;
    team.ports.length = 0;
  }
}

function closing(): Refusal {
  return new Refusal('overloaded', { detail: 'the service is about to end' }, RETRY_SECONDS);
}

/** Sends a thread its task, whose buffer is transferred. */
function begin({ worker }: Thread, { task }: Queued): void {
  worker.postMessage(task, [task.bytes.buffer]);
}
