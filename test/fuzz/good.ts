// Requests with known answers, sent in between to check that no mutant has left the service in a bad state.
import { isDeepStrictEqual } from 'node:util';
import { operations } from '../../src/operations/registry.ts';
import { fileOf, flattened, read, SAFETENSORS } from '../support/safetensors-file.ts';
import type { Answer, Sent } from './client.ts';
import { JSON_TYPE } from './mutant.ts';

interface Good extends Sent {
  /** Whether the answer is right, to the last bit. */
  isRight(answer: Answer): boolean;
}

function inJson(operation: string, request: object, answer: object, padding: number): Good {
  return {
    operation,
    headers: { 'content-type': JSON_TYPE },
    body: Buffer.from(JSON.stringify(request) + ' '.repeat(padding)),
    framing: 'length',
    // isDeepStrictEqual distinguishes -0 from 0.
    isRight: ({ status, body }) => status === 200 && isDeepStrictEqual(JSON.parse(`${body}`), answer),
  };
}

function inSafetensors(operation: string, request: object, answer: object): Good {
  const expected = flattened(answer);
  return {
    operation,
    headers: { 'content-type': SAFETENSORS, accept: SAFETENSORS },
    body: fileOf(request),
    framing: 'length',
    isRight: ({ status, body }) => status === 200 && isDeepStrictEqual(read(body).tensors, expected),
  };
}

/** The examples of every operation: in JSON, answered inline and in a thread; and in safetensors. */
export const goodRequests: readonly Good[] = operations.flatMap(({ name, examples, answersJson }) =>
  Object.values(examples).flatMap(({ request, answer }) => [
    inJson(name, request, answer, 0),
    inJson(name, request, answer, 100_000),
    ...(answersJson ? [] : [inSafetensors(name, request, answer)]),
  ]),
);
