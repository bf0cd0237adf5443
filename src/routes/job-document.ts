// A job as the service shows it.
import type { Job } from '../../schemas/job.ts';
import { problemOf } from '../http/problems.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { JobRecord } from '../jobs/records.ts';
import { Refusal } from '../refusal.ts';

export function shown(record: JobRecord, jobs: Pick<Jobs, 'expiryOf'>): Job {
  const { id, operation, state, plan, completed, created, started, ended, problem } = record;
  const expires = jobs.expiryOf(record);
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    id,
    operation,
    state,
    parts: { total: plan.parts, completed },
    created: time(created),
    ...(started !== undefined && { started: time(started) }),
    ...(ended !== undefined && { ended: time(ended) }),
    ...(expires !== undefined && { expires: time(expires) }),
    ...(problem && { problem: problemOf(problem.type, problem.refused) }),
  };
}

export function unknownJob(): Refusal {
  return new Refusal('not-found', { detail: 'there is no such job: it was deleted or has expired, or its id is wrong' });
}

/** For the documentation. */
export const JOB_EXAMPLE: Job = {
  id: '6f1d2c3b4a59687766554433221100ff',
  operation: 'gradients',
  state: 'running',
  parts: { total: 40, completed: 12 },
  created: '2026-12-01T12:00:00.000Z',
  started: '2026-12-01T12:00:00.150Z',
};
