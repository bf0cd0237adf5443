// Jobs by a queue when workers, or Redis, are lost: every step has its effect once.
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Refusal } from '../../../src/refusal.ts';
import { folderOf, JSON_TYPE, keysOf, LETTERS, requestOf } from '../fixture.ts';
import { SummingRunner } from '../summing-runner.ts';
import { endOf, QUEUE, type QueueFixture, startQueue } from './fixture.ts';
import { missing, redisFor } from './redis-server.ts';

if (missing) {
  t.plan(0, missing);
  process.exit();
}

const SUM = '((abcdefgh)(ijklmnop)(qrstuvwx)(yz))/3 as application/json';

/** A runner that stops at a step until `go` is called. */
function stoppingAt(step: string) {
  const runner = new SummingRunner();
  const [reached, stopped] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  runner.before = (name) => {
    if (name !== step) return undefined;
    reached.resolve();
    return stopped.promise;
  };
  return { runner, reached: reached.promise, go: stopped.resolve };
}

async function succeeds(t: Test, { jobs }: QueueFixture, record: Parameters<typeof endOf>[1]): Promise<void> {
  const end = await endOf(jobs, record);
  t.match(end, { state: 'succeeded', completed: 26 });
  t.equal(await jobs.result(end, JSON_TYPE), SUM);
}

/** Asserts that each step was computed once by one of these runners, except for `twice`. */
function onceEach(t: Test, runners: readonly SummingRunner[], twice: readonly string[] = []): void {
  const calls = runners.flatMap(({ calls }) => calls).sort();
  t.strictSame(
    calls.filter((call, i) => call === calls[i - 1]),
    [...twice],
  );
}

for (const step of ['divisor', 'c', '(abcdefgh)', 'answer'])
  t.test(`a worker that is lost at ${step}, and comes back when the job has ended`, async (t) => {
    const server = await redisFor(t);
    const fixture = await startQueue(t, server);
    const { runner, reached, go } = stoppingAt(step);
    const lost = fixture.work({ runner });
    const record = await fixture.jobs.submit('owner', requestOf(LETTERS));
    await reached;
    lost.redis.disconnect();
    const other = fixture.work();
    await succeeds(t, fixture, record);
    t.ok(other.retries.includes('stalled'));
    go();
    await server.without(record.id);
    t.equal(await fixture.jobs.result(await endOf(fixture.jobs, record), JSON_TYPE), SUM);
    t.ok(other.runner.calls.includes(step));
    t.strictSame(
      (await keysOf(fixture.store)).filter((key) => key.startsWith('nodes')),
      ['nodes/2-0'],
    );
  });

t.test('a step that is lost with its worker again and again fails its job, with the reason', async (t) => {
  const server = await redisFor(t);
  const fixture = await startQueue(t, server);
  const { jobs } = fixture;
  const record = await jobs.submit('owner', requestOf('ab'));
  await server.client.hset(`${QUEUE}:${record.id}-begin`, 'stc', 20);
  const first = fixture.work();
  const detail = 'a step of the job (begin) was lost with its worker 20 times: it may be what ends them';
  t.match(await endOf(jobs, record), { state: 'failed', problem: { type: 'internal', refused: { detail } } });

  await first.loop.close(0);
  const { runner, reached, go } = stoppingAt('a');
  const { loop } = fixture.work({ runner, concurrency: 1 });
  const another = await jobs.submit('owner', requestOf('ab'));
  await reached;
  await server.client.hset(`${QUEUE}:${another.id}-0-1`, 'stc', 20);
  go();
  const ofPart = 'a step of the job (part 1) was lost with its worker 20 times: it may be what ends them';
  t.match(await endOf(jobs, another), { problem: { refused: { detail: ofPart } } });
  await server.client.hdel(`${QUEUE}:${another.id}-0-1`, 'stc');
  await loop.close(0);

  const last = stoppingAt('b');
  fixture.work({ runner: last.runner, concurrency: 1 });
  const third = await jobs.submit('owner', requestOf('ab'));
  await last.reached;
  await server.client.hset(`${QUEUE}:${third.id}-1-0`, 'stc', 20);
  last.go();
  const ofSum = 'a step of the job (sum 1-0) was lost with its worker 20 times: it may be what ends them';
  t.match(await endOf(jobs, third), { problem: { refused: { detail: ofSum } } });
});

