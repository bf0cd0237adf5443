// The header Prefer.
import t from 'tap';
import { preferencesOf } from '../../src/http/prefer.ts';

t.test('respond-async and wait, among others', async (t) => {
  for (const [header, respondAsync, wait] of [
    ['respond-async', true, undefined],
    ['Respond-Async', true, undefined],
    ['respond-async, wait=10', true, 10],
    ['wait=10,respond-async', true, 10],
    [' respond-async ; x=1 ,wait = 10 ; y', true, 10],
    ['respond-async, wait="7"', true, 7],
    ['respond-async, wait="\\7"', true, 7],
    ['wait=5', false, 5],
    ['wait=5, wait=6', false, 5],
    ['respond-async, wait=-1', true, undefined],
    ['respond-async, wait=1.5', true, undefined],
    ['respond-async, wait=1234567890', true, undefined],
    ['respond-async, wait', true, undefined],
    ['return=minimal; a="x, respond-async"', false, undefined],
    ['handling=lenient, respond-async', true, undefined],
    ['respond-asynchronously', false, undefined],
    ['(, respond-async', true, undefined],
    ['', false, undefined],
    [`respond-async${' '.repeat(500)}`, false, undefined],
  ] as const)
    t.strictSame(preferencesOf(header), { respondAsync, wait }, header);
});
