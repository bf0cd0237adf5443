// The engine of jobs: idempotency keys, limits, owners, turns, and what is swept.
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { InProcess } from '../../src/jobs/in-process.ts';
import { Jobs } from '../../src/jobs/jobs.ts';
import { Turns } from '../../src/jobs/turns.ts';
import { Refusal } from '../../src/refusal.ts';
import { FolderStore } from '../../src/store/folder.ts';
import { endOf, folderOf, keysOf, LETTERS, refusalOf, requestOf, START, start } from './fixture.ts';
import { SummingRunner } from './summing-runner.ts';

t.test('idempotency keys', async (t) => {
  const folder = folderOf(t);
  const { jobs } = start(t, {}, folder);
  const [a, b] = await Promise.all([jobs.submit('owner', requestOf('a'), 'key'), jobs.submit('owner', requestOf('a'), 'key')]);
  t.equal(a.id, b.id);
  t.not((await jobs.submit('another', requestOf('b'), 'key')).id, a.id, 'that of another owner');
  t.match(await refusalOf(jobs.submit('owner', requestOf('b'), 'key')), /^idempotency-key-reused: /);
  t.match(await refusalOf(jobs.submit('owner', { ...requestOf('a'), operation: 'hvp' }, 'key')), /^idempotency-key-reused: /);
  await endOf(jobs, a);
  const after = start(t, {}, folder);
  t.equal((await after.jobs.submit('owner', requestOf('a'), 'key')).id, a.id, 'after a restart');
  after.at(61_000);
  t.not((await after.jobs.submit('owner', requestOf('c'), 'key')).id, a.id, 'after its job has expired');
});

t.test('limits, and the end of a job', async (t) => {
  const { jobs, at, store } = start(t);
  t.match(await refusalOf(jobs.submit('owner', requestOf(''))), 'invalid-request: expected a text');
  const all = [];
  for (const [ms, text] of [
    [0, 'a'],
    [2, 'b'],
    [2, 'c'],
  ] as const) {
    at(ms);
    all.push(await endOf(jobs, await jobs.submit('owner', requestOf(text))));
  }
  t.equal(
    await refusalOf(jobs.submit('owner', requestOf('d'))),
    'too-many-jobs: 3 jobs, as many as one client may have (MAX_JOBS): delete those that are no longer needed',
  );
  await jobs.submit('another', requestOf('d'));
  t.strictSame(
    (await jobs.list('owner')).map(({ id }) => id),
    [...[all[1].id, all[2].id].sort(), all[0].id],
  );
  t.equal(jobs.expiryOf(all[0]), START + 60_000);
  t.ok((await jobs.bytesOf('owner')) > 100);
  t.equal(await jobs.bytesOf('nobody'), 0);
  at(60_001);
  t.strictSame(
    (await jobs.list('owner')).map(({ id }) => id),
    [all[1].id, all[2].id].sort(),
  );
  t.equal(await jobs.get('owner', all[0].id), undefined);
  await jobs.sweep();
  t.equal((await keysOf(store)).filter((key) => key === 'job.json').length, 3);

  const full = start(t, { reserve: async () => Promise.reject(new Refusal('storage-full', { detail: 'no room' })) });
  t.equal(await refusalOf(full.jobs.submit('owner', requestOf('a'))), 'storage-full: no room');
});

t.test('what belongs to others, and ids that are none', async (t) => {
  const { jobs } = start(t);
  const { id } = await jobs.submit('owner', requestOf('a'));
  t.equal(await jobs.get('another', id), undefined);
  t.equal(await jobs.remove('another', id), false);
  t.strictSame(await jobs.list('another'), []);
  for (const wrong of ['', '../job', 'x'.repeat(32), id.slice(1), id.toUpperCase() + id])
    t.equal(await jobs.get('owner', wrong), undefined);
});

t.test('jobs of several owners, side by side', async (t) => {
  const { jobs, runner } = start(t, { limits: { MAX_JOBS: 30, JOB_TTL: 60 } });
  const go = Promise.withResolvers<void>();
  runner.before = () => go.promise;
  const all = await Promise.all([1, 2, 3, 4].map((i) => jobs.submit(`owner ${i % 2}`, requestOf('abcd'.repeat(i)))));
  go.resolve();
  for (const one of all) t.match(await endOf(jobs, one), { state: 'succeeded' });
});

