// What the service says of jobs.
import { type Static, Type } from '@sinclair/typebox';
import { Names } from './names.ts';
import { AnyProblem } from './problem.ts';

export const jobStates = ['queued', 'running', 'succeeded', 'failed'] as const;
export type JobState = (typeof jobStates)[number];

const time = (description: string) => Type.String({ format: 'date-time', description });

export const Job = Type.Object(
  {
    id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    operation: Type.String(),
    state: Names(jobStates, { $id: 'JobState' }),
    parts: Type.Object(
      { total: Type.Integer({ minimum: 1 }), completed: Type.Integer({ minimum: 0 }) },
      { description: 'how many parts the batch has, and how many of them are computed' },
    ),
    created: time('when the job was made'),
    started: Type.Optional(time('when it began to run')),
    ended: Type.Optional(time('when it succeeded or failed')),
    expires: Type.Optional(time('when it is removed, with its result')),
    problem: Type.Optional(AnyProblem),
  },
  { $id: 'Job' },
);
export type Job = Static<typeof Job>;

export const JobList = Type.Object({ jobs: Type.Array(Job) }, { $id: 'JobList' });
