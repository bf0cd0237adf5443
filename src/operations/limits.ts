// What one request may cost, and what is said where it costs more.
import type { Config } from '../../schemas/config.ts';
import type { ProblemType } from '../../schemas/problem.ts';
import type { Cost } from '../backprop/cost.ts';
import { Refusal } from '../refusal.ts';

/** The limits of one request, under the names that its sender is told and its operator sets. */
export type Limits = Pick<Config, 'MAX_FLOPS' | 'MAX_MEMORY' | 'MAX_ANSWER' | 'MAX_LAYERS' | 'MAX_KEYS' | 'MAX_DEPTH'>;

/** The limits that a configuration has: what a thread is told of it. */
export function limitsOf({ MAX_FLOPS, MAX_MEMORY, MAX_ANSWER, MAX_LAYERS, MAX_KEYS, MAX_DEPTH }: Config): Limits {
  return { MAX_FLOPS, MAX_MEMORY, MAX_ANSWER, MAX_LAYERS, MAX_KEYS, MAX_DEPTH };
}

const FEWER_SAMPLES = 'send fewer samples at a time and merge the answers by their divisors';

/** The bytes of the numbers that are computed for a request. */
export function computedBytes({ computed }: Cost): number {
  return computed * Float64Array.BYTES_PER_ELEMENT;
}

/**
 * Compares what a request is estimated to cost with the limits; a number of its answer takes `bytesPerNumber`, at most.
 * @throws Refusal `too-many-operations`, `too-much-memory` or `answer-too-large`, with the estimate, the limit and what to change.
 */
export function checkCost(cost: Cost, bytesPerNumber: number, limits: Limits): void {
  const answer = cost.answered * bytesPerNumber;
  const remedy = cost.extras ? `ask for less in include, or ${FEWER_SAMPLES}` : FEWER_SAMPLES;
  const check = (type: ProblemType, what: string, estimate: number, unit: string, name: keyof Limits, change: string) => {
    if (estimate <= limits[name]) return;
    const detail = `${what} up to ${estimate} ${unit}, more than the limit of ${limits[name]} (${name}): ${change}`;
    throw new Refusal(type, { detail, errors: [{ pointer: cost.extras ? '/include' : '/batch/inputs', detail }] });
  };
  check('too-many-operations', 'the request takes', cost.flops, 'floating-point operations', 'MAX_FLOPS', FEWER_SAMPLES);
  check('too-much-memory', 'the values to compute take', computedBytes(cost), 'bytes', 'MAX_MEMORY', remedy);
  check('answer-too-large', 'the answer takes', answer, 'bytes', 'MAX_ANSWER', `${remedy}, or accept safetensors`);
}
