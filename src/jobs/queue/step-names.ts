// The steps of a job in the queue, and their names there: the same step has the same name, so that adding it twice has the effect of once.
import type { FlowJob } from 'bullmq';
import type { JobRecord, Node } from '../records.ts';
import { childrenOf, heightOf, isCovered, nameOf } from '../tree.ts';

/** A step: the beginning of a job, a node of its tree, or its end. This is all that goes through Redis. */
export interface StepData {
  readonly owner: string;
  readonly id: string;
  /** Of a node. */
  readonly height?: number;
  readonly index?: number;
}

export const BEGIN = 'begin';
export const NODE = 'node';
export const END = 'end';

export const beginOf = (id: string) => `${id}-${BEGIN}`;
export const endOf = (id: string) => `${id}-${END}`;

/** The job that a step in the queue belongs to. */
export function jobOf(step: string): string {
  return step.slice(0, step.indexOf('-'));
}

/** How often a step is begun whose computation fails. */
export const MOST_FAULTS = 3;

const FIRST_PAUSE_MS = 1_000;

/** Nothing is left of a step that is over. */
export const OPTIONS = {
  attempts: MOST_FAULTS,
  backoff: { type: 'exponential', delay: FIRST_PAUSE_MS },
  removeOnComplete: true,
  removeOnFail: true,
};

/** The steps that are left of a job, as a tree whose children come first: the end, merges and parts; without nodes that are there. */
export function flowOf(
  { owner, id, plan }: JobRecord,
  queueName: string,
  done: ReadonlySet<string>,
  priorityOf: (i: number) => number,
): FlowJob {
  const nodesOf = (nodes: readonly Node[]): FlowJob[] => nodes.filter((node) => !done.has(nameOf(node))).map(nodeOf);
  const nodeOf = (node: Node): FlowJob => ({
    name: NODE,
    queueName,
    data: { owner, id, ...node } satisfies StepData,
    opts: { ...OPTIONS, jobId: `${id}-${nameOf(node)}`, ...(node.height === 0 && { priority: priorityOf(node.index) }) },
    children: node.height === 0 ? [] : nodesOf(childrenOf(node, plan.parts)),
  });
  return {
    name: END,
    queueName,
    data: { owner, id } satisfies StepData,
    opts: { ...OPTIONS, jobId: endOf(id) },
    children: nodesOf([{ height: heightOf(plan.parts), index: 0 }]),
  };
}

/** Which of the parts are completed, with these nodes there. */
export function completedParts(parts: number, done: ReadonlySet<string>): boolean[] {
  return Array.from({ length: parts }, (_, i) => isCovered(i, parts, done));
}
