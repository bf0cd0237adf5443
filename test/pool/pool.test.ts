// The pool: what is answered inline and what in a thread; requests do not affect each other.

import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.ts';
import { chooseEngine } from '../../src/linalg/engines.ts';
import type { Report } from '../../src/operations/report.ts';
import { startPool } from '../../src/pool/pool.ts';
import { ENGINE, validRequest } from '../support/app.ts';
import { noDatasets } from '../support/no-datasets.ts';
import { demanding, endless, large, reasonOf, registry, taskOf } from './tasks.ts';

const report = (): Report => ({ phases: {} });

/** A pool, closed at the end of the test, and a function that runs a request. */
function start(t: Test, environment: Record<string, string> = {}, fail = (error: Error) => void t.fail(`${error}`)) {
  const config = readConfig({ ENGINE, ...environment });
  const pool = startPool(chooseEngine(config.ENGINE), registry, config, { error: fail as () => void }, noDatasets);
  t.teardown(() => pool.close());
  let clients = 0;
  /** Each request belongs to a different client, unless a ticket is given. */
  const answer = async (request: object | string, ticket = pool.admit(`client ${clients++}`)) => {
    const encoded = await pool.run(taskOf(request), ticket, report(), '');
    ticket.end();
    return encoded && `${encoded}`;
  };
  return { pool, answer };
}

t.test('a small request is answered synchronously, without a promise', async (t) => {
  const { pool } = start(t);
  const small = taskOf(validRequest());
  const encoded = pool.run(small, pool.admit('a'), report(), '');
  t.notOk(encoded instanceof Promise);
  t.match(JSON.parse(`${encoded}`), { divisor: 2 });
  t.throws(() => pool.run(taskOf('{'), pool.admit('a'), report(), ''), { message: /^not JSON/ });
});

t.test('the same answer in a thread as on the event loop', async (t) => {
  const { answer } = start(t);
  const text = JSON.stringify(validRequest());
  t.equal(await answer(`${text}${' '.repeat(100_000)}`), await answer(text));
});

t.test('an expensive request with a small body is answered in a thread, and both decodings count', async (t) => {
  const { pool } = start(t);
  const task = taskOf(demanding);
  t.ok(task.bytes.length < 10_000);
  const assigned: [phase: string, ms: number][] = [];
  const phases = new Proxy<Report['phases']>(
    {},
    {
      set(target, phase, ms) {
        assigned.push([`${String(phase)}`, ms]);
        return Reflect.set(target, phase, ms);
      },
    },
  );
  const whole: Report = { phases };
  const ticket = pool.admit('a');
  const before = performance.now();
  const encoded = pool.run(task, ticket, whole, '');
  t.ok(encoded instanceof Promise);
  t.strictSame([pool.state.busy, pool.state.waiting], [1, 0]);
  t.match(`${await encoded}`, `{"loss":${255 ** 2},`);
  const elapsed = performance.now() - before;
  t.strictSame(
    assigned.map(([phase]) => phase),
    ['decode', 'check', 'queue', 'decode', 'check', 'compute', 'encode'],
  );
  const [decode, check, , decodeBoth, checkBoth] = assigned.map(([, ms]) => ms);
  t.ok(decode > 0 && check > 0 && decodeBoth > decode && checkBoth > check);
  const total = Object.values(phases).reduce((sum, ms) => sum + ms, 0);
  // Clocks of threads differ by some microseconds.
  t.ok(total <= elapsed + 1, `${total} of ${elapsed} ms`);
  t.match(whole, { sizes: { samples: 256, features: 1, units: [256, 1] }, flops: 6 * 256 * 512 });
  t.equal(pool.state.busy, 0);
});

t.test('phases that are already in the report are kept', async (t) => {
  const { pool } = start(t);
  const whole: Report = { phases: { receive: 5 } };
  await pool.run(taskOf(large), pool.admit('a'), whole, '');
  t.strictSame(Object.keys(whole.phases), ['receive', 'queue', 'decode', 'check', 'compute', 'encode']);
  t.equal(whole.phases.receive, 5);
  const refused: Report = { phases: {} };
  await t.rejects(async () => pool.run(taskOf(' '.repeat(100_000)), pool.admit('a'), refused, ''), { message: /^not JSON/ });
  t.strictSame(Object.keys(refused.phases), ['queue']);
});

