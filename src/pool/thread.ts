// A thread of the pool: it answers one request after another. Buffers come and go by transfer, not by copy.
import { workerData } from 'node:worker_threads';
import { answer } from '../answer.ts';
import { computedBytes } from '../limits.ts';
import { loadEngine } from '../linalg/engines.ts';
import { Refusal } from '../refusal.ts';
import type { Report } from '../report.ts';
import { Budget } from './budget.ts';
import { moving, type Outcome, type PlacedTask, type ThreadData } from './messages.ts';

const { engine: choice, limits, budget: shared } = workerData as ThreadData;
const engine = loadEngine(choice);
const budget = new Budget(shared);

/** Piscina calls this for each request. */
export default function run(task: PlacedTask): Outcome {
  const began = performance.timeOrigin + performance.now();
  const report: Report = { phases: {} };
  const { length } = task.bytes;
  try {
    const bytes = answer(task, engine, limits, report, (cost, bytesPerNumber) => {
      budget.reserve(task.place, computedBytes(cost) + cost.answered * bytesPerNumber, length);
    });
    return moving({ report, began, answer: bytes }, bytes.buffer);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { type, refused } = error;
    return { report, began, refusal: { type, refused } };
  }
}
