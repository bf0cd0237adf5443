// Where requests are computed: small ones at once, on the event loop; large ones in threads, so that no small one waits for them.
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { FastifyBaseLogger } from 'fastify';
import { Piscina } from 'piscina';
import type { Config } from '../../schemas/config.ts';
import type { Engine } from '../linalg/engine.ts';
import type { ChosenEngine } from '../linalg/engines.ts';
import { type Admit, answer, type Task } from '../operations/answer.ts';
import { type Limits, limitsOf } from '../operations/limits.ts';
import type { Report } from '../operations/report.ts';
import { Refusal } from '../refusal.ts';
import { Budget, type Hold, shareBudget } from './budget.ts';
import { moving, type Outcome, type PlacedTask, type ThreadData } from './messages.ts';
import { Places } from './places.ts';
import { warmUpTask } from './warm-up.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface Pool {
  /**
   * Answers a request, and reports on it. Undefined if the client has gone, which the signal tells; it is asked for only where the
   * answer takes a thread.
   * @throws Refusal, of any type that has to do with the body, or `overloaded` or `deadline-exceeded`.
   */
  answer(task: Task, gone: () => AbortSignal, report?: Report): Promise<Bytes | undefined>;
  /**
   * Keeps a place for a large body that is about to be read, until the function that it returns is called or it takes too long to
   * arrive: what would be refused in the end should not be read first.
   * @throws Refusal `overloaded`, if nothing more may wait.
   */
  expect(): () => void;
  /** Memory for the body and the answer of one request. */
  hold(): Hold;
  /** Resolves when every thread has answered a request. */
  readonly ready: Promise<void>;
  readonly state: PoolState;
  readonly threads: readonly Worker[];
  close(): Promise<void>;
}

/** How things stand. */
export interface PoolState {
  readonly threads: number;
  readonly busy: number;
  readonly waiting: number;
  readonly mayWait: number;
  /** What the requests in flight take, and how much they may, in bytes. */
  readonly memory: number;
  readonly budget: number;
  /** Whether a large request that came now would be refused. */
  readonly overloaded: boolean;
  /** How many threads have come to an end that nobody wanted. */
  readonly deaths: number;
}

/** Larger bodies go to a thread, in bytes: one of this size takes about as long to answer as the way to a thread and back, see bench/small.ts. */
export const SMALL_BODY = 65_536;

/** What a small body may ask for before it goes to a thread all the same: numbers, computed or answered, and operations. */
const SMALL_NUMBERS = 10_000;
const SMALL_FLOPS = 500_000;

/**
 * The most memory that a thread may have for JavaScript's objects, in MiB, given the largest body: what JSON.parse makes of it takes
 * up to ten times its size. A request that needs more ends its thread alone.
 */
const heapOf = (bodyLimit: number) => 64 + Math.ceil((16 * bodyLimit) / 2 ** 20);

/** Thrown where a small body asks for more work than the event loop should do. */
const tooMuchHere = new Error('too much work for the event loop');

