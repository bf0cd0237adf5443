// The datasets and jobs of the page's key, as the service lists them.
import { signal } from '@preact/signals';
import type { DatasetDescription } from '../../../schemas/dataset.ts';
import type { Job } from '../../../schemas/job.ts';
import type { Problem } from '../request/problem.ts';
import { type Asked, ask } from './ask.ts';

export const datasets = signal<readonly DatasetDescription[]>([]);
export const jobs = signal<readonly Job[]>([]);

/** What the service refused last. */
export const refusal = signal<Problem | undefined>(undefined);

/** Lists both again. */
export async function list(): Promise<void> {
  const [ofData, ofJobs] = await Promise.all([
    ask<{ datasets: DatasetDescription[] }>('GET', 'datasets'),
    ask<{ jobs: Job[] }>('GET', 'jobs'),
  ]);
  const failed = [ofData, ofJobs].find((one) => 'problem' in one);
  refusal.value = failed && 'problem' in failed ? failed.problem : undefined;
  datasets.value = 'answer' in ofData ? ofData.answer.datasets : [];
  jobs.value = 'answer' in ofJobs ? ofJobs.answer.jobs : [];
}

/** Puts or deletes something, and lists what there is then. False if the service refuses. */
export async function alter(method: 'PUT' | 'DELETE', path: string, asked?: Asked): Promise<boolean> {
  const outcome = await ask(method, path, asked);
  await list();
  if (!('problem' in outcome)) return true;
  refusal.value = outcome.problem;
  return false;
}
