// What a thread of the pool does: it answers one request after another. Buffers come and go by transfer, not by copy.

import { loadEngine } from '../linalg/engines.ts';
import { answer } from '../operations/answer.ts';
import { computedBytes } from '../operations/limits.ts';
import type { Report } from '../operations/report.ts';
import { Refusal } from '../refusal.ts';
import { Budget } from './budget.ts';
import { moving, type Outcome, type PlacedTask, type ThreadData } from './messages.ts';

/** The function that answers requests, with the engine and the limits that a thread is started with. */
export function startWork({ engine: choice, limits, budget: shared }: ThreadData): (task: PlacedTask) => Outcome {
  const engine = loadEngine(choice);
  const budget = new Budget(shared);
  return (task) => {
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
  };
}
