// Jobs by a queue: the tree, refusals, faults, removals, and what is left of them.
import t from 'tap';
import { Refusal, unavailable } from '../../../src/refusal.ts';
import { FolderStore } from '../../../src/store/folder.ts';
import { folderOf, JSON_TYPE, keysOf, LETTERS, refusalOf, requestOf, twice } from '../fixture.ts';
import { SummingRunner } from '../summing-runner.ts';
import { endOf, startQueue } from './fixture.ts';
import { missing, startRedis } from './redis-server.ts';

if (missing) {
  t.plan(0, missing);
  process.exit();
}
const server = await startRedis();
t.teardown(() => server.stop());

t.test('the tree: the sums of the engine in this process; nothing is left of a job that was removed', async (t) => {
  const { jobs, store, work } = await startQueue(t, server);
  const worker = work();
  for (const [text, sum] of [
    ['a', 'a'],
    ['ab', '(ab)'],
    ['abcdefghi', '((abcdefgh)i)'],
    [
      twice(LETTERS) + twice(LETTERS),
      `((${[
        '(abcdefgh)(ijklmnop)(qrstuvwx)(yzABCDEF)(GHIJKLMN)(OPQRSTUV)(WXYZabcd)(efghijkl)',
        '(mnopqrst)(uvwxyzAB)(CDEFGHIJ)(KLMNOPQR)(STUVWXYZ)',
      ].join(')(')}))`,
    ],
  ] as const) {
    const record = await jobs.submit('owner', requestOf(text));
    const end = await endOf(jobs, record);
    t.match(end, { state: 'succeeded', completed: text.length, plan: { parts: text.length } });
    t.ok((end.started ?? 0) >= end.created && (end.ended ?? 0) >= (end.started ?? 0));
    t.equal(await jobs.result(end, JSON_TYPE), `${sum}/3 as application/json`);
    t.strictSame(await keysOf(store), [
      'begun.json',
      'ended.json',
      'job.json',
      `nodes/${Math.max(0, Math.ceil(Math.log(text.length) / Math.log(8)))}-0`,
      'request',
    ]);
    t.ok(await jobs.remove('owner', record.id));
    t.strictSame(await keysOf(store), []);
    await server.without(record.id);
  }
  t.equal(worker.parts.filter((outcome) => outcome === 'computed').length, 1 + 2 + 9 + 104);
  t.equal(worker.ended.length, 4);
  t.strictSame(worker.retries, []);
});

t.test('a refusal fails the job at once, with its problem; other parts are not begun', async (t) => {
  const { jobs, store, log, work } = await startQueue(t, server);
  const runner = new SummingRunner();
  runner.before = (step) => {
    if (step === 'b')
      throw new Refusal('out-of-domain', { detail: 'expected a class', errors: [{ pointer: '/x', detail: 'y' }] });
  };
  const worker = work({ runner, concurrency: 1 });
  const end = await endOf(jobs, await jobs.submit('owner', requestOf(LETTERS)));
  t.match(end, {
    state: 'failed',
    completed: 1,
    problem: { type: 'out-of-domain', refused: { detail: 'expected a class', errors: [{ pointer: '/x', detail: 'y' }] } },
  });
  await server.without(end.id);
  t.strictSame(runner.calls, ['divisor', 'a', 'b']);
  t.strictSame(worker.parts, ['computed', 'refused']);
  t.equal(await refusalOf(jobs.result(end, JSON_TYPE)), 'out-of-domain: expected a class');
  t.strictSame(await keysOf(store), ['begun.json', 'ended.json', 'job.json', 'request']);
  t.strictSame(log, []);
});

t.test('a fault: the step is tried again, up to three times', async (t) => {
  const { jobs, log, work } = await startQueue(t, server);
  const runner = new SummingRunner();
  let faults = 1;
  runner.before = (step) => {
    if (step === 'b' && faults-- > 0) throw new Error('broken');
  };
  const worker = work({ runner });
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('abc'))), { state: 'succeeded' });
  t.strictSame(worker.retries, ['fault']);
  faults = Infinity;
  const end = await endOf(jobs, await jobs.submit('owner', requestOf('abc')));
  const detail = `the log has the cause, under the id of the job, ${end.id}`;
  t.match(end, { state: 'failed', problem: { type: 'internal', refused: { detail } } });
  t.strictSame(worker.retries, ['fault', 'fault', 'fault']);
  t.equal(worker.parts.filter((outcome) => outcome === 'failed').length, 4);
  t.strictSame(log.slice(1), Array(3).fill(`a step of the job ${end.id} failed: Error: broken`));
  await server.without(end.id);
});

