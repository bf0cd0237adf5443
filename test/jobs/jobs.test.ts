// The engine of jobs: the tree of sums, restarts, failures and removals.
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { type JobRecord, Records } from '../../src/jobs/records.ts';
import { Refusal, unavailable } from '../../src/refusal.ts';
import { longestOf } from '../store/waits.ts';
import { endOf, folderOf, JSON_TYPE, keysOf, LETTERS, refusalOf, requestOf, START, start, twice } from './fixture.ts';
import { SummingRunner } from './summing-runner.ts';

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
async function closed(jobs: { close(): Promise<void> }): Promise<void> {
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
  const { jobs, runner } = start(t, { wait: (_, signal) => once(signal, 'abort') });
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
  t.strictSame(longestOf(waits), [100, 200, 400, 800, 1600, 3200, 6400, 6400]);

  waits.length = 0;
  let faults = 2;
  runner.before = (step) => {
    if (step === 'a' && faults-- > 0) throw new Error('a fault');
  };
  t.match(await endOf(jobs, await jobs.submit('owner', requestOf('a'))), { state: 'succeeded' });
  t.strictSame(longestOf(waits), [100, 200]);
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

t.test('a store that is away for some time: the job waits for it, and goes on', async (t) => {
  const { jobs, runner, store, waits } = start(t);
  const write = store.write.bind(store);
  let away = 0;
  const met = new Set<string>();
  store.write = async (key, bytes) => {
    if (away-- > 0) throw unavailable('the store does not answer', new Error('refused'));
    return write(key, bytes);
  };
  runner.before = (step) => {
    if (['d', 'answer'].includes(step) && !met.has(step)) away = 2;
    met.add(step);
  };
  const record = await endOf(jobs, await jobs.submit('owner', requestOf(LETTERS)));
  t.match(record, { state: 'succeeded', completed: 26 });
  t.equal(longestOf(waits)[0], 100);
  t.equal(longestOf(waits).at(-1), 200);
  t.equal(await jobs.result(record, JSON_TYPE), `((abcdefgh)(ijklmnop)(qrstuvwx)(yz))/3 as application/json`);
});

t.test('a store that is away while the process ends: the job waits no longer, and goes on later', async (t) => {
  const folder = folderOf(t);
  const { jobs, runner, store, waits } = start(t, {}, folder);
  const write = store.write.bind(store);
  const closed = Promise.withResolvers<void>();
  let isAway = false;
  store.write = async (key, bytes) => {
    if (!isAway) return write(key, bytes);
    jobs.close().then(closed.resolve, closed.reject);
    throw unavailable('the store does not answer', new Error('refused'));
  };
  runner.before = (step) => {
    isAway = step === 'answer';
  };
  const { id } = await jobs.submit('owner', requestOf(LETTERS));
  await closed.promise;
  t.strictSame(waits, []);
  store.write = write;
  const after = start(t, {}, folder);
  t.match(await after.jobs.get('owner', id), { state: 'running' });
  await after.jobs.resume();
  t.match(await endOf(after.jobs, await after.jobs.submit('owner', requestOf('a'))), { state: 'succeeded' });
});

t.test('a failure that cannot be written: the log says so, and the job goes on after a restart', async (t) => {
  const folder = folderOf(t);
  const logged = Promise.withResolvers<string>();
  const error = (reason: unknown, message: string) => {
    if (message.endsWith('could not be written')) logged.resolve(`${message}: ${reason}`);
  };
  const { jobs, runner, store } = start(t, { log: { error } }, folder);
  runner.before = (step) => {
    if (step !== 'c') return;
    store.write = () => Promise.reject(new Error('broken'));
    throw new Refusal('out-of-domain', { detail: 'expected a class' });
  };
  const record = await jobs.submit('owner', requestOf(LETTERS));
  t.equal(await logged.promise, `the end of the job ${record.id} could not be written: Error: broken`);
  const after = start(t, {}, folder);
  await after.jobs.resume();
  t.match(await endOf(after.jobs, record), { state: 'succeeded', completed: 26 });
});

t.test('results of another fingerprint are not used: the job begins anew; in a process that ends, none begins', async (t) => {
  const folder = folderOf(t);
  const stopped = Promise.withResolvers<void>();
  const runner = new SummingRunner('before');
  runner.before = (step) => (step === 'd' ? stopped.promise : undefined);
  const first = start(t, { runner }, folder);
  const record = await first.jobs.submit('owner', requestOf(LETTERS));
  await first.jobs.close();
  stopped.resolve();
  const after = start(t, {}, folder);
  await after.jobs.resume();
  t.match(await endOf(after.jobs, record), { state: 'succeeded', completed: 26, fingerprint: after.runner.fingerprint });
  t.equal(after.runner.calls.filter((call) => call.length === 1).length, 26);
  const { id } = await after.jobs.submit('owner', requestOf('a'));
  await after.jobs.close();
  const ending = start(t, {}, folder);
  await ending.jobs.close();
  await ending.jobs.resume();
  t.match(await ending.jobs.get('owner', id), { id });
  t.strictSame(ending.runner.calls, []);
});

t.test('the beginning of a job whose record is gone is none', async (t) => {
  const { store } = start(t);
  await store.write(`jobs/owner/${'0'.repeat(32)}/begun.json`, Buffer.from('{}'));
  t.strictSame(await new Records(store).all(), []);
});
