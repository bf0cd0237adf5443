// Threads without a task help those with one, and leave when they are needed.
import { once } from 'node:events';
import { MessageChannel, type Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.ts';
import { limitsOf } from '../../src/operations/limits.ts';
import { Budget, shareBudget } from '../../src/pool/budget.ts';
import { Control } from '../../src/pool/control.ts';
import type { FromThread, Outcome } from '../../src/pool/messages.ts';
import { join, Threads } from '../../src/pool/threads.ts';
import { endless, large, registry, taskOf } from './tasks.ts';

/** Threads with the slowest engine, of which each helps the others. */
async function start(t: Test, count: number, bytes = 2 ** 31, mayHelp = () => true) {
  const budget = shareBudget(bytes, 10);
  const deaths: Error[] = [];
  const threads = new Threads({
    count,
    data: {
      engine: { name: 'ml-matrix' },
      limits: limitsOf(readConfig({})),
      budget,
      threads: count,
      registry: registry.module,
    },
    heapMiB: 512,
    mayHelp,
    onDeath: (error) => deaths.push(error),
  });
  t.teardown(() => threads.close());
  await threads.ready;
  let place = 0;
  const give = (request: object | string, freed: string[] = [], name = '') =>
    threads.run({ ...taskOf(request), place: ++place }, () => freed.push(name));
  return { threads, give, deaths, budget: new Budget(budget) };
}

/** Resolves when a thread has asked for help; the others without a task have joined it then, or are about to. */
function helpWanted(threads: Threads): Promise<void> {
  return new Promise((resolve) => {
    for (const worker of threads.workers)
      worker.on('message', (message: FromThread) => {
        if (typeof message === 'object' && 'ports' in message) resolve();
      });
  });
}

const answered = (outcome: Outcome | undefined) => outcome !== undefined && 'answer' in outcome;

t.test('a thread that helps is given a task as if it were idle', async (t) => {
  const { threads, give, deaths } = await start(t, 2);
  const wanted = helpWanted(threads);
  const running = give(endless);
  await wanted;
  t.ok(answered(await give(large).outcome));
  t.ok(answered(await give(large).outcome), 'and again');
  running.giveUp();
  t.equal(await running.outcome, undefined);
  t.ok(answered(await give(large).outcome));
  t.strictSame(deaths, []);
});

t.test('a task that is cancelled before its thread has left a team ends no thread', async (t) => {
  const { threads, give } = await start(t, 2);
  const workers = new Set(threads.workers);
  const wanted = helpWanted(threads);
  const running = give(endless);
  await wanted;
  const freed: string[] = [];
  const cancelled = give(large, freed, 'cancelled');
  cancelled.giveUp();
  t.strictSame(freed, ['cancelled']);
  t.equal(await cancelled.outcome, undefined);
  t.ok(answered(await give(large).outcome));
  t.strictSame(new Set(threads.workers), workers);
  running.giveUp();
  await running.outcome;
});

t.test('the end of a thread that helps refuses the task of the other, and nothing else', async (t) => {
  const { threads, give, deaths } = await start(t, 2);
  const wanted = helpWanted(threads);
  const [first, second] = threads.workers;
  const running = give(endless);
  await wanted;
  // Tasks go to the first idle thread.
  await second.terminate();
  t.match(await running.outcome, { refusal: { type: 'overloaded' } });
  t.equal(deaths.length, 1);
  t.ok(threads.workers.includes(first));
  t.ok(answered(await give(large).outcome));
});

t.test('the end of a thread with a task sends its helpers away', async (t) => {
  const { threads, give } = await start(t, 2);
  const wanted = helpWanted(threads);
  const running = give(endless);
  await wanted;
  await Promise.all([threads.workers[0].terminate(), t.rejects(running.outcome)]);
  t.ok((await Promise.all([give(large), give(large)].map(({ outcome }) => outcome))).every(answered));
});

t.test('threads that may not help stay idle', async (t) => {
  const { threads, give } = await start(t, 2, 2 ** 31, () => false);
  const [, idle] = threads.workers;
  const said: unknown[] = [];
  idle.on('message', (message) => said.push(message));
  const wanted = helpWanted(threads);
  const running = give(endless);
  await wanted;
  t.ok(answered(await give(large).outcome));
  t.equal(said.length, 1, 'the outcome');
  running.giveUp();
  await running.outcome;
});

t.test('help takes memory, which is reserved, if there is any', async (t) => {
  const { threads, give, budget } = await start(t, 3);
  const wanted = helpWanted(threads);
  const running = give(endless);
  await wanted;
  const used = budget.used;
  running.giveUp();
  await running.outcome;
  const small = await start(t, 3, used - 1_000_000);
  const asked = helpWanted(small.threads);
  const other = small.give(endless);
  await asked;
  t.ok(small.budget.used < used, 'fewer members');
  other.giveUp();
  await other.outcome;
});

t.test('a team that ended before its request for help was answered is not joined, and harms nothing', async (t) => {
  const { port1, port2 } = new MessageChannel();
  port2.ref();
  port1.close();
  await once(port2, 'close');
  const left = new MessageChannel();
  const team = { control: new Control(), ports: [left.port2, port2] };
  const other = new MessageChannel().port1;
  const thread = { worker: other as unknown as Worker, helped: undefined };
  join(thread, team);
  t.equal(thread.helped, undefined);
  t.strictSame(team.ports, []);
  const failing = () => {
    throw new TypeError('another fault');
  };
  t.throws(() => join({ ...thread, worker: { postMessage: failing } }, { ...team, ports: [left.port2] }), /another fault/);
  other.close();
  left.port1.close();
});