t.test('a worker that has lost its lock adds no steps', async (t) => {
  const server = await redisFor(t);
  const fixture = await startQueue(t, server);
  const { runner, reached, go } = stoppingAt('divisor');
  fixture.work({ runner });
  const record = await fixture.jobs.submit('owner', requestOf(LETTERS));
  await reached;
  const lock = `${QUEUE}:${record.id}-begin:lock`;
  await server.client.set(lock, 'that of another worker');
  go();
  while (!(await fixture.records.read('owner', record.id))?.divisor);
  while (!fixture.log.some((line) => /lock/i.test(line))) await setImmediate();
  await server.client.del(lock);
  await succeeds(t, fixture, record);
  onceEach(t, [runner]);
});

t.test('a beginning that is lost in the store, and a request', async (t) => {
  const server = await redisFor(t);
  const { jobs, store, work } = await startQueue(t, server);
  const runner = new SummingRunner();
  let lost = 'begun.json';
  runner.before = async (step) => {
    if (step !== 'a') return;
    for await (const { key } of store.list('jobs/')) if (key.endsWith(`/${lost}`)) await store.remove(key);
  };
  work({ runner, concurrency: 1 });
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('abc'))), { state: 'succeeded' });
  t.equal(runner.calls.filter((call) => call === 'divisor').length, 1 + 2 + 1);
  lost = 'request';
  // Longer than what a worker keeps.
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf(`a${LETTERS.repeat(4)}`))), {
    state: 'failed',
    problem: { type: 'internal' },
  });
});

t.test('a step that BullMQ fails by itself fails its job, too', async (t) => {
  const server = await redisFor(t);
  const { jobs, work } = await startQueue(t, server);
  const record = await jobs.submit('owner', requestOf('ab'));
  await server.client.hset(`${QUEUE}:${record.id}-begin`, 'defa', 'job stalled more than allowable limit');
  work();
  const detail = 'job stalled more than allowable limit';
  t.match(await endOf(jobs, record), { state: 'failed', problem: { type: 'internal', refused: { detail } } });
});

t.test('a worker that ends gives its steps back after some time; one that is given time ends them', async (t) => {
  const server = await redisFor(t);
  const fixture = await startQueue(t, server);
  const first = stoppingAt('c');
  first.runner.before = (
    (before) => (step: string, signal?: AbortSignal) =>
      Promise.race([
        before(step),
        new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
      ])
  )(first.runner.before);
  const ending = fixture.work({ runner: first.runner, concurrency: 1 });
  const record = await fixture.jobs.submit('owner', requestOf(LETTERS));
  await first.reached;
  await ending.loop.close(0);
  const second = stoppingAt('d');
  const patient = fixture.work({ runner: second.runner, concurrency: 1 });
  await second.reached;
  const closed = patient.loop.close(60_000);
  second.go();
  await closed;
  const third = fixture.work();
  await succeeds(t, fixture, record);
  t.strictSame(first.runner.calls, ['divisor', 'a', 'b', 'c']);
  t.strictSame(second.runner.calls, ['c', 'd']);
  onceEach(t, [first.runner, second.runner, third.runner], ['c']);
  t.strictSame([...ending.retries, ...patient.retries, ...third.retries], [], 'nothing was lost');
});

t.test('Redis loses everything: the job is added again, and nothing that is stored is computed again', async (t) => {
  const server = await redisFor(t);
  const fixture = await startQueue(t, server);
  const { runner, reached, go } = stoppingAt('k');
  const worker = fixture.work({ runner, concurrency: 1 });
  const record = await fixture.jobs.submit('owner', requestOf(LETTERS));
  await reached;
  await server.client.flushall();
  go();
  await succeeds(t, fixture, record);
  onceEach(t, [worker.runner]);
});

t.test('Redis has lost everything: submitting the job again finds the parts that are done', async (t) => {
  const server = await redisFor(t);
  // It compares only when it starts.
  const fixture = await startQueue(t, server, { compareMs: 1e9 });
  const { runner, reached, go } = stoppingAt('k');
  const worker = fixture.work({ runner, concurrency: 1 });
  const record = await fixture.jobs.submit('owner', requestOf(LETTERS), 'key');
  await reached;
  await server.client.flushall();
  go();
  t.equal((await fixture.jobs.submit('owner', requestOf(LETTERS), 'key')).id, record.id);
  await succeeds(t, fixture, record);
  onceEach(t, [worker.runner]);
  t.equal((await fixture.jobs.submit('owner', requestOf(LETTERS), 'key')).id, record.id, 'a job that has ended');
});

