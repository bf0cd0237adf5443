// The loop of a thread of the pool: answers one task after another. Buffers are transferred, not copied.
import type { MessagePort } from 'node:worker_threads';
import type { Cost } from '../backprop/cost.ts';
import { loadEngine } from '../linalg/engines.ts';
import { Scratch } from '../memory/scratch.ts';
import { Answerer } from '../operations/answer.ts';
import type { Operation } from '../operations/operation.ts';
import type { Report } from '../operations/report.ts';
import { Refusal } from '../refusal.ts';
import { Budget } from './budget.ts';
import { type FromThread, HELPED, type Join, LOADED, type Outcome, type PlacedTask, type ThreadData } from './messages.ts';
import { help, Leader } from './team.ts';

/** The MessagePort of a thread, with the types of its messages. */
interface Port {
  on(event: 'message', listener: (message: PlacedTask | Join) => void): unknown;
  postMessage(message: FromThread, transferred: (ArrayBuffer | MessagePort)[]): void;
}

/** Help costs more than it saves if the computation takes less than this, in milliseconds. */
const HELP_MS = 4;

/** The speed of a thread for that estimate. */
const FLOPS_PER_MS = 2 ** 24;
const NUMBERS_PER_MS = 2 ** 17;

/** Answers the tasks that arrive at a port. Errors other than refusals are thrown, which ends the thread. */
export function serve(port: Port, operations: readonly Operation[], data: Omit<ThreadData, 'registry'>): void {
  const engine = loadEngine(data.engine, new Scratch(true));
  const budget = new Budget(data.budget);
  const answerer = new Answerer(operations, engine, data.limits);
  const teamFor = (cost: Cost, place: number) => {
    if (cost.flops / FLOPS_PER_MS + cost.computedNumbers / NUMBERS_PER_MS < HELP_MS) return undefined;
    const bytes = cost.furtherNumbers * Float64Array.BYTES_PER_ELEMENT;
    let members = 0;
    while (members < data.threads - 1 && budget.extend(place, bytes)) members++;
    return members > 0 ? new Leader(members, (message, ports) => port.postMessage(message, ports)) : undefined;
  };
  port.on('message', (message) => {
    if ('control' in message) {
      help(message, engine);
      port.postMessage(HELPED, []);
      return;
    }
    const outcome = runTask(message, answerer, engine.scratch, budget, teamFor);
    port.postMessage(outcome, 'answer' in outcome ? [outcome.answer.buffer] : []);
  });
  warmUp(operations, answerer, engine.scratch);
  port.postMessage(LOADED, []);
}

/** Answers a task; reserves its memory in the budget, if there is one, and computes with the team for its cost. */
function runTask(
  task: PlacedTask,
  answerer: Answerer,
  scratch: Scratch,
  budget?: Budget,
  teamFor?: (cost: Cost, place: number) => Leader | undefined,
): Outcome {
  const began = performance.timeOrigin + performance.now();
  const report: Report = { phases: {} };
  // Read now: the buffer may become that of the answer.
  const { length } = task.bytes;
  try {
    const encoded = scratch.recycle(() => {
      const prepared = answerer.prepare(task, report);
      budget?.reserve(task.place, prepared.computedBytes + prepared.answerBytes, length);
      const team = teamFor?.(prepared.cost, task.place);
      try {
        // The answer may reuse the task's buffer.
        return prepared.run(task.bytes.buffer, team);
      } finally {
        team?.end();
      }
    });
    return { report, began, answer: typeof encoded === 'string' ? bytesOf(encoded, task.bytes.buffer) : encoded };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { type, refused } = error;
    return { report, began, refusal: { type, refused } };
  }
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
      runTask(task, answerer, scratch);
    }
  }
}
