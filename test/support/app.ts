// What the tests share: the application as the server builds it, requests to it, and comparison of numbers.
import type { FastifyInstance } from 'fastify';
import type { Test } from 'tap';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';

/** The engine that the tests run on: each of them in turn, see test/run.ts. */
export const ENGINE = process.env.ENGINE ?? 'auto';

/** An application with the given environment variables, closed at the end of the test. */
export async function startApp(t: Test, environment: Record<string, string> = {}): Promise<FastifyInstance> {
  const app = await buildApp(readConfig({ ENGINE, ...environment }));
  t.teardown(() => app.close());
  return app;
}

/** Posts a body to /gradients: an object as JSON, a string or bytes as they are. */
export function post(app: FastifyInstance, body: object | string | Buffer, headers: Record<string, string> = {}) {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return app.inject({ method: 'POST', url: '/gradients', headers: { 'content-type': 'application/json', ...headers }, payload });
}

/** The answer to a request that has one. */
export async function gradients(app: FastifyInstance, request: GradientsRequest): Promise<GradientsAnswer> {
  const response = await post(app, request);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${response.body}`);
  return response.json();
}

/** A request that every test may change a part of: two layers, two samples. */
export function validRequest(): GradientsRequest {
  return {
    network: {
      layers: [
        {
          weights: [
            [0.5, -0.25],
            [1, 0.75],
          ],
          biases: [0.1, -0.2],
          activation: 'tanh',
        },
        { weights: [[1, -1]], biases: [0.5] },
      ],
    },
    batch: {
      inputs: [
        [1, 2],
        [-1, 0.5],
      ],
      targets: [[1], [-1]],
    },
  };
}

/** Paths and arrays of numbers of a document; a list of rows is one array. */
export function arraysOf(value: unknown, path = ''): [path: string, numbers: number[]][] {
  if (typeof value === 'number') return [[path, [value]]];
  if (Array.isArray(value) && typeof value.flat(Infinity)[0] === 'number') return [[path, value.flat(Infinity)]];
  return Object.entries(value as object).flatMap(([key, item]) => arraysOf(item, `${path}/${key}`));
}

/** The shape of a list of lists, by the lengths of all of them. */
function lengths(value: unknown): unknown {
  if (Array.isArray(value)) return typeof value[0] === 'number' ? value.length : value.map(lengths);
  return value instanceof Object
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, lengths(item)]))
    : 'number';
}

/** Asserts that two documents have the same shapes, and each array the same numbers within `tolerance` of its largest. */
export function sameNumbers(t: Test, actual: unknown, expected: unknown, message: string, tolerance = 1e-9): void {
  t.strictSame(lengths(actual), lengths(expected), `${message}: the same shapes`);
  const far = arraysOf(expected).flatMap(([path, numbers]) => {
    const got = new Map(arraysOf(actual)).get(path) ?? [];
    const largest = Math.max(...numbers.map(Math.abs));
    const at = numbers.findIndex((number, i) => !(Math.abs(number - got[i]) <= tolerance * largest));
    return at < 0 ? [] : [`${path}[${at}]: expected ${numbers[at]}, got ${got[at]}`];
  });
  t.strictSame(far, [], `${message}: the same numbers`);
}
