// Where requests are computed: small ones at once, on the event loop; large ones in threads, so that no small one waits for them.
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { FastifyBaseLogger } from 'fastify';
import { Piscina } from 'piscina';
import type { Config } from '../../schemas/config.ts';
import { answer, type Task } from '../answer.ts';
import type { Cost } from '../backprop/cost.ts';
import type { Engine } from '../linalg/engine.ts';
import type { ChosenEngine } from '../linalg/engines.ts';
import { Refusal } from '../refusal.ts';
import { moving, type Outcome, type ThreadData } from './messages.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface Pool {
  /**
   * Answers a request. Undefined if the client has gone, which the signal tells; it is asked for only where the answer takes a thread.
   * @throws Refusal, of any type that has to do with the body, or `deadline-exceeded`; Error if the thread died.
   */
  answer(task: Task, gone: () => AbortSignal): Promise<Bytes | undefined>;
  readonly threads: readonly Worker[];
  close(): Promise<void>;
}

/** Larger bodies go to a thread, in bytes: one of this size takes about as long to answer as the way to a thread and back, see bench/small.ts. */
const SMALL_BODY = 65_536;

/** What a small body may ask for before it goes to a thread all the same: numbers, computed or answered, and multiplications. */
const SMALL_NUMBERS = 10_000;
const SMALL_MULTIPLICATIONS = 250_000;

/**
 * The most memory that a thread may have for JavaScript's objects, in MiB, given the largest body: what JSON.parse makes of it takes
 * up to ten times its size. A request that needs more ends its thread alone.
 */
const heapOf = (bodyLimit: number) => 64 + Math.ceil((16 * bodyLimit) / 2 ** 20);

/** Thrown where a small body asks for more work than the event loop should do. */
const tooMuchHere = new Error('too much work for the event loop');

export function startPool(
  { engine, choice }: ChosenEngine,
  { MAX_MEMORY, DEADLINE_MS, BODY_LIMIT }: Config,
  log: Pick<FastifyBaseLogger, 'error'>,
): Pool {
  const heap = heapOf(BODY_LIMIT);
  const cores = availableParallelism();
  const threads = new Piscina<Task, Outcome>({
    filename: new URL('thread.ts', import.meta.url).href,
    minThreads: cores,
    maxThreads: cores,
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: heap },
    workerData: { engine: choice, memory: MAX_MEMORY } satisfies ThreadData,
  });
  // A thread that dies between two requests is replaced like any other; without a listener it would end the process.
  threads.on('error', (error) => log.error(error));
  const share = shareCores(engine, cores);

  const inThread = async (task: Task, gone: AbortSignal): Promise<Bytes | undefined> => {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const signal = AbortSignal.any([gone, deadline]);
    share(+1);
    const outcome = await threads
      .run(moving(task, task.bytes.buffer), { signal })
      .catch((error) => {
        if (gone.aborted) return undefined;
        throw deadline.aborted ? tooLate(DEADLINE_MS) : explained(error, heap);
      })
      .finally(() => share(-1));
    if (outcome && 'refusal' in outcome) throw new Refusal(outcome.refusal.type, outcome.refusal.refused);
    return outcome?.answer;
  };

  return {
    async answer(task, gone) {
      return answerHere(task, engine, MAX_MEMORY) ?? inThread(task, gone());
    },
    get threads() {
      return threads.threads;
    },
    close: () => threads.destroy(),
  };
}

/** Answers a small request at once; undefined if it turns out to be none. */
function answerHere(task: Task, engine: Engine, memory: number): Bytes | undefined {
  if (task.bytes.length > SMALL_BODY) return undefined;
  try {
    return answer(task, engine, { memory, admit });
  } catch (error) {
    if (error === tooMuchHere) return undefined;
    throw error;
  }
}

function admit({ computed, answered, multiplications }: Cost): void {
  if (computed + answered > SMALL_NUMBERS || multiplications > SMALL_MULTIPLICATIONS) throw tooMuchHere;
}

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

/** A thread that ran out of memory is the request's doing. */
function explained(error: NodeJS.ErrnoException, heap: number): Error {
  if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new Refusal('too-much-memory', {
    detail: `the request took more than the ${heap} MiB of a thread to read or to answer`,
  });
}
