// A thread of the pool. Piscina calls what it exports for each request.
import { workerData } from 'node:worker_threads';
import type { ThreadData } from './messages.ts';
import { startWork } from './work.ts';

export default startWork(workerData as ThreadData);