export function startPool({ engine, choice }: ChosenEngine, config: Config, log: Pick<FastifyBaseLogger, 'error'>): Pool {
  const { DEADLINE_MS, BODY_LIMIT, MAX_QUEUE, MEMORY_BUDGET } = config;
  const limits = limitsOf(config);
  const heap = heapOf(BODY_LIMIT);
  const cores = availableParallelism();
  const places = new Places(cores, MAX_QUEUE);
  // One more, for the requests with which the threads begin.
  const warmUpPlace = places.count + 1;
  const shared = shareBudget(MEMORY_BUDGET, warmUpPlace);
  const budget = new Budget(shared);
  const threads = new Piscina<PlacedTask, Outcome>({
    filename: new URL('thread.ts', import.meta.url).href,
    minThreads: cores,
    maxThreads: cores,
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: heap },
    workerData: { engine: choice, limits, budget: shared } satisfies ThreadData,
  });
  // A thread that dies between two requests is replaced like any other; without a listener it would end the process.
  threads.on('error', (error) => log.error(error));
  const share = shareCores(engine, cores);
  let closing = false;
  let deaths = 0;

  /** What the rejection of a thread means. */
  const explained = (error: NodeJS.ErrnoException): Error => {
    const died = error.code === 'ERR_WORKER_OUT_OF_MEMORY' || error.message.startsWith('worker exited');
    if (!died) return error;
    deaths++;
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
      return new Refusal('too-much-memory', {
        detail: `the request took more than the ${heap} MiB of a thread to read or to answer`,
      });
    log.error(error);
    return new Refusal('overloaded', { detail: 'the thread that computed the answer came to its end' }, places.retryAfter);
  };

  const inThread = (task: Task, gone: AbortSignal, report: Report): Promise<Bytes | undefined> => {
    const place = places.take();
    share(+1);
    return atPlace({ ...task, place }, gone, report).finally(() => {
      share(-1);
      budget.free(place);
      places.free(place);
    });
  };

  const atPlace = async (task: PlacedTask, gone: AbortSignal, report: Report): Promise<Bytes | undefined> => {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const signal = AbortSignal.any([gone, deadline]);
    const came = performance.timeOrigin + performance.now();
    try {
      const outcome = await threads.run(moving(task, task.bytes.buffer), { signal });
      const { phases, ...rest } = outcome.report;
      Object.assign(report, rest);
      Object.assign(report.phases, { queue: Math.max(0, outcome.began - came) }, phases);
      places.learn(sum(Object.values(phases)) / 1000);
      if ('answer' in outcome) return outcome.answer;
      const { type, refused } = outcome.refusal;
      throw new Refusal(type, refused, type === 'overloaded' ? places.retryAfter : undefined);
    } catch (error) {
      if (gone.aborted) return undefined;
      if (error instanceof Refusal) throw error;
      throw deadline.aborted ? tooLate(DEADLINE_MS) : explained(error as Error);
    }
  };

  /** The threads that have loaded, by their ids. Piscina says so of those with which it starts before that: see `ready`. */
  const loaded = new Set<number>();
  threads.on('workerCreate', ({ id }) => loaded.add(id));
  const allLoaded = async () => {
    await ready.catch(() => {});
    // One that cannot load is no longer among them.
    while (threads.threads.some(({ threadId }) => !loaded.has(threadId))) await once(threads, 'workerCreate').catch(() => {});
  };

  const warmUp = async () => {
    try {
      await Promise.all(Array.from({ length: cores }, () => threads.run({ ...warmUpTask(), place: warmUpPlace })));
    } catch (error) {
      if (!closing) throw error;
    }
    budget.free(warmUpPlace);
  };
  const ready = warmUp();

  return {
    async answer(task, gone, report = { phases: {} }) {
      return answerHere(task, engine, limits, report) ?? inThread(task, gone(), report);
    },
    expect: () => places.keep(),
    hold: () => budget.hold(),
    ready,
    get state() {
      return {
        threads: cores,
        busy: places.busy,
        waiting: places.waiting,
        mayWait: MAX_QUEUE,
        memory: budget.used,
        budget: MEMORY_BUDGET,
        overloaded: places.areTaken || budget.spent,
        deaths,
      };
    },
    get threads() {
      return threads.threads;
    },
    async close() {
      closing = true;
      // A thread that is ended while it loads native code takes the process along.
      await allLoaded();
      await threads.destroy();
    },
  };
}

/** Answers a small request at once; undefined if it turns out to be none. */
function answerHere(task: Task, engine: Engine, limits: Limits, report: Report): Bytes | undefined {
  if (task.bytes.length > SMALL_BODY) return undefined;
  try {
    return answer(task, engine, limits, report, admitSmall);
  } catch (error) {
    if (error === tooMuchHere) return undefined;
    throw error;
  }
}

const admitSmall: Admit = ({ computed, answered, flops }) => {
  if (computed + answered > SMALL_NUMBERS || flops > SMALL_FLOPS) throw tooMuchHere;
};

/** Lets a request that is computed alone use all cores, and one of several only its part of them. */
function shareCores({ setThreads }: Engine, cores: number): (change: 1 | -1) => void {
  let running = 0;
  let each = 0;
  return (change) => {
    running += change;
    const share = Math.max(1, Math.floor(cores / Math.max(1, running)));
    if (share !== each) setThreads?.(share);
    each = share;
  };
}

function tooLate(ms: number): Refusal {
  return new Refusal('deadline-exceeded', { detail: `not answered within ${ms} ms (DEADLINE_MS)` });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
