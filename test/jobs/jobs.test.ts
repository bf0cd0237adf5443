// The engine of jobs: the tree of sums, restarts, failures, limits, and what belongs to whom.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Jobs, type JobsOptions } from '../../src/jobs/jobs.ts';
import { hasEnded, type JobRecord } from '../../src/jobs/records.ts';
import { Turns } from '../../src/jobs/turns.ts';
import { Refusal } from '../../src/refusal.ts';
import { FolderStore } from '../../src/store/folder.ts';
import { SummingRunner } from './summing-runner.ts';

const START = Date.UTC(2026, 0, 1);
const JSON_TYPE = 'application/json';

interface Fixture {
  readonly jobs: Jobs;
  readonly runner: SummingRunner;
  readonly store: FolderStore;
  readonly waits: number[];
  readonly parts: string[];
  readonly errors: string[];
  readonly ended: string[];
  at(ms: number): void;
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function start(t: Test, options: Partial<JobsOptions> = {}, folder = folderOf(t)): Fixture {
  const runner = new SummingRunner();
  const store = new FolderStore(folder);
  const [waits, parts, errors, ended]: [number[], string[], string[], string[]] = [[], [], [], []];
  let now = START;
  const jobs = new Jobs({
    store: async () => store,
    runner,
    limits: { MAX_JOBS: 3, JOB_TTL: 60 },
    reserve: async () => {},
    onEnd: async ({ id }) => void ended.push(id),
    onPart: (outcome) => parts.push(outcome),
    wait: async (ms) => void waits.push(ms),
    log: { error: (error) => errors.push(`${error}`) },
    now: () => now,
    ...options,
  });
  t.teardown(() => jobs.close());
  const at = (ms: number) => {
    now = START + ms;
  };
  return { jobs, runner, store, waits, parts, errors, ended, at };
}

const requestOf = (text: string) => ({
  operation: 'gradients',
  mediaType: JSON_TYPE as 'application/json',
  bytes: new Uint8Array(Buffer.from(text)),
});

async function endOf(jobs: Jobs, { owner, id }: JobRecord): Promise<JobRecord> {
  for (;;) {
    const changed = Promise.withResolvers<void>();
    const unwatch = jobs.watch(id, changed.resolve);
    const record = await jobs.get(owner, id);
    if (!record || hasEnded(record)) {
      unwatch();
      return record as JobRecord;
    }
    await changed.promise;
    unwatch();
  }
}

async function keysOf(store: FolderStore, prefix = 'jobs/'): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix)))
    .map(({ key }) => key.split('/').slice(3).join('/'))
    .filter(Boolean)
    .sort();
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  if (error instanceof Refusal) return `${error.type}: ${error.message}`;
  throw error ?? new Error('expected a refusal');
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const twice = (text: string) => text + text.toUpperCase();

t.test('the tree: up to eight children, in their order; a lone one is its own sum; what is merged is dropped', async (t) => {
  for (const [text, sum] of [
    ['a', 'a'],
    ['ab', '(ab)'],
    ['abcdefgh', '(abcdefgh)'],
    ['abcdefghi', '((abcdefgh)i)'],
    [
      twice(LETTERS) + twice(LETTERS),
      `((${[
        '(abcdefgh)(ijklmnop)(qrstuvwx)(yzABCDEF)(GHIJKLMN)(OPQRSTUV)(WXYZabcd)(efghijkl)',
        '(mnopqrst)(uvwxyzAB)(CDEFGHIJ)(KLMNOPQR)(STUVWXYZ)',
      ].join(')(')}))`,
    ],
  ] as const) {
    const { jobs, runner, store, parts, ended } = start(t);
    const record = await jobs.submit('owner', requestOf(text));
    t.match(record, { state: 'queued', completed: 0, created: START, plan: { parts: text.length } });
    const end = await endOf(jobs, record);
    t.match(end, { state: 'succeeded', completed: text.length, started: START, ended: START });
    t.equal(await jobs.result(end, JSON_TYPE), `${sum}/3 as application/json`);
    t.equal(await jobs.result(end, 'application/vnd.safetensors'), `${sum}/3 as application/vnd.safetensors`);
    t.equal(parts.length, text.length);
    t.strictSame(await keysOf(store), [
      'job.json',
      `nodes/${Math.max(0, Math.ceil(Math.log(text.length) / Math.log(8)))}-0`,
      'request',
    ]);
    t.equal(runner.calls.filter((call) => call === 'divisor').length, 1);
    t.strictSame(ended, [record.id]);
  }
});

