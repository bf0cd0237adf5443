// The operations of the service. Routes, threads and documentation use this list.
import { check } from './check.ts';
import { gradients } from './gradients.ts';
import { hessian } from './hessian.ts';
import { hvp } from './hvp.ts';
import { jacobian } from './jacobian.ts';
import { jvp } from './jvp.ts';
import type { Operation } from './operation.ts';
import { vjp } from './vjp.ts';

export const operations: readonly Operation[] = [gradients, vjp, jvp, jacobian, hvp, hessian, check];
