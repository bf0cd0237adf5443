// Shared by most tests: the application as the server builds it, and requests to it.
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import root, { type Test } from 'tap';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';

/** The engine for the tests: test/run.ts runs them with each engine in turn. */
export const ENGINE = process.env.ENGINE ?? 'auto';

/** A folder for the store of a test. The service makes it when it needs it. */
export function storeOf(t: Test): string {
  const folder = join(tmpdir(), `store-${randomUUID()}`);
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

let shared: Promise<FastifyInstance> | undefined;

/**
 * The application with the default settings. All tests of a file share one, since its threads take most of a second to start; a test
 * that changes what others see, or closes it, starts its own with startOwnApp.
 */
export function startApp(): Promise<FastifyInstance> {
  shared ??= startOwnApp(root);
  return shared;
}

/** An application with the given environment variables, closed at the end of the test. */
export async function startOwnApp(t: Test, environment: Record<string, string> = {}): Promise<FastifyInstance> {
  const app = await buildApp(readConfig({ ENGINE, STORE: storeOf(t), ...environment }));
  t.teardown(() => app.close());
  return app;
}

/**
 * Like startApp, but waits for the threads, for tests that start other processes: OpenBLAS joins its threads before a fork, and
 * the fork never returns if a product is being computed, such as the check of the engine when a thread starts.
 */
export async function startIdleApp(): Promise<FastifyInstance> {
  const app = await startApp();
  await app.readiness.started;
  return app;
}

/** Posts a body to /gradients, or another operation: an object as JSON, a string or a copy of bytes, since the application transfers them to a thread. */
export function post(
  app: FastifyInstance,
  body: object | string | Buffer,
  headers: Record<string, string> = {},
  url = '/gradients',
) {
  const bytes = Buffer.isBuffer(body) && Buffer.from(body);
  const payload = bytes || (typeof body === 'string' ? body : JSON.stringify(body));
  return app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, payload });
}

/** Posts a request that must succeed, and returns the answer. */
export async function gradients(app: FastifyInstance, request: GradientsRequest): Promise<GradientsAnswer> {
  const response = await post(app, request);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${response.body}`);
  return response.json();
}

/** A valid request that tests may modify: two layers, two samples. */
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
