// Shared by most tests: the application as the server builds it.
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import root, { type Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { ENGINE } from './requests.ts';

export * from './requests.ts';

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