t.test('owners take turns, and the jobs of an owner among themselves', async (t) => {
  const turns = new Turns(1);
  const order: string[] = [];
  const ends: Promise<void>[] = [];
  const take = (owner: string, job: string) => {
    ends.push(
      turns.take(owner, job).then(async (end) => {
        order.push(`${owner}${job}`);
        await setImmediate();
        end();
        end();
      }),
    );
  };
  for (const job of ['1', '2', '3']) take('a', job);
  take('b', '1');
  take('c', '1');
  take('b', '2');
  await Promise.all(ends);
  t.strictSame(order, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
});

t.test('pins are the objects of jobs that have not ended; what a killed process has left is swept', async (t) => {
  const { jobs, runner, store, at } = start(t);
  const go = Promise.withResolvers<void>();
  runner.before = () => go.promise;
  const plan = runner.plan.bind(runner);
  const column = { offset: 0, dtype: 'F64', shape: [1, 1] } as const;
  runner.plan = async (owner, request) => ({
    ...(await plan(owner, request)),
    content: {
      etag: 'e',
      bytes: 1,
      columns: {
        inputs: { ...column, source: { object: 'objects/1' } },
        targets: { ...column, source: { url: 'file:///x', version: '1' } },
      },
    },
  });
  const record = await jobs.submit('owner', requestOf('a'));
  t.strictSame(await jobs.pins(), new Set(['objects/1']));
  runner.plan = plan;
  const plain = await jobs.submit('owner', requestOf('b'));
  t.strictSame(await jobs.pins(), new Set(['objects/1']), 'a job without a dataset');
  await jobs.resume();
  go.resolve();
  await endOf(jobs, record);
  await endOf(jobs, plain);
  t.strictSame(await jobs.pins(), new Set());
  t.strictSame(runner.calls.toSorted(), ['a', 'answer', 'answer', 'b', 'divisor', 'divisor'], 'a job that runs is not resumed');

  const folder = (await Array.fromAsync(store.list('jobs/')))[0].key.split('/').slice(0, 2).join('/');
  await store.write(`${folder}/00000000000000000000000000000000/request`, Buffer.from('left'));
  await store.write(`${folder}/keys/0000`, Buffer.from('00000000000000000000000000000000'));
  at(Date.now() - START);
  await jobs.sweep();
  t.strictSame(await keysOf(store), ['0000', 'request'], 'not yet');
  at(Date.now() - START + 2 * 3_600_000);
  await jobs.sweep();
  t.strictSame(await keysOf(store), []);
});

t.test('a job that another process has removed, and one that is made while the process ends', async (t) => {
  const { jobs, runner, store } = start(t);
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  runner.before = (step) => {
    if (step !== 'b') return undefined;
    reached.resolve();
    return go.promise;
  };
  await jobs.submit('owner', requestOf(LETTERS));
  await reached.promise;
  for await (const { key } of store.list('jobs/')) await store.remove(key);
  go.resolve();
  while (jobs.counts.running > 0) await setImmediate();
  t.ok(runner.calls.length < LETTERS.length);
  await jobs.close();
  t.match(await jobs.submit('owner', requestOf('a')), { state: 'queued' });
  t.strictSame(jobs.counts, { queued: 0, running: 0 });
});

t.test('a real wait', async (t) => {
  const runner = new SummingRunner();
  const store = new FolderStore(folderOf(t));
  const common = {
    store: async () => store,
    runner,
    onEnd: async () => {},
    log: { error: (error: unknown) => void t.fail(`${error}`) },
  };
  const scheduler = new InProcess({ ...common, onPart: () => {} });
  const jobs = new Jobs({ ...common, scheduler, limits: { MAX_JOBS: 3, JOB_TTL: 60 }, reserve: async () => {} });
  let isFirst = true;
  runner.before = (step) => {
    if (step !== 'a' || !isFirst) return;
    isFirst = false;
    throw new Refusal('overloaded', { detail: 'no room' });
  };
  const alive = setInterval(() => {}, 1000);
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('a'))), { state: 'succeeded' });
  clearInterval(alive);
});

t.test('a store that cannot be opened, or written to', async (t) => {
  let fails = true;
  const folder = folderOf(t);
  const { jobs } = start(t, {
    store: () => (fails ? Promise.reject(new Error('no store')) : Promise.resolve(new FolderStore(folder))),
  });
  await t.rejects(jobs.list('owner'), /no store/);
  fails = false;
  t.strictSame(await jobs.list('owner'), []);

  const broken = start(t);
  const write = broken.store.write.bind(broken.store);
  broken.runner.before = (step) => {
    if (step !== 'a') return;
    broken.store.write = () => Promise.reject(new Error('the disk is broken'));
  };
  const record = await broken.jobs.submit('owner', requestOf('a'));
  while (broken.errors.length < 2) await setImmediate();
  t.match(broken.errors, ['Error: the disk is broken', 'Error: the disk is broken']);
  broken.store.write = write;
  t.match(await broken.jobs.get('owner', record.id), { state: 'running' });

  const stuck = start(t, { onEnd: () => Promise.reject(new Error('not freed')) });
  t.match(await endOf(stuck.jobs, await stuck.jobs.submit('owner', requestOf('a'))), { state: 'succeeded' });
  while (stuck.errors.length < 1) await setImmediate();
  t.strictSame(stuck.errors, ['Error: not freed']);
});