for (const keepsData of [true, false])
  t.test(`Redis is killed, and starts again ${keepsData ? 'with' : 'without'} its data`, async (t) => {
    const server = await redisFor(t);
    const fixture = await startQueue(t, server);
    const { jobs, scheduler } = fixture;
    const { runner, reached, go } = stoppingAt('k');
    const worker = fixture.work({ runner, concurrency: 1 });
    const record = await jobs.submit('owner', requestOf(LETTERS));
    const gone = await jobs.submit('owner', requestOf('12'));
    await reached;
    t.match(await jobs.get('owner', record.id), { state: 'running', completed: 10 });
    t.match(await scheduler.state(), { steps: { active: 1, blocked: 5 + 2 } });
    await server.kill();
    const refusal = await jobs.submit('owner', requestOf('x')).catch((error: Refusal) => error);
    t.match(refusal, { type: 'unavailable', retryAfter: 5 });
    t.match(await jobs.get('owner', record.id), { state: 'running', completed: 0 }, 'what the store knows');
    t.equal(await scheduler.state(), undefined);
    t.ok(await jobs.remove('owner', gone.id));
    await server.restart(keepsData);
    go();
    await succeeds(t, fixture, record);
    onceEach(t, [worker.runner], ['divisor']);
    await server.without(gone.id);
    t.equal((await jobs.list('owner')).length, 1);
    t.notOk(worker.runner.calls.includes('2'));
  });

t.test('a job that cannot be added although Redis was there: it is added later', async (t) => {
  const server = await redisFor(t);
  const fixture = await startQueue(t, server);
  const { jobs, records, log } = fixture;
  const add = records.add;
  t.teardown(() => {
    Object.getPrototypeOf(records).add = add;
  });
  Object.getPrototypeOf(records).add = async function (this: unknown, ...args: Parameters<typeof add>) {
    await add.apply(records, args);
    await server.kill();
  };
  const record = await jobs.submit('owner', requestOf(LETTERS));
  Object.getPrototypeOf(records).add = add;
  t.match(log.join('\n'), `the job ${record.id} waits for the queue`);
  await server.restart(false);
  fixture.work();
  await succeeds(t, fixture, record);
});

t.test('workers of another fingerprint never see a job; when its own are gone, it begins anew', async (t) => {
  const server = await redisFor(t);
  const folder = folderOf(t);
  const before = await startQueue(t, server, { folder, runner: new SummingRunner('before') });
  const { runner, reached, go } = stoppingAt('k');
  Object.assign(runner, { fingerprint: 'before' });
  const old = before.work({ runner, concurrency: 1 });
  const record = await before.jobs.submit('owner', requestOf(LETTERS));
  await reached;
  const after = await startQueue(t, server, { folder });
  const worker = after.work();
  await after.scheduler.compare();
  t.match(await after.jobs.get('owner', record.id), { state: 'running', fingerprint: 'before', completed: 10 });
  t.strictSame(worker.runner.calls, []);
  await before.jobs.close();
  old.redis.disconnect();
  go();
  await server.client.del('gradients:workers:jobs-before');
  await succeeds(t, after, record);
  onceEach(t, [worker.runner]);
  t.equal(worker.runner.calls.length, 1 + 26 + 4 + 1 + 1);
  t.ok(await after.jobs.remove('owner', record.id));
  t.strictSame(await keysOf(after.store), []);
});

t.test('a Redis that is away when the service starts', async (t) => {
  const server = await redisFor(t);
  await server.kill();
  const fixture = await startQueue(t, server);
  t.strictSame(fixture.log.length, 1);
  t.match(await fixture.jobs.submit('owner', requestOf('a')).catch((error) => error), { type: 'unavailable' });
  await server.restart(true);
  await server.client.ping();
  fixture.work();
  let record: Awaited<ReturnType<typeof fixture.jobs.submit>> | undefined;
  while (!record) record = await fixture.jobs.submit('owner', requestOf(LETTERS)).catch(() => undefined);
  await succeeds(t, fixture, record);
});

t.test('a store that fails while its jobs are compared with those in the queue', async (t) => {
  const { scheduler, store, log } = await startQueue(t, await redisFor(t), { compareMs: 1_000_000 });
  await scheduler.compare();
  store.list = () => {
    throw new Error('broken');
  };
  await scheduler.compare();
  t.strictSame(log, ['the jobs in the store could not be compared with those in the queue: Error: broken']);
});
