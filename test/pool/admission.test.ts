// Admission: one ticket per request holds its place and its memory, from its first byte to the end of its answer.
import { mock } from 'node:test';
import t, { type Test } from 'tap';
import { Admission } from '../../src/pool/admission.ts';
import { Budget, shareBudget } from '../../src/pool/budget.ts';
import { INLINE_BODY_BYTES } from '../../src/pool/inline.ts';
import { Refusal } from '../../src/refusal.ts';

const KIB = 1024;
const LARGE = 100 * KIB;
const MIB = 2 ** 20;

/** An admission with the given numbers of threads, waiting places and bytes. */
function admission(threads: number, mayWait: number, bytes = 1000 * MIB) {
  const shared = shareBudget(bytes, threads + mayWait);
  return { shared, admission: new Admission(new Budget(shared), threads, mayWait) };
}

/** Asserts a refusal with this detail. */
function refuses(t: Test, work: () => unknown, detail: string, retryAfter = 1): void {
  try {
    work();
    t.fail(`not refused: ${detail}`);
  } catch (error) {
    t.ok(error instanceof Refusal);
    t.match(error, { type: 'overloaded', refused: { detail }, retryAfter });
  }
}

const FULL = (n: number) => `large requests in flight: ${n}, as many as there may be (MAX_QUEUE + threads)`;
const SHARE = (n: number) =>
  `large requests of this client in flight: ${n}, as many as one client may have (half of MAX_QUEUE + threads)`;
const SPENT = 'the memory for requests in flight is used up (MEMORY_BUDGET)';

t.test('check takes neither a place nor memory', async (t) => {
  const { admission: one } = admission(1, 0, 200 * KIB);
  for (let i = 0; i < 100; i++) {
    one.check(LARGE, 'a');
    one.admit('a');
  }
  t.strictSame([one.memory, one.overloaded], [0, false]);
  const arriving = one.admit('b');
  arriving.grow(INLINE_BODY_BYTES);
  t.notOk(one.overloaded, 'a small body has no place');
  arriving.grow(LARGE);
  t.ok(one.overloaded);
  refuses(t, () => one.check(LARGE, 'a'), FULL(1));
  one.check(INLINE_BODY_BYTES, 'a');
  arriving.end();
  t.strictSame([one.memory, one.overloaded], [0, false]);
});

t.test('check of a body that would not fit', async (t) => {
  const { admission: some } = admission(2, 8, 300 * KIB);
  some.check(400 * KIB, 'a');
  const ticket = some.admit('a');
  ticket.grow(LARGE);
  some.check(200 * KIB, 'b');
  refuses(t, () => some.check(201 * KIB, 'b'), SPENT);
  ticket.end();
});

t.test('what a ticket holds after grow, set and end', async (t) => {
  const { admission: some } = admission(2, 8, 300 * KIB);
  const [first, second] = [some.admit('a'), some.admit('b')];
  first.grow(1000);
  t.equal(some.memory, 1000);
  first.grow(LARGE);
  t.equal(some.memory, LARGE);
  first.grow(200 * KIB);
  t.equal(some.memory, 200 * KIB);
  refuses(t, () => second.grow(101 * KIB), SPENT);
  t.equal(some.memory, 200 * KIB, 'what is refused takes nothing');
  second.grow(100 * KIB);
  t.ok(some.overloaded, 'the budget is spent');
  second.set(150 * KIB);
  t.equal(some.memory, 350 * KIB, 'what exists is held, whether it fits or not');
  second.set(10);
  t.equal(some.memory, 200 * KIB + 10);
  second.end();
  second.end();
  t.equal(some.memory, 200 * KIB);
  second.grow(LARGE);
  second.set(LARGE);
  t.equal(some.memory, 200 * KIB, 'a ticket that has ended holds nothing');
  t.ok(second.hasEnded);
  first.end();
  t.equal(some.memory, 0);
});

t.test('small bodies have separate memory, which is limited, too', async (t) => {
  const { admission: one } = admission(1, 1, 10 * KIB);
  const tickets = Array.from({ length: 4096 }, (_, i) => one.admit(i % 2 ? 'a' : 'b'));
  for (const ticket of tickets) ticket.grow(INLINE_BODY_BYTES);
  t.equal(one.memory, 256 * MIB);
  t.notOk(one.overloaded);
  refuses(t, () => one.admit('c').grow(1), 'the memory for small requests is used up');
  for (const ticket of tickets) ticket.end();
  one.admit('c').grow(1);
  t.equal(one.memory, 1);
});

t.test('one client gets half of the memory for small bodies', async (t) => {
  const { admission: one } = admission(1, 1);
  const tickets = Array.from({ length: 2048 }, () => one.admit('a'));
  for (const ticket of tickets) ticket.grow(INLINE_BODY_BYTES);
  const SMALL_SHARE = 'small requests of this client in flight: as much memory as one client may have';
  refuses(t, () => one.admit('a').grow(1), SMALL_SHARE);
  one.admit('b').grow(1);
  tickets[0].end();
  one.admit('a').grow(INLINE_BODY_BYTES);
  refuses(t, () => one.admit('a').grow(1), SMALL_SHARE);
});

t.test('one client gets half of the memory for large bodies, but a single request may have more', async (t) => {
  const { admission: some } = admission(2, 8, 400 * KIB);
  const MEMORY_SHARE = 'large requests of this client in flight: as much memory as one client may have (half of MEMORY_BUDGET)';
  const [first, second, third] = [some.admit('a'), some.admit('a'), some.admit('b')];
  first.grow(100 * KIB);
  second.grow(100 * KIB);
  refuses(t, () => second.grow(101 * KIB), MEMORY_SHARE);
  refuses(t, () => some.check(LARGE, 'a'), MEMORY_SHARE);
  some.check(LARGE, 'c');
  third.grow(200 * KIB);
  second.end();
  third.end();
  first.grow(300 * KIB);
  t.equal(some.memory, 300 * KIB);
  t.equal(some.room, 100 * KIB);
});

