// The limits of one request, and the refusals for requests that exceed them.
import type { Config } from '../../schemas/config.ts';
import type { ProblemType } from '../../schemas/problem.ts';
import type { Cost } from '../backprop/cost.ts';
import { Refusal } from '../refusal.ts';

/** The limits of one request, by the names of their environment variables. */
export type Limits = Pick<
  Config,
  'MAX_FLOPS' | 'JOB_MAX_FLOPS' | 'JOB_PART_FLOPS' | 'MAX_MEMORY' | 'MAX_ANSWER' | 'MAX_LAYERS' | 'MAX_KEYS' | 'MAX_DEPTH'
>;

/** The limits in a configuration, for passing to a thread. */
export function limitsOf(config: Config): Limits {
  const { MAX_FLOPS, JOB_MAX_FLOPS, JOB_PART_FLOPS, MAX_MEMORY, MAX_ANSWER, MAX_LAYERS, MAX_KEYS, MAX_DEPTH } = config;
  return { MAX_FLOPS, JOB_MAX_FLOPS, JOB_PART_FLOPS, MAX_MEMORY, MAX_ANSWER, MAX_LAYERS, MAX_KEYS, MAX_DEPTH };
}

/** Upper bounds of a request's memory. */
export interface SizeInBytes {
  readonly computedBytes: number;
  readonly answerBytes: number;
}

/**
 * Compares the estimated cost of a request with the limits. `bytesPerNumber` is an upper bound for the numbers of the answer.
 * @throws Refusal `too-many-operations`, `too-much-memory` or `answer-too-large`, with the estimate, the limit and a remedy.
 */
export function checkCost(
  cost: Cost,
  bytesPerNumber: number,
  limits: Limits,
  flopsLimit: 'MAX_FLOPS' | 'JOB_MAX_FLOPS' = 'MAX_FLOPS',
): SizeInBytes {
  const computedBytes = cost.keptNumbers * Float64Array.BYTES_PER_ELEMENT;
  const answerBytes = cost.answerNumbers * bytesPerNumber;
  const isWithin = cost.flops <= limits[flopsLimit] && computedBytes <= limits.MAX_MEMORY && answerBytes <= limits.MAX_ANSWER;
  if (!isWithin) refuse(cost, computedBytes, answerBytes, limits, flopsLimit);
  return { computedBytes, answerBytes };
}

function refuse(cost: Cost, computedBytes: number, answerBytes: number, limits: Limits, flopsLimit: keyof Limits): never {
  const { pointer, operations, numbers } = cost.remedy;
  const refusal = (type: ProblemType, what: string, estimate: number, unit: string, name: keyof Limits, change: string) => {
    const detail = `${what} up to ${estimate} ${unit}, more than the limit of ${limits[name]} (${name}): ${change}`;
    return new Refusal(type, { detail, errors: [{ pointer, detail }] });
  };
  if (cost.flops > limits[flopsLimit]) {
    const change = flopsLimit === 'MAX_FLOPS' ? operations : numbers;
    throw refusal('too-many-operations', 'the request takes', cost.flops, 'floating-point operations', flopsLimit, change);
  }
  if (computedBytes > limits.MAX_MEMORY)
    throw refusal('too-much-memory', 'the values to compute take', computedBytes, 'bytes', 'MAX_MEMORY', numbers);
  throw refusal('answer-too-large', 'the answer takes', answerBytes, 'bytes', 'MAX_ANSWER', `${numbers}, or accept safetensors`);
}
