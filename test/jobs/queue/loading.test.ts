// BullMQ is loaded only with REDIS_URL; and what a worker says that cannot start.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import { worker } from '../../support/process.ts';
import { missing, redisFor } from './redis-server.ts';

const script = new URL('loaded-packages.ts', import.meta.url).pathname;

function packagesLoaded(environment: Record<string, string>): unknown[] {
  const { REDIS_URL: _, ...env } = process.env;
  const options = { env: { ...env, STORE: t.testdir(), ...environment }, encoding: 'utf8' } as const;
  return JSON.parse(spawnSync(process.execPath, [script], options).stdout);
}

t.test('without REDIS_URL, nothing of the queue is loaded', async (t) => {
  t.strictSame(packagesLoaded({}), [200, 'fastify']);
});

t.test('with REDIS_URL', { skip: missing }, async (t) => {
  const { url } = await redisFor(t);
  t.strictSame(packagesLoaded({ REDIS_URL: url, DEADLINE_MS: '1' }), [202, 'fastify', 'bullmq', 'ioredis']);
});

function failedStart(environment: Record<string, string>): string {
  const { REDIS_URL: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [worker], {
    env: { ...env, PORT: '0', ...environment },
    encoding: 'utf8',
  });
  return `${status}: ${stderr}`;
}

t.test('a worker without a queue', async (t) => {
  t.equal(
    failedStart({ REDIS_URL: '' }),
    '1: REDIS_URL: a worker needs the queue of the service, such as redis://localhost:6379\n',
  );
});

t.test('a worker whose Redis may drop jobs, whose store is none, and whose port is taken', { skip: missing }, async (t) => {
  const dropping = await redisFor(t, ['--maxmemory-policy', 'allkeys-lru']);
  t.match(
    failedStart({ REDIS_URL: dropping.url }),
    '1: REDIS_URL: expected a Redis with maxmemory-policy noeviction, got allkeys-lru',
  );
  const { url } = await redisFor(t);
  t.match(failedStart({ REDIS_URL: url, STORE: 's3://' }), '1: wrong environment: STORE');
  const server = createServer().listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  t.match(
    failedStart({ REDIS_URL: url, STORE: t.testdir(), PORT: `${port}` }),
    `PORT: expected a free port of 127.0.0.1, got ${port}: another process has it`,
  );
});
