// A thread of the pool: it answers one request after another. Buffers come and go by transfer, not by copy.
import { workerData } from 'node:worker_threads';
import { answer, type Task } from '../answer.ts';
import { loadEngine } from '../linalg/engines.ts';
import { Refusal } from '../refusal.ts';
import { moving, type Outcome, type ThreadData } from './messages.ts';

const { engine: choice, memory } = workerData as ThreadData;
const engine = loadEngine(choice);

/** Piscina calls this for each request. */
export default function run(task: Task): Outcome {
  try {
    const bytes = answer(task, engine, { memory });
    return moving({ answer: bytes }, bytes.buffer);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { type, refused } = error;
    return { refusal: { type, refused } };
  }
}
