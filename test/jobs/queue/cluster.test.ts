// The service and its workers as processes that share a queue and a store: the bits of the inline answer, whoever is lost.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { environment, missing as missingS3, startS3 } from '../../store/s3-server.ts';
import { type Service, startService, worker } from '../../support/process.ts';
import {
  bytesAt,
  computedParts,
  FEATURES,
  followed,
  gradients,
  HIDDEN,
  hasEnded,
  isHalfDone,
  PARTS,
  put,
  submit,
} from '../large-job.ts';
import { proxyTo } from './proxy.ts';
import { missing, type RedisServer, redisFor } from './redis-server.ts';

if (missing) {
  t.plan(0, missing);
  process.exit();
}

interface Cluster {
  readonly redis: RedisServer;
  readonly service: Service;
  /** Starts another process on the same store and queue. */
  start(file?: string, environment?: Record<string, string>): Promise<Service>;
}

async function startCluster(t: Test, store = folderOf(t), further: Record<string, string> = {}): Promise<Cluster> {
  const redis = await redisFor(t);
  const start = async (file?: string, environment = {}) => {
    const process = await startService({
      ...(file && { file }),
      measured: true,
      environment: { STORE: store, REDIS_URL: redis.url, DRAIN_MS: '0', LOG_LEVEL: 'info', ...further, ...environment },
    });
    t.teardown(() => process.process.kill('SIGKILL'));
    return process;
  };
  const service = await start();
  await put(t, service);
  return { redis, service, start };
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Asserts that a job ends with the bytes of the inline answer, and that nothing is left in the queue when it is deleted. */
async function endsRight(t: Test, { redis, service }: Pick<Cluster, 'redis' | 'service'>, path: string): Promise<void> {
  const { state, parts, problem } = await followed(service, path, hasEnded);
  t.equal(state, 'succeeded', JSON.stringify(problem));
  t.strictSame(parts, { total: PARTS, completed: PARTS });
  const result = await bytesAt(service, `${path}/result`);
  const inline = await bytesAt(service, '/gradients', { method: 'POST', body: gradients });
  // A problem is shorter.
  for (const bytes of [result, inline]) t.ok(bytes.length > FEATURES * HIDDEN * 8, bytes.toString('latin1', 0, 300));
  t.ok(result.equals(inline), 'the bytes of the inline answer');
  t.equal((await fetch(new URL(path, service.url), { method: 'DELETE' })).status, 204);
  await redis.without(path.slice(path.lastIndexOf('/') + 1));
}

/** A module that has an error that nobody catches, when it is told to. */
const UNCAUGHT = encodeURIComponent("process.on('SIGUSR2',()=>{throw new Error('not caught')})");

async function metricsOf({ url }: Service): Promise<string> {
  return (await fetch(new URL('/metrics', url))).text();
}

t.test('one worker, then two: each part is computed once', async (t) => {
  const cluster = await startCluster(t);
  const { service, start } = cluster;
  t.strictSame(await (await fetch(new URL('/readyz', service.url))).json(), await readyWithout(service, 'missing'));
  const queued = await submit(t, service);
  t.match(await (await fetch(new URL(queued, service.url))).json(), { state: 'queued', parts: { total: PARTS, completed: 0 } });
  t.match(await metricsOf(service), /^gradients_job_queue_steps\{state="waiting"\} 1$/m);
  const first = await start(worker);
  await endsRight(t, cluster, queued);
  t.equal(await computedParts(first), PARTS);
  const second = await start(worker);
  await endsRight(t, cluster, await submit(t, service));
  t.equal((await computedParts(first)) + (await computedParts(second)), 2 * PARTS);
  t.equal(await computedParts(service), 0);
  const text = await metricsOf(first);
  const written = Number(/^gradients_job_bytes_total\{direction="written"\} (\d+)$/m.exec(text)?.[1]);
  t.ok(written > PARTS * FEATURES * HIDDEN * 8, `${written} bytes`);
  t.match(text, /^gradients_dependency_up\{dependency="queue"\} 1$/m);
  t.strictSame(await (await fetch(new URL('/readyz', first.url))).json(), { status: 'ready' });
  t.strictSame(await (await fetch(new URL('/livez', first.url))).json(), { status: 'live' });
  t.equal((await fetch(new URL('/gradients', first.url))).status, 404);
  t.strictSame([...service.badLines, ...first.badLines, ...second.badLines], []);
  // They measure themselves for the coverage only if they end regularly.
  for (const one of [first, second, service]) await ends(t, one);
});

async function ends(t: Test, { process, exit }: Service): Promise<void> {
  process.kill('SIGTERM');
  t.equal(await exit, 0);
}

async function readyWithout({ url }: Service, key: string): Promise<object> {
  const { [key]: _, ...ready } = (await (await fetch(new URL('/readyz', url))).json()) as Record<string, unknown>;
  return ready;
}

t.test('a worker is killed in the middle of a job, and the service too', async (t) => {
  const cluster = await startCluster(t);
  const { redis, service, start } = cluster;
  const first = await start(worker);
  const path = await submit(t, service);
  await followed(service, path, isHalfDone);
  first.process.kill('SIGKILL');
  const second = await start(worker);
  service.process.kill('SIGKILL');
  await service.exit;
  const again = await start();
  await endsRight(t, { redis, service: again }, path);
  t.ok((await computedParts(second)) > 0);
});

t.test('SIGTERM: a worker ends the parts that it has in hand, and exits with 0', async (t) => {
  const cluster = await startCluster(t);
  const { service, start } = cluster;
  const first = await start(worker);
  const path = await submit(t, service);
  await followed(service, path, isHalfDone);
  first.process.kill('SIGTERM');
  t.equal(await first.exit, 0);
  const second = await start(worker);
  await endsRight(t, cluster, path);
  t.match(await metricsOf(second), /^gradients_job_retries_total\{reason="stalled"\} 0$/m);
  t.strictSame(first.badLines, []);
});

t.test('Redis is away: inline requests are answered, jobs are not taken; when it is back, jobs go on', async (t) => {
  const cluster = await startCluster(t);
  const { redis, service, start } = cluster;
  const path = await submit(t, service);
  const first = await start(worker);
  await followed(service, path, isHalfDone);
  await redis.kill();
  const headers = { 'content-type': 'application/vnd.safetensors', prefer: 'respond-async' };
  const refused = await fetch(new URL('/gradients', service.url), { method: 'POST', headers, body: gradients });
  t.equal(refused.status, 503);
  t.equal(refused.headers.get('retry-after'), '5');
  t.match(await refused.json(), { type: '/problems/unavailable', detail: /queue/ });
  const { prefer: _, ...inline } = headers;
  t.equal((await fetch(new URL('/gradients', service.url), { method: 'POST', headers: inline, body: gradients })).status, 200);
  t.match(await metricsOf(service), /^gradients_dependency_up\{dependency="queue"\} [01]$/m);
  const second = await start(worker);
  t.match(await second.logged('Redis is away'), { msg: 'REDIS_URL: Redis is away: the worker waits for it' });
  await redis.restart(true);
  await endsRight(t, cluster, path);
  t.strictSame(first.badLines, []);
  for (const one of [second, service]) await ends(t, one);
});

t.test('SIGTERM while Redis is away: since the start, and with parts in hand', async (t) => {
  for (const file of [undefined, worker]) {
    const environment = { STORE: folderOf(t), REDIS_URL: 'redis://127.0.0.1:1', DRAIN_MS: '0', LOG_LEVEL: 'info' };
    const process = await startService({ ...(file && { file }), environment });
    t.teardown(() => process.process.kill('SIGKILL'));
    await ends(t, process);
  }
  const { redis, service, start } = await startCluster(t);
  const first = await start(worker, { SHUTDOWN_MS: '3000' });
  await followed(service, await submit(t, service), isHalfDone);
  await redis.kill();
  await ends(t, first);
  await ends(t, service);
});

t.test('S3 is away for some time', { skip: missingS3 }, async (t) => {
  const s3 = await startS3();
  t.teardown(() => s3.stop());
  const bucket = await s3.makeBucket();
  const proxy = await proxyTo(t, s3.port);
  const cluster = await startCluster(t, `s3://${bucket}/jobs`, { ...environment(proxy.port), AWS_MAX_ATTEMPTS: '1' });
  const { service, start } = cluster;
  const path = await submit(t, service);
  const [first] = await Promise.all([start(worker), start(worker)]);
  await followed(service, path, isHalfDone);
  await proxy.close();
  while (!/^gradients_job_retries_total\{reason="store"\} [1-9]/m.test(await metricsOf(first)));
  t.match(await (await fetch(new URL('/readyz', first.url))).json(), { missing: ['store'] });
  const job = await fetch(new URL(path, service.url));
  t.equal(job.status, 503);
  t.match(await job.json(), { type: '/problems/unavailable', detail: /store/ });
  t.match(await (await fetch(new URL('/readyz', service.url))).json(), { status: 'ready', missing: ['store'] });
  await proxy.open();
  await endsRight(t, cluster, path);
  t.strictSame(service.badLines, []);
  for (const one of [first, service]) await ends(t, one);
});

t.test('a worker ends at once after an uncaught error', async (t) => {
  const { start } = await startCluster(t);
  const { process, logged, exit } = await start(worker, { NODE_OPTIONS: `--import=data:text/javascript,${UNCAUGHT}` });
  process.kill('SIGUSR2');
  t.match(await logged('not caught'), { level: 'fatal' });
  t.equal(await exit, 1);
});
