// The loop of a thread of the pool: answers one task after another. Buffers are transferred, not copied.
import { loadEngine } from '../linalg/engines.ts';
import type { Scratch } from '../memory/scratch.ts';
import { Answerer } from '../operations/answer.ts';
import type { Operation } from '../operations/operation.ts';
import type { Report } from '../operations/report.ts';
import { Refusal } from '../refusal.ts';
import { Budget } from './budget.ts';
import { type FromThread, LOADED, type Outcome, type PlacedTask, type ThreadData } from './messages.ts';

/** The MessagePort of a thread, with the types of its messages. */
interface Port {
  on(event: 'message', listener: (task: PlacedTask) => void): unknown;
  postMessage(message: FromThread, transferred: ArrayBuffer[]): void;
}

/** Answers the tasks that arrive at a port. Errors other than refusals are thrown, which ends the thread. */
export function serve(port: Port, operations: readonly Operation[], data: Omit<ThreadData, 'registry'>): void {
  const engine = loadEngine(data.engine);
  const budget = new Budget(data.budget);
  const answerer = new Answerer(operations, engine, data.limits);
  port.on('message', (task) => {
    const outcome = runTask(task, answerer, engine.scratch, budget);
    port.postMessage(outcome, 'answer' in outcome ? [outcome.answer.buffer] : []);
  });
  warmUp(operations, answerer, engine.scratch);
  port.postMessage(LOADED, []);
}

/** Answers a task; reserves its memory in the budget, if there is one. */
function runTask(task: PlacedTask, answerer: Answerer, scratch: Scratch, budget?: Budget): Outcome {
  const began = performance.timeOrigin + performance.now();
  const report: Report = { phases: {} };
  // Read now: the buffer may become that of the answer.
  const { length } = task.bytes;
  try {
    const encoded = scratch.recycle(() => {
      const prepared = answerer.prepare(task, report);
      budget?.reserve(task.place, prepared.computedBytes + prepared.answerBytes, length);
      // The answer may reuse the task's buffer.
      return prepared.run(task.bytes.buffer);
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