t.test('a ticket that ends before its work begins, while it waits, or while it is in a thread', async (t) => {
  const { pool, answer } = start(t);
  await pool.ready;
  const tickets = [...pool.threads, 'waiting'].map((_, i) => pool.admit(`${i}`));
  for (const ticket of tickets) ticket.grow(endless.length);
  const answers = tickets.map((ticket) => answer(endless, ticket));
  const last = answer(large);
  t.strictSame([pool.state.busy, pool.state.waiting], [pool.threads.length, 2]);
  const held = pool.state.memory;
  tickets[pool.threads.length].end();
  t.strictSame([pool.state.waiting, pool.state.memory < held], [1, true], 'what waits is given back at once');
  for (const ticket of tickets) ticket.end();
  t.strictSame(
    await Promise.all(answers),
    tickets.map(() => undefined),
  );
  t.match(await last, '{"loss":39601,', 'others are answered');
  const ended = pool.admit('a');
  ended.end();
  t.equal(await answer(large, ended), undefined);
});

t.test('a missed deadline, and the thread is free again', async (t) => {
  const { pool, answer } = start(t, { DEADLINE_MS: '1' });
  const refused = { type: 'deadline-exceeded', refused: { detail: 'not answered within 1 ms (DEADLINE_MS)' } };
  await pool.ready;
  const requests = [...pool.threads, 'waiting'].map(() => reasonOf(answer(endless)));
  for (const reason of await Promise.all(requests)) t.match(reason, refused);
  t.match(await answer(validRequest()), '"divisor":2');
});

t.test('a thread that dies: its request may be retried, other requests are answered, and the thread is replaced', async (t) => {
  const logged: string[] = [];
  const { pool, answer } = start(t, {}, ({ message }) => void logged.push(message));
  await pool.ready;
  const n = pool.threads.length;
  await Promise.all(Array.from({ length: 3 * n }, () => answer(large)));
  const busy = pool.threads.map(() => answer(endless));
  const others = Array.from({ length: 5 }, () => answer(large));
  const [first] = pool.threads;
  await first.terminate();
  const outcomes = await Promise.allSettled(busy);
  t.strictSame(outcomes.map(({ status }) => status).toSorted(), [...Array(n - 1).fill('fulfilled'), 'rejected']);
  const [{ reason }] = outcomes.filter((outcome) => outcome.status === 'rejected');
  t.match(reason, { type: 'overloaded', refused: { detail: 'the thread that computed the answer was ended' } });
  t.ok(reason.retryAfter >= 1);
  t.equal(pool.state.deaths, 1);
  t.match(logged, ['a thread ended with code 1']);
  for (const encoded of await Promise.all(others)) t.match(encoded, '{"loss":39601,');
  t.strictSame([pool.threads.length, pool.threads.includes(first)], [n, false]);
});

t.test('a request that exceeds the memory of a thread', async (t) => {
  // This is not logged.
  const { pool, answer } = start(t, { BODY_LIMIT: `${2 ** 22}`, MAX_LAYERS: '1000000', MAX_KEYS: '10000000' });
  const layers = Array.from({ length: 200_000 }, () => ({ weights: [[1]] }));
  t.match(await reasonOf(answer({ network: { layers }, batch: { inputs: [[1]], targets: [[1]] } })), {
    type: 'too-much-memory',
    refused: { detail: 'the request took more than the 128 MiB of a thread to read or to answer' },
  });
  t.equal(pool.state.deaths, 1);
  t.match(await answer(large), '{"loss":39601,');
});

t.test('an error in a thread is an internal error', async (t) => {
  const logged: Error[] = [];
  const { pool } = start(t, {}, (error) => void logged.push(error));
  const faulty = pool.run({ ...taskOf(large), mediaType: 'none' as 'application/json' }, pool.admit('a'), report(), '');
  await t.rejects(async () => faulty, { name: 'TypeError' });
  t.match(logged, [{ name: 'TypeError' }]);
});

t.test('memory that threads reserve is limited', async (t) => {
  const { pool, answer } = start(t, { MEMORY_BUDGET: '4000000' });
  await pool.ready;
  const client = pool.admit('first');
  const first = answer(endless, client);
  while (pool.state.memory === 0) await new Promise(setImmediate);
  const refused = { type: 'overloaded', refused: { detail: 'the memory for requests in flight is used up (MEMORY_BUDGET)' } };
  t.match(await reasonOf(answer(large)), { ...refused, retryAfter: Number });
  client.end();
  t.equal(await first, undefined);
  while (pool.state.busy > 0) await new Promise(setImmediate);
  t.equal(pool.state.memory, 0);
  t.ok(await answer(large));
});

t.test('closing with requests in flight', async (t) => {
  const { pool, answer } = start(t);
  await pool.ready;
  const requests = [...pool.threads, 'waiting'].map(() => reasonOf(answer(endless)));
  await pool.close();
  for (const reason of await Promise.all(requests))
    t.match(reason, { type: 'overloaded', refused: { detail: 'the service is about to end' } });
  t.strictSame([pool.threads.length, pool.state.busy], [0, 0]);
});
