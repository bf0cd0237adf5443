// The threads: their queue, and how they are ended and replaced.
import { mock } from 'node:test';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.ts';
import { chooseEngine } from '../../src/linalg/engines.ts';
import { limitsOf } from '../../src/operations/limits.ts';
import { shareBudget } from '../../src/pool/budget.ts';
import { LOADED, type Outcome } from '../../src/pool/messages.ts';
import { Threads } from '../../src/pool/threads.ts';
import { ENGINE } from '../support/app.ts';
import { endless, large, reasonOf, registry, taskOf } from './tasks.ts';

const config = readConfig({ ENGINE });
const { choice } = chooseEngine(config.ENGINE);
const data = {
  engine: choice,
  limits: limitsOf(config),
  budget: shareBudget(2 ** 31, 10),
  threads: 1,
  registry: registry.module,
};

/** Starts threads, closed at the end of the test; collects the errors of those that die. */
function start(t: Test, count: number) {
  const deaths: Error[] = [];
  const threads = new Threads({ count, data, heapMiB: 512, mayHelp: () => true, onDeath: (error) => deaths.push(error) });
  t.teardown(() => threads.close());
  return { threads, deaths };
}

/** Runs a task, and records its name in `freed` when it is freed. */
function give(threads: Threads, request: object | string, name = '', freed: string[] = []) {
  return threads.run({ ...taskOf(request), place: 1 }, () => freed.push(name));
}

const answered = (outcome: Outcome | undefined) => outcome !== undefined && 'answer' in outcome;

t.test('tasks run in order of arrival, one at a time', async (t) => {
  const { threads } = start(t, 1);
  const done: string[] = [];
  const jobs = ['a', 'b', 'c'].map((name) => give(threads, large, name, done));
  t.strictSame((await Promise.all(jobs.map(({ outcome }) => outcome))).map(answered), [true, true, true]);
  t.strictSame(done, ['a', 'b', 'c']);
});

t.test('the buffers of task and answer are transferred', async (t) => {
  const { threads } = start(t, 1);
  const task = taskOf(large);
  const outcome = await threads.run({ ...task, place: 1 }, () => {}).outcome;
  t.equal(task.bytes.length, 0);
  t.ok(outcome && 'answer' in outcome && outcome.answer.length > 100_000);
});

t.test('cancelled: removed from the queue at once, or from its thread when that has ended', async (t) => {
  const { threads, deaths } = start(t, 1);
  await threads.ready;
  const other = await give(start(t, 1).threads, large).outcome;
  const [worker] = threads.workers;
  const freed: string[] = [];
  const [running, waiting, refused, last] = ['running', 'waiting', 'refused', 'last'].map((name) =>
    give(threads, name === 'last' ? large : endless, name, freed),
  );
  waiting.giveUp();
  const reason = new Error('too late');
  refused.giveUp(reason);
  t.strictSame(freed, ['waiting', 'refused']);
  t.equal(await waiting.outcome, undefined);
  await t.rejects(refused.outcome, reason);
  running.giveUp(reason);
  running.giveUp();
  await t.rejects(running.outcome, reason, 'known before the thread has ended');
  t.strictSame(freed, ['waiting', 'refused']);
  // A message that was sent before the thread was ended is ignored.
  worker.emit('message', other);
  t.strictSame(freed, ['waiting', 'refused']);
  t.ok(answered(await last.outcome));
  t.strictSame(freed, ['waiting', 'refused', 'running', 'last']);
  t.notOk(threads.workers.includes(worker));
  last.giveUp(reason);
  t.strictSame([threads.workers.length, freed.length, deaths], [1, 4, []], 'too late to give it up');
});

t.test('a thread that dies is replaced, whether it has a task or not', async (t) => {
  const { threads, deaths } = start(t, 1);
  await threads.ready;
  const freed: string[] = [];
  const [first] = threads.workers;
  const lost = give(threads, endless, 'lost', freed);
  const waiting = give(threads, large, 'waiting', freed);
  await Promise.all([first.terminate(), t.rejects(lost.outcome, { message: 'a thread ended with code 1' })]);
  t.ok(answered(await waiting.outcome));
  t.strictSame(freed, ['lost', 'waiting']);
  const [second] = threads.workers;
  await second.terminate();
  t.ok(answered(await give(threads, large).outcome));
  t.strictSame(
    deaths.map(({ message }) => message),
    ['a thread ended with code 1', 'a thread ended with code 1'],
  );
});

t.test('an error ends the thread, and is reported', async (t) => {
  const { threads, deaths } = start(t, 1);
  const faulty = threads.run({ ...taskOf('{}'), mediaType: 'none' as 'application/json', place: 1 }, () => {});
  await t.rejects(faulty.outcome, { name: 'TypeError' });
  t.match(deaths, [{ name: 'TypeError' }]);
  t.ok(answered(await give(threads, large).outcome));
});

t.test('a thread that fails to load is restarted after a second, unless the threads are being closed', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const changing = { ...data, engine: { name: 'openblas', library: 'no-such-library.so' } as typeof choice };
  const deaths: Error[] = [];
  const begin = () =>
    new Threads({ count: 1, data: changing, heapMiB: 512, mayHelp: () => true, onDeath: (error) => deaths.push(error) });
  const [threads, closed] = [begin(), begin()];
  const reasons = await Promise.all([threads, closed].map(({ ready }) => reasonOf(ready)));
  t.match(reasons, [{ message: /no-such-library/ }, { message: /no-such-library/ }]);
  t.match(deaths, [{ message: /no-such-library/ }, { message: /no-such-library/ }]);
  await closed.close();
  const waiting = give(threads, large);
  changing.engine = choice;
  t.equal(threads.workers.length, 0);
  mock.timers.tick(1_000);
  t.strictSame([threads.workers.length, closed.workers.length], [1, 0]);
  t.ok(answered(await waiting.outcome));
  await threads.close();
});

t.test('closing cancels all work', async (t) => {
  const { threads, deaths } = start(t, 1);
  await threads.ready;
  const freed: string[] = [];
  const jobs = ['running', 'waiting'].map((name) => give(threads, endless, name, freed));
  const refused = { type: 'overloaded', refused: { detail: 'the service is about to end' }, retryAfter: 1 };
  const reasons = Promise.all(jobs.map(({ outcome }) => reasonOf(outcome)));
  await threads.close();
  t.match(await reasons, [refused, refused]);
  t.strictSame([freed, threads.workers, deaths], [['waiting', 'running'], [], []]);
  t.match(await reasonOf(give(threads, large, 'late', freed).outcome), refused);
  t.strictSame(freed, ['waiting', 'running', 'late']);
});

t.test('closing waits for threads that are loading: ending one would crash the process', async (t) => {
  const { threads } = start(t, 2);
  const said: unknown[] = [];
  for (const worker of threads.workers) worker.on('message', (message) => said.push(message));
  await threads.close();
  t.strictSame(said, [LOADED, LOADED]);
  await threads.ready;
  const replacing = start(t, 1).threads;
  await replacing.ready;
  const running = give(replacing, endless);
  const [worker] = replacing.workers;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  running.giveUp();
  await ended;
  t.equal(replacing.workers.length, 1);
  await replacing.close();
  t.equal(replacing.workers.length, 0);
});
