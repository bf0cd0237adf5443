// The loop of a thread of the pool: answers one task after another. Buffers are transferred, not copied.
import type { MessagePort } from 'node:worker_threads';
import type { Cost } from '../backprop/cost.ts';
import { loadEngine } from '../linalg/engines.ts';
import { sharedCollector } from '../memory/garbage.ts';
import { Scratch } from '../memory/scratch.ts';
import { Answerer, type Task } from '../operations/answer.ts';
import type { Operation } from '../operations/operation.ts';
import type { Report } from '../operations/report.ts';
import { runStep, type Step, type StepResults, type Workplace } from '../operations/steps.ts';
import { Refusal } from '../refusal.ts';
import { Budget } from './budget.ts';
import {
  type FromThread,
  HELPED,
  type Join,
  LOADED,
  type Outcome,
  type PlacedStep,
  type PlacedTask,
  type ThreadData,
} from './messages.ts';
import { help, Leader } from './team.ts';

/** The MessagePort of a thread, with the types of its messages. */
interface Port {
  on(event: 'message', listener: (message: PlacedTask | Join) => void): unknown;
  postMessage(message: FromThread, transferred: (ArrayBuffer | MessagePort)[]): void;
}

/** Help costs more than it saves if the computation takes less than this, in milliseconds, as estimated: up to four times the actual time. */
const HELP_MS = 8;

/** The speed of a thread for that estimate. */
const FLOPS_PER_MS = 2 ** 24;
const NUMBERS_PER_MS = 2 ** 17;

/** Answers the tasks that arrive at a port. Errors other than refusals are thrown, which ends the thread. */
export function serve(port: Port, operations: readonly Operation[], data: Omit<ThreadData, 'registry'>): void {
  const engine = loadEngine(data.engine, new Scratch(true));
  const { limits } = data;
  const budget = new Budget(data.budget);
  const answerer = new Answerer(operations, engine, limits);
  const reserve: Reserve = (place, bytes, held, cost) => {
    budget.reserve(place, bytes, held);
    if (cost.flops / FLOPS_PER_MS + cost.computedNumbers / NUMBERS_PER_MS < HELP_MS) return undefined;
    const further = cost.furtherNumbers * Float64Array.BYTES_PER_ELEMENT;
    let members = 0;
    while (members < data.threads - 1 && budget.extend(place, further)) members++;
    return members > 0 ? new Leader(members, (message, ports) => port.postMessage(message, ports)) : undefined;
  };
  port.on('message', (message) => {
    if ('control' in message) {
      help(message, engine);
      port.postMessage(HELPED, []);
      return;
    }
    const outcome = outcomeOf(engine.scratch, (report) =>
      'step' in message
        ? { value: stepOf(message, { answerer, engine, limits }, reserve) }
        : answerOf(message, answerer, report, reserve),
    );
    port.postMessage(outcome, buffersOf(outcome));
  });
  warmUp(operations, answerer, engine.scratch);
  port.postMessage(LOADED, []);
}

/** Reserves the memory of a task, and gathers the team for its cost. @throws Refusal `overloaded`. */
type Reserve = (place: number, bytes: number, held: number, cost: Cost) => Leader | undefined;

const noReserve: Reserve = () => undefined;

/** The outcome of a task that is not refused, without its report. */
type Result =
  | Pick<Extract<Outcome, { answer: unknown }>, 'answer'>
  | Pick<Extract<Outcome, { wanted: unknown }>, 'wanted' | 'bytes'>
  | Pick<Extract<Outcome, { value: unknown }>, 'value'>;

function outcomeOf(scratch: Scratch, work: (report: Report) => Result): Outcome {
  const began = performance.timeOrigin + performance.now();
  const report: Report = { phases: {} };
  try {
    return { report, began, ...scratch.recycle(() => work(report)) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { type, refused } = error;
    return { report, began, refusal: { type, refused } };
  }
}

/** Answers a request, or says which dataset it wants. */
function answerOf(task: Task & { readonly place: number }, answerer: Answerer, report: Report, reserve: Reserve): Result {
  const { bytes } = task;
  const prepared = answerer.prepare(task, report);
  if ('dataset' in prepared) return { wanted: prepared, bytes };
  const { cost, computedBytes, answerBytes } = prepared;
  const team = reserve(task.place, computedBytes + answerBytes, bytes.length, cost);
  try {
    // The answer may reuse the task's buffer.
    const encoded = prepared.run(bytes.buffer, team);
    return { answer: typeof encoded === 'string' ? bytesOf(encoded, bytes.buffer) : encoded };
  } finally {
    team?.end();
  }
}

/** Runs a step of a job. */
function stepOf(task: PlacedStep, workplace: Omit<Workplace, 'teamFor'>, reserve: Reserve): StepResults[Step['step']] {
  let team: Leader | undefined;
  try {
    return runStep(task, {
      ...workplace,
      teamFor(cost, bytes) {
        team = reserve(task.place, bytes, task.held, cost);
        return team;
      },
    });
  } finally {
    team?.end();
    // Its data are in shared memory.
    sharedCollector.add(task.held);
  }
}

/** The buffers of an outcome that are transferred. */
function buffersOf(outcome: Outcome): ArrayBuffer[] {
  if ('answer' in outcome) return [outcome.answer.buffer];
  if ('wanted' in outcome) return [outcome.bytes.buffer];
  return 'value' in outcome && outcome.value instanceof Float64Array ? [outcome.value.buffer as ArrayBuffer] : [];
}

/** The bytes of a Latin-1 text, in `room` if they fit. */
function bytesOf(text: string, room: ArrayBuffer): Buffer<ArrayBuffer> {
  const bytes = text.length <= room.byteLength ? Buffer.from(room, 0, text.length) : Buffer.allocUnsafeSlow(text.length);
  bytes.write(text, 'latin1');
  return bytes as Buffer<ArrayBuffer>;
}

/** Answers the examples of all operations, so that the first real request does not wait for the JIT compiler. */
function warmUp(operations: readonly Operation[], answerer: Answerer, scratch: Scratch): void {
  for (const { name: operation, examples } of operations) {
    for (const { request } of Object.values(examples)) {
      const bytes = new Uint8Array(Buffer.from(JSON.stringify(request)));
      const task = { operation, bytes, mediaType: 'application/json', answerType: 'application/json', place: 0 } as const;
      // The result does not matter: strict limits may even refuse it.
      outcomeOf(scratch, (report) => answerOf(task, answerer, report, noReserve));
    }
  }
}
