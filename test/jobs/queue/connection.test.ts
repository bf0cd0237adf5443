// Connections to Redis: one that is silent, and a Redis that would drop jobs.
import { once } from 'node:events';
import t from 'tap';
import { connectPatiently } from '../../../src/jobs/queue/connection.ts';
import { openQueue } from '../../../src/jobs/queue/scheduler.ts';
import { proxyTo } from './proxy.ts';
import { missing, redisFor } from './redis-server.ts';

if (missing) {
  t.plan(0, missing);
  process.exit();
}

t.test('a connection that is silent is made anew', async (t) => {
  const server = await redisFor(t);
  const proxy = await proxyTo(t, server.port);
  const redis = connectPatiently(`redis://127.0.0.1:${proxy.port}`, 20, 60);
  t.teardown(() => redis.disconnect());
  await redis.set('x', 1);
  proxy.cut(true);
  const answer = redis.get('x');
  await once(redis, 'close');
  proxy.cut(false);
  t.equal(await answer, '1');
});

t.test('a Redis that would drop jobs is refused', async (t) => {
  const server = await redisFor(t, ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru']);
  const message =
    'REDIS_URL: expected a Redis with maxmemory-policy noeviction, got allkeys-lru, which may drop jobs: set maxmemory-policy noeviction';
  const log = { warn() {}, error() {} };
  await t.rejects(openQueue({ url: server.url, fingerprint: 'f', store: () => Promise.reject(new Error('no')), log }), {
    message,
  });
});