t.test('a job goes on after a restart, wherever it was interrupted: nothing that is stored is computed again', async (t) => {
  const text = LETTERS.slice(0, 18);
  const folder = folderOf(t);
  const whole = start(t);
  const expected = await whole.jobs.result(await endOf(whole.jobs, await whole.jobs.submit('owner', requestOf(text))), JSON_TYPE);
  // Without the step of the result.
  const steps = whole.runner.calls.length - 1;
  for (let at = 0; at < steps; at++) {
    const before = start(t, {}, folder);
    const reached = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    gone.promise.catch(() => {});
    t.teardown(() => gone.reject(new Error('the process has ended')));
    before.runner.before = () => {
      if (before.runner.calls.length <= at) return undefined;
      reached.resolve();
      return gone.promise;
    };
    const record = await before.jobs.submit('owner', requestOf(text));
    await reached.promise;
    await closed(before.jobs);
    const stored = await keysOf(before.store, 'jobs/');
    const after = start(t, {}, folder);
    await after.jobs.resume();
    const end = await endOf(after.jobs, record);
    t.equal(end.state, 'succeeded');
    t.equal(await after.jobs.result(end, JSON_TYPE), expected);
    const again = after.runner.calls.filter((call) => call.length === 1 && stored.includes(`nodes/0-${text.indexOf(call)}`));
    t.strictSame(again, []);
    if (stored.some((key) => key.startsWith('nodes/'))) t.notOk(after.runner.calls.includes('divisor'));
    t.ok(await after.jobs.remove('owner', record.id));
    t.strictSame(await keysOf(after.store), []);
  }
});

/** Closes as at the end of the process: steps in flight do not end. */
async function closed(jobs: Jobs): Promise<void> {
  await Promise.race([jobs.close(), setImmediate()]);
}

t.test('a refusal fails the job at once, with its problem; other parts are not begun', async (t) => {
  const { jobs, runner, parts, store, errors } = start(t);
  runner.before = (step) => {
    if (step === 'b')
      throw new Refusal('out-of-domain', { detail: 'expected a class', errors: [{ pointer: '/x', detail: 'y' }] });
  };
  const end = await endOf(jobs, await jobs.submit('owner', requestOf(LETTERS)));
  t.match(end, {
    state: 'failed',
    problem: { type: 'out-of-domain', refused: { detail: 'expected a class', errors: [{ pointer: '/x', detail: 'y' }] } },
  });
  t.ok(runner.calls.length < 10);
  t.ok(parts.includes('refused'));
  t.equal(await refusalOf(jobs.result(end, JSON_TYPE)), 'out-of-domain: expected a class');
  t.strictSame(
    (await keysOf(store)).filter((key) => key.startsWith('nodes')),
    [],
  );
  t.strictSame(errors, []);
});

t.test('jobs that fail, or are removed, keep no turns', async (t) => {
  const { jobs, runner } = start(t);
  runner.before = (step) => {
    if (step === '#') throw new Refusal('out-of-domain', { detail: 'expected a class' });
  };
  for (let i = 0; i < 6; i++) {
    t.match(await endOf(jobs, await jobs.submit(`owner ${i}`, requestOf('##########'))), { state: 'failed' });
    const removed = await jobs.submit(`owner ${i}`, requestOf(LETTERS));
    await jobs.remove(`owner ${i}`, removed.id);
  }
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf(LETTERS))), { state: 'succeeded' });
});

t.test('a job that waits for room leaves its turn to others', async (t) => {
  const waiting = Promise.withResolvers<void>();
  const { jobs, runner } = start(t, { wait: () => waiting.promise });
  runner.before = (step) => {
    if (step === '#') throw new Refusal('overloaded', { detail: 'no room' });
  };
  const stuck = await jobs.submit('stuck', requestOf('##########'));
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf(LETTERS))), { state: 'succeeded' });
  t.ok(await jobs.remove('stuck', stuck.id));
});

