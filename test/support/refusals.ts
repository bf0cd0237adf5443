// Checks requests that must be refused.
import type { FastifyInstance } from 'fastify';
import type { Test } from 'tap';
import { type ProblemType, problems } from '../../schemas/problem.ts';
import { post, startApp, validRequest } from './app.ts';
import { file, SAFETENSORS } from './safetensors-file.ts';

export interface Refusal {
  readonly body: object | string | Buffer;
  readonly type: ProblemType;
  /** Pointers, each with a part of its detail; '' stands for the problem itself, if it has no errors. */
  readonly errors?: Record<string, string>;
  readonly detail?: string;
  readonly headers?: Record<string, string>;
}

/** The valid request with the value at a JSON pointer replaced, or deleted if the new value is undefined. */
export function withValue(pointer: string, value: unknown): object {
  const request = structuredClone(validRequest());
  const keys = pointer.slice(1).split('/');
  const last = keys.pop() as string;
  // biome-ignore lint/suspicious/noExplicitAny: the document may have any structure
  const parent = keys.reduce((node: any, key) => node[key], request);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return request;
}

export const text = (pointer: string, json: string) => JSON.stringify(withValue(pointer, '@')).replace('"@"', json);
export const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
export const columnsOf = (inputs: number[][], targets: number[][]) => ({
  ...validRequest(),
  batch: { inputs, targets, samples: 'columns' },
});

/** A minimal request: one weight, one input, one target. */
export const single = (weight: number, input: number, rest: object = {}, layer: object = {}) => ({
  network: { layers: [{ weights: [[weight]], ...layer }] },
  batch: { inputs: [[input]], targets: [[0]] },
  ...rest,
});

export const classes = (targets: unknown, loss: unknown = 'cross_entropy', batch: object = {}) => ({
  network: { layers: [{ weights: [[1], [2], [3]] }] },
  batch: { inputs: [[1], [2]], targets, ...batch },
  loss,
});

/** Asserts that each request is refused as expected, and that the next request is answered. */
export async function checkRefusals(t: Test, refusals: Record<string, Refusal>): Promise<void> {
  const app = await startApp();
  const right = (await post(app, validRequest())).body;
  for (const [name, { body, type, errors, detail, headers }] of Object.entries(refusals)) {
    const response = await post(app, body, headers);
    t.equal(response.headers['content-type'], 'application/problem+json', `${name}: a problem document`);
    const problem = response.json();
    const { status, title } = problems[type];
    t.match(problem, { type: `/problems/${type}`, title, status }, `${name}: ${type}`);
    t.equal(response.statusCode, status, `${name}: ${status}`);
    const pointers: string[] = (problem.errors ?? []).map((error: { pointer: string }) => error.pointer);
    t.strictSame(pointers.toSorted(), Object.keys(errors ?? {}).toSorted(), `${name}: its pointers`);
    for (const error of problem.errors ?? []) t.match(error.detail, errors?.[error.pointer], `${name}: ${error.pointer}`);
    if (detail) t.match(problem.detail, detail, `${name}: its detail`);
    t.equal((await post(app, validRequest())).body, right, `${name}: the next request has its answer`);
  }
}

/** The pointers and texts of the errors that a refused body has, without the lists of names that there are. */
async function textsOf(app: FastifyInstance, body: object | string | Buffer, type: string): Promise<Record<string, string>> {
  const { errors = [] } = (await post(app, body, { 'content-type': type })).json();
  return Object.fromEntries(
    errors.map(({ pointer, detail }: { pointer: string; detail: string }) => [
      pointer,
      detail.replace(/; there (is|are) .*$/, ''),
    ]),
  );
}

/** Asserts the exact pointers and texts of refused documents, in JSON and as the document in a safetensors file. */
export async function checkTexts(
  t: Test,
  cases: Record<string, [document: object, errors: Record<string, string>]>,
): Promise<void> {
  const app = await startApp();
  for (const [name, [document, errors]] of Object.entries(cases)) {
    t.strictSame(await textsOf(app, document, 'application/json'), errors, name);
    const tensors = file({ __metadata__: { request: JSON.stringify(document) } }, Buffer.alloc(0));
    t.strictSame(await textsOf(app, tensors, SAFETENSORS), errors, `${name}: safetensors`);
  }
}
