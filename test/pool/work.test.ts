// What a thread does, on this one.
import { transferableSymbol, valueSymbol } from 'piscina';
import t from 'tap';
import { readConfig } from '../../src/config.ts';
import { limitsOf } from '../../src/operations/limits.ts';
import { answerPhases } from '../../src/operations/report.ts';
import { Budget, shareBudget } from '../../src/pool/budget.ts';
import type { Outcome, PlacedTask } from '../../src/pool/messages.ts';
import { startWork } from '../../src/pool/work.ts';
import { validRequest } from '../support/app.ts';

const shared = shareBudget(10_000, 2);
const work = startWork({ engine: { name: 'portable' }, limits: limitsOf(readConfig({})), budget: shared });

function task(text: string, rest: Partial<PlacedTask> = {}): PlacedTask {
  const bytes = new Uint8Array(Buffer.from(text));
  return { bytes, mediaType: 'application/json', accept: 'application/json', place: 1, ...rest };
}

t.test('an answer, whose buffer is moved, and what it took', async (t) => {
  const moved = work(task(JSON.stringify(validRequest()))) as unknown as Record<symbol, unknown>;
  const outcome = moved[valueSymbol] as Outcome & { answer: Uint8Array };
  t.strictSame(moved[transferableSymbol], [outcome.answer.buffer]);
  t.match(JSON.parse(`${Buffer.from(outcome.answer)}`), { divisor: 2 });
  t.strictSame(Object.keys(outcome.report.phases), answerPhases);
  t.ok(outcome.began <= performance.timeOrigin + performance.now());
  // The pool gives it back when the request is over.
  const budget = new Budget(shared);
  t.ok(budget.used > 0);
  budget.free(1);
});

t.test('a refusal is told, a fault is thrown', async (t) => {
  t.match(work(task('{')), { refusal: { type: 'malformed-body' }, report: { phases: {} } });
  t.throws(() => work(task('{}', { mediaType: 'none' as 'application/json' })), { name: 'TypeError' });
});

t.test('what is reserved for others leaves no room', async (t) => {
  new Budget(shared).reserve(2, 9_500, 0);
  t.match(work(task(JSON.stringify(validRequest()))), { refusal: { type: 'overloaded' } });
});
