// The entry point of a thread of the pool.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Operation } from '../operations/operation.ts';
import type { ThreadData } from './messages.ts';
import { serve } from './serve.ts';

const { registry, ...data } = workerData as ThreadData;
const { operations } = (await import(registry)) as { operations: readonly Operation[] };
serve(parentPort as MessagePort, operations, data);
