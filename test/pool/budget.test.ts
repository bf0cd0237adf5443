// The memory that all requests in flight may take together.
import t, { type Test } from 'tap';
import { Budget, NO_HOLD, shareBudget } from '../../src/pool/budget.ts';

const KIB = 1024;
/** Asserts that something does not fit. */
function spends(t: Test, reserve: () => void, message = 'refused'): void {
  try {
    reserve();
    t.fail(message);
  } catch (error) {
    const refused = { detail: 'the memory for requests in flight is used up (MEMORY_BUDGET)' };
    t.match(error, { type: 'overloaded', refused, retryAfter: 1 }, message);
  }
}

t.test('what is held and what is reserved is one sum, in every thread', async (t) => {
  const shared = shareBudget(100 * KIB, 3);
  // As a thread has it: another object on the same memory.
  const [main, thread] = [new Budget(shared), new Budget(structuredClone(shared))];
  const body = main.hold();
  body.grow(10 * KIB);
  body.grow(30 * KIB);
  t.equal(thread.used, 30 * KIB);
  thread.reserve(1, 60 * KIB, 30 * KIB);
  t.equal(main.used, 90 * KIB);
  spends(t, () => thread.reserve(2, 11 * KIB, 0));
  spends(t, () => main.hold().grow(11 * KIB));
  t.equal(main.used, 90 * KIB, 'what is refused takes nothing');
  thread.reserve(2, 10 * KIB, 0);
  t.ok(main.spent);
  main.free(1);
  body.set(0);
  t.equal(main.used, 10 * KIB);
  t.notOk(main.spent);
});

t.test('a request that is alone may have more than all', async (t) => {
  const budget = new Budget(shareBudget(10 * KIB, 2));
  const body = budget.hold();
  body.grow(11 * KIB);
  budget.reserve(1, 20 * KIB, 11 * KIB);
  t.equal(budget.used, 31 * KIB);
  spends(t, () => budget.hold().grow(1));
  spends(t, () => body.grow(12 * KIB), 'not beside what it has reserved itself, which is not known to be its own');
  body.set(12 * KIB);
  t.equal(budget.used, 32 * KIB, 'what is there already is held all the same');
});

t.test('what a request that is over holds is not counted', async (t) => {
  const budget = new Budget(shareBudget(10 * KIB, 2));
  NO_HOLD.grow(100 * KIB);
  NO_HOLD.set(100 * KIB);
  t.equal(budget.used, 0);
});
