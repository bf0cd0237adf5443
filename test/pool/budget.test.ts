// The memory budget of all large requests in flight.
import t, { type Test } from 'tap';
import { Budget, shareBudget } from '../../src/pool/budget.ts';

const KIB = 1024;

/** Asserts that `reserve` is refused. */
function spends(t: Test, reserve: () => void, message = 'refused'): void {
  try {
    reserve();
    t.fail(message);
  } catch (error) {
    const refused = { detail: 'the memory for requests in flight is used up (MEMORY_BUDGET)' };
    t.match(error, { type: 'overloaded', refused, retryAfter: 1 }, message);
  }
}

t.test('memory inside and outside of the threads counts together, in every thread', async (t) => {
  const shared = shareBudget(100 * KIB, 3);
  // A structured clone shares the memory, as in a thread.
  const [main, thread] = [new Budget(shared), new Budget(structuredClone(shared))];
  main.change(0, 10 * KIB);
  main.change(10 * KIB, 30 * KIB);
  t.equal(thread.used, 30 * KIB);
  thread.reserve(1, 60 * KIB, 30 * KIB);
  t.equal(main.used, 90 * KIB);
  spends(t, () => thread.reserve(2, 11 * KIB, 0));
  spends(t, () => main.check(11 * KIB, 0));
  main.check(10 * KIB, 0);
  t.equal(main.used, 90 * KIB, 'what is refused or only compared takes nothing');
  thread.reserve(2, 10 * KIB, 0);
  t.ok(main.spent);
  main.free(1);
  main.change(30 * KIB, 0);
  t.equal(main.used, 10 * KIB);
  t.notOk(main.spent);
});

t.test('a request that is alone may exceed the budget', async (t) => {
  const budget = new Budget(shareBudget(10 * KIB, 2));
  budget.check(11 * KIB, 0);
  budget.change(0, 11 * KIB);
  budget.check(12 * KIB, 11 * KIB);
  budget.reserve(1, 20 * KIB, 11 * KIB);
  t.equal(budget.used, 31 * KIB);
  spends(t, () => budget.check(1, 0));
  spends(t, () => budget.check(12 * KIB, 11 * KIB), 'not beside what its thread has reserved, which may be of another');
});

t.test('bytes are rounded up to KiB, the same when taken and when freed', async (t) => {
  const budget = new Budget(shareBudget(10 * KIB, 1));
  for (const [before, now, used] of [
    [0, 1, 1],
    [1, 1, 1],
    [1, KIB + 1, 2],
    [KIB + 1, 0, 0],
  ]) {
    budget.change(before, now);
    t.equal(budget.used, used * KIB);
  }
});

t.test('more memory at a place, if it fits', async (t) => {
  const budget = new Budget(shareBudget(100 * KIB, 2));
  budget.reserve(1, 60 * KIB, 0);
  t.notOk(budget.extend(1, 50 * KIB));
  t.equal(budget.used, 60 * KIB);
  t.ok(budget.extend(1, 40 * KIB));
  t.equal(budget.used, 100 * KIB);
  budget.free(1);
  t.equal(budget.used, 0);
});