t.test('no room, and data that are away: the step waits for both', async (t) => {
  const { jobs, work } = await startQueue(t, server);
  const runner = new SummingRunner();
  const refusals = ['overloaded', 'overloaded', 'unavailable'] as const;
  let i = 0;
  runner.before = (step) => {
    if (step === 'a' && refusals[i]) throw new Refusal(refusals[i++], { detail: 'not now' });
  };
  const worker = work({ runner });
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('ab'))), { state: 'succeeded' });
  t.strictSame(worker.retries, ['room', 'room', 'store']);
  t.strictSame(worker.parts, ['computed', 'computed']);
});

t.test('a job that is removed while a part of it is computed: the part is given up, and nothing is written', async (t) => {
  const { jobs, store, work } = await startQueue(t, server);
  const runner = new SummingRunner();
  const reached = Promise.withResolvers<void>();
  const givenUp = Promise.withResolvers<unknown>();
  runner.before = (step, signal) => {
    if (step !== 'c') return undefined;
    reached.resolve();
    return new Promise((_, reject) =>
      signal?.addEventListener('abort', () => {
        givenUp.resolve(signal.reason);
        reject(signal.reason);
      }),
    );
  };
  const worker = work({ runner, concurrency: 1 });
  const record = await jobs.submit('owner', requestOf(LETTERS));
  const changed = new Promise<void>((resolve) => jobs.watch(record.id, resolve));
  await reached.promise;
  t.ok(await jobs.remove('owner', record.id));
  await changed;
  t.equal(await jobs.get('owner', record.id), undefined);
  await givenUp.promise;
  await server.without(record.id);
  t.strictSame(await keysOf(store), []);
  t.strictSame(worker.parts, ['computed', 'computed']);
  t.strictSame(runner.calls, ['divisor', 'a', 'b', 'c']);
});

t.test('a store that fails while a part is computed says nothing of its job', async (t) => {
  const folder = folderOf(t);
  const { jobs, log, work } = await startQueue(t, server, { folder });
  const [store, runner] = [new FolderStore(folder), new SummingRunner()];
  const read = store.read.bind(store);
  const failed = Promise.withResolvers<void>();
  runner.before = (step) => {
    if (step !== 'c') return undefined;
    // Only the worker's look for the record reads meanwhile.
    store.read = async () => {
      store.read = read;
      failed.resolve();
      throw unavailable('the store does not answer', new Error('refused'));
    };
    return failed.promise;
  };
  const worker = work({ runner, store, concurrency: 1 });
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('abcd'))), { state: 'succeeded', completed: 4 });
  t.strictSame(worker.parts, Array(4).fill('computed'));
  t.strictSame(worker.retries, []);
  t.strictSame(log, []);
});

t.test('a job that is removed at the very end of a part', async (t) => {
  const { jobs, records, store, work } = await startQueue(t, server);
  const runner = new SummingRunner();
  runner.before = async (step) => {
    if (step === 'c') for (const record of await records.all()) await jobs.remove('owner', record.id);
  };
  work({ runner, concurrency: 1 });
  const { id } = await jobs.submit('owner', requestOf(LETTERS));
  await server.without(id);
  t.strictSame(await keysOf(store), []);
  t.strictSame(runner.calls, ['divisor', 'a', 'b', 'c']);
});

t.test('a result that is missing in the store is a fault', async (t) => {
  const { jobs, store, work } = await startQueue(t, server);
  const runner = new SummingRunner();
  runner.before = async (step) => {
    if (step !== 'b') return;
    for await (const { key } of store.list('jobs/')) if (key.endsWith('/0-0')) await store.remove(key);
  };
  work({ runner, concurrency: 1 });
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('ab'))), { state: 'failed', problem: { type: 'internal' } });
  runner.before = async (step) => {
    if (step !== '(ab)') return;
    const write = store.write.bind(store);
    store.write = async (key, bytes) => {
      if (!key.endsWith('/1-0')) await write(key, bytes);
    };
  };
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('ab'))), { state: 'failed', problem: { type: 'internal' } });
});

t.test('owners take turns', async (t) => {
  const { jobs, work } = await startQueue(t, server);
  const runner = new SummingRunner();
  const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  runner.before = (step) => {
    if (step !== 'd') return undefined;
    reached.resolve();
    return go.promise;
  };
  work({ runner, concurrency: 1 });
  const first = await jobs.submit('first', requestOf(LETTERS.slice(0, 16)));
  await reached.promise;
  const second = await jobs.submit('second', requestOf('1234'));
  go.resolve();
  await endOf(jobs, second);
  await endOf(jobs, first);
  const parts = runner.calls.filter((call) => call.length === 1).join('');
  t.equal(parts, 'abcdef1g2h3i4jklmnop'.replace('ef1g2h3i4', parts.slice(4, 13)));
  t.match(parts.slice(4, 13), /^(?=.*1.*2.*3.*4)(?=.*e.*f)[1-4e-i]+$/, 'the parts of the second come between those of the first');
});