t.test('what a body occupies beside its bytes counts, but makes it no large body', async (t) => {
  const { admission: one } = admission(1, 0, 1000 * KIB);
  const ticket = one.admit('a');
  ticket.grow(0, 256 * KIB);
  t.strictSame([one.memory, one.overloaded, one.room], [256 * KIB, false, 1000 * KIB]);
  ticket.grow(LARGE, 300 * KIB);
  t.strictSame([one.memory, one.overloaded, one.room], [400 * KIB, true, 600 * KIB]);
  ticket.end();
  t.strictSame([one.memory, one.overloaded, one.room], [0, false, 1000 * KIB]);
});

t.test('one client gets half of the places, rounded up', async (t) => {
  for (const [threads, mayWait, share] of [
    [2, 64, 33],
    [2, 1, 2],
    [1, 0, 1],
  ]) {
    const { admission: some } = admission(threads, mayWait);
    const tickets = Array.from({ length: share }, () => some.admit('a'));
    for (const ticket of tickets) ticket.grow(LARGE);
    const others = Array.from({ length: threads + mayWait - share }, () => some.admit('b'));
    if (others.length > 0) {
      const more = some.admit('a');
      refuses(t, () => some.check(LARGE, 'a'), SHARE(share));
      refuses(t, () => more.grow(LARGE), SHARE(share));
      more.grow(1000);
      more.end();
      some.check(LARGE, 'b');
    }
    for (const ticket of others) ticket.grow(LARGE);
    refuses(t, () => some.check(LARGE, 'c'), FULL(threads + mayWait));
    tickets[0].end();
    some.admit('a').grow(LARGE);
    refuses(t, () => some.check(LARGE, 'c'), FULL(threads + mayWait));
  }
});

t.test('a body that arrives too slowly loses its place, and takes one again when it is complete', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const { admission: one } = admission(1, 0);
  const [slow, quick, other] = [one.admit('a'), one.admit('b'), one.admit('c')];
  slow.grow(LARGE);
  mock.timers.tick(4_999);
  refuses(t, () => quick.grow(LARGE), FULL(1));
  mock.timers.tick(1);
  slow.grow(LARGE + 1);
  t.notOk(one.overloaded, 'more of it takes no place');
  quick.grow(LARGE);
  refuses(t, () => slow.enter(), FULL(1));
  t.equal(quick.enter(), 1);
  mock.timers.tick(5_000);
  t.ok(one.overloaded, 'a body that is there keeps its place');
  quick.leave();
  quick.end();
  t.equal(slow.enter(), 1);
  slow.leave();
  slow.grow(LARGE);
  t.notOk(one.overloaded, 'an answer takes no place');
  slow.end();
  other.grow(LARGE);
  other.end();
  mock.timers.tick(5_000);
  t.strictSame([one.memory, one.overloaded], [0, false], 'the place of one that has ended is not given back twice');
  one.admit('a').grow(LARGE);
  refuses(t, () => one.check(LARGE, 'a'), FULL(1));
});

t.test('work in a thread: what is counted, and when it is freed', async (t) => {
  const { shared, admission: some } = admission(1, 2);
  const thread = new Budget(shared);
  const [first, second] = [some.admit('a'), some.admit('b')];
  first.grow(LARGE);
  t.strictSame([some.busy, some.waiting], [0, 0], 'while it arrives it has no work');
  thread.reserve(first.enter(), 50 * KIB, LARGE);
  second.enter();
  t.strictSame([some.busy, some.waiting, some.memory], [1, 1, 150 * KIB]);
  let given = 0;
  first.onEnd(() => given++);
  first.end();
  first.end();
  t.equal(given, 1, 'the work is given up');
  t.strictSame([some.busy, some.waiting, some.memory], [1, 1, 150 * KIB], 'its thread still has it');
  first.leave();
  t.strictSame([some.busy, some.waiting, some.memory], [1, 0, 0]);
  second.onEnd(() => given++);
  second.leave();
  second.end();
  t.equal(given, 1, 'there is nothing to give up any longer');
  t.strictSame([some.busy, some.overloaded], [0, false]);
});

t.test('Retry-After depends on the queue and on recent computing times', async (t) => {
  const { admission: some } = admission(2, 6);
  t.equal(some.retryAfter, 1);
  const tickets = Array.from({ length: 8 }, (_, i) => some.admit(`${i}`));
  for (const ticket of tickets) ticket.enter();
  t.equal(some.retryAfter, 4, '7 requests of a second, on 2 threads');
  some.learn(11);
  t.equal(some.retryAfter, 7, 'of two seconds');
  refuses(t, () => some.check(LARGE, 'x'), FULL(8), 7);
  for (let i = 0; i < 100; i++) some.learn(1000);
  t.equal(some.retryAfter, 60);
});

t.test('work in the background keeps no thread from helping', async (t) => {
  const admission = new Admission(new Budget(shareBudget(2 ** 20, 6)), 2, 4);
  const tickets = Array.from({ length: 3 }, (_, i) => admission.admit(`${i}`));
  for (const ticket of tickets) ticket.enter();
  t.equal(admission.isQuiet, false);
  for (const ticket of tickets) ticket.leave();
  for (const ticket of tickets) ticket.enter(true);
  t.equal(admission.isQuiet, true);
  t.equal(admission.waiting, 1);
  for (const ticket of tickets) {
    ticket.leave();
    ticket.end();
  }
  t.equal(admission.isQuiet, true);
});
