// Requests that are computed in several parts, and how a job of them runs without the engine of jobs.
import type { PoolRunner } from '../../src/jobs/pool-runner.ts';
import type { Job, JobRequest } from '../../src/jobs/runner.ts';
import { Refusal } from '../../src/refusal.ts';
import { ARITY } from '../../src/work/sums.ts';
import { wave } from '../support/numbers.ts';

/** With so many features, a part has 8 tiles of 512 samples. */
export const FEATURES = 700;

export const matrix = (rows: number, columns: number, seed: number) =>
  Array.from({ length: rows }, (_, i) => [...wave(columns, seed + i)]);

export const network = {
  layers: [{ weights: matrix(3, FEATURES, 10), biases: [0.1, 0.2, 0.3], activation: 'tanh' }, { weights: matrix(2, 3, 20) }],
};

export const requestOf = (batch: object, more: object = {}) => ({ network, batch, include: ['gradient_norms'], ...more });

export function jobRequest(request: object): JobRequest {
  const bytes = new Uint8Array(Buffer.from(JSON.stringify(request)));
  return { operation: 'gradients', mediaType: 'application/json', bytes };
}

/** A job whose plan has been written and read, as a record in the store. */
export async function planOf(runner: PoolRunner, request: object): Promise<Job> {
  const plan = JSON.parse(JSON.stringify(await runner.plan('owner', jobRequest(request))));
  return { request: jobRequest(request), plan };
}

/** The answer of a job, whose parts are computed side by side. */
export async function runJob(runner: PoolRunner, job: Job): Promise<string> {
  const divisor = await runner.divisor(job);
  let nodes = await Promise.all(Array.from({ length: job.plan.parts }, (_, i) => runner.part(job, divisor, i)));
  while (nodes.length > 1) {
    const merged = [];
    for (let i = 0; i < nodes.length; i += ARITY) merged.push(await runner.merge(job, nodes.slice(i, i + ARITY)));
    nodes = merged;
  }
  return `${await runner.answer(job, divisor, nodes[0], 'application/json')}`;
}

export async function refusalOf(work: Promise<unknown>): Promise<object> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  if (!(error instanceof Refusal)) throw error ?? new Error('expected a refusal');
  return { type: error.type, errors: error.refused.errors };
}
