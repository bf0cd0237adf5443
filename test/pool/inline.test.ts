// Which requests are answered on the event loop.
import t from 'tap';
import { INLINE_BODY_BYTES, INLINE_MICROSECONDS, inlineMicroseconds } from '../../src/pool/inline.ts';

const cost = (flops: number, computedNumbers: number) => ({
  flops,
  computedNumbers,
  keptNumbers: computedNumbers,
  furtherNumbers: 0,
  answerNumbers: 0,
  remedy: { pointer: '', operations: '', numbers: '' },
});

t.test('the estimate includes decoding, computing and encoding', async (t) => {
  t.equal(inlineMicroseconds(1000, cost(0, 0), 0), 6);
  t.equal(inlineMicroseconds(0, cost(10_000, 0), 0), 2);
  t.equal(inlineMicroseconds(0, cost(0, 1000), 0), 10);
  t.equal(inlineMicroseconds(0, cost(0, 0), 2000), 3);
  t.equal(inlineMicroseconds(1000, cost(10_000, 1000), 2000), 21);
});

t.test('which requests are answered on the event loop', async (t) => {
  // scikit-learn's digits: 64-32-10, 32 samples, 60 KB.
  t.ok(inlineMicroseconds(60_000, cost(454_656, 13_930), 77_120) <= INLINE_MICROSECONDS);
  t.ok(inlineMicroseconds(INLINE_BODY_BYTES, cost(100_000, 10_000), 50_000) <= INLINE_MICROSECONDS);
  t.notOk(inlineMicroseconds(1000, cost(5_000_001, 0), 0) <= INLINE_MICROSECONDS);
  t.notOk(inlineMicroseconds(1000, cost(0, 100_000), 0) <= INLINE_MICROSECONDS);
  t.notOk(inlineMicroseconds(1000, cost(0, 0), 700_000) <= INLINE_MICROSECONDS);
});
