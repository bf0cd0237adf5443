// The operations of the service. Routes, threads and documentation use this list.
import { check } from './check.ts';
import { gradients } from './gradients.ts';
import type { Operation } from './operation.ts';

export const operations: readonly Operation[] = [gradients, check];