t.test('no room: the part is tried again, after longer and longer; a fault: three times', async (t) => {
  const { jobs, runner, waits, errors, parts } = start(t);
  let left = 8;
  runner.before = (step) => {
    if (step === 'a' && left-- > 0) throw new Refusal('overloaded', { detail: 'no room' });
  };
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('a'))), { state: 'succeeded' });
  t.strictSame(waits, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);

  waits.length = 0;
  let faults = 2;
  runner.before = (step) => {
    if (step === 'a' && faults-- > 0) throw new Error('a fault');
  };
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('a'))), { state: 'succeeded' });
  t.strictSame(waits, [250, 500]);
  t.strictSame(errors, []);

  faults = 3;
  const end = await endOf(jobs, await jobs.submit('owner', requestOf('a')));
  t.match(end, {
    state: 'failed',
    problem: { type: 'internal', refused: { detail: `the log has the cause, under the id of the job, ${end.id}` } },
  });
  t.strictSame(errors, ['Error: a fault']);
  t.equal(parts.at(-1), 'failed');
});

t.test('a job that is removed while it runs: nothing of it is left, and it changes nothing more', async (t) => {
  const { jobs, runner, store, ended } = start(t);
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  runner.before = (step) => {
    if (step !== 'c') return undefined;
    reached.resolve();
    return go.promise;
  };
  const record = await jobs.submit('owner', requestOf(LETTERS), 'key');
  await reached.promise;
  t.equal(jobs.counts.running, 1);
  t.match(
    await refusalOf(jobs.result((await jobs.get('owner', record.id)) as JobRecord, JSON_TYPE)),
    /^not-finished: the job is running: \d of 26/,
  );
  t.equal(await jobs.remove('owner', record.id), true);
  go.resolve();
  t.equal(await jobs.get('owner', record.id), undefined);
  t.equal(await jobs.remove('owner', record.id), false);
  while (jobs.counts.running > 0) await setImmediate();
  t.strictSame(await keysOf(store), []);
  t.ok(ended.includes(record.id));
  t.not((await jobs.submit('owner', requestOf(LETTERS), 'key')).id, record.id, 'its key is free again');
});

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
  for (const text of ['a', 'b', 'c']) {
    at(all.length);
    all.push(await endOf(jobs, await jobs.submit('owner', requestOf(text))));
  }
  t.equal(
    await refusalOf(jobs.submit('owner', requestOf('d'))),
    'too-many-jobs: 3 jobs, as many as one client may have (MAX_JOBS): delete those that are no longer needed',
  );
  await jobs.submit('another', requestOf('d'));
  t.strictSame(
    (await jobs.list('owner')).map(({ id }) => id),
    all.map(({ id }) => id).toReversed(),
  );
  t.equal(jobs.expiryOf(all[0]), START + 60_000);
  t.ok((await jobs.bytesOf('owner')) > 100);
  t.equal(await jobs.bytesOf('nobody'), 0);
  at(60_001);
  t.strictSame(
    (await jobs.list('owner')).map(({ id }) => id),
    [all[2].id],
  );
  t.equal(await jobs.get('owner', all[0].id), undefined);
  await jobs.sweep();
  t.equal((await keysOf(store)).filter((key) => key === 'job.json').length, 2);

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
  go.resolve();
  await endOf(jobs, record);
  t.strictSame(await jobs.pins(), new Set());

  const folder = (await Array.fromAsync(store.list('jobs/')))[0].key.split('/').slice(0, 2).join('/');
  await store.write(`${folder}/00000000000000000000000000000000/request`, Buffer.from('left'));
  at(Date.now() - START);
  await jobs.sweep();
  t.equal((await keysOf(store)).filter((key) => key === 'request').length, 1, 'not yet');
  at(Date.now() - START + 2 * 3_600_000);
  await jobs.sweep();
  t.strictSame(await keysOf(store), []);
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
