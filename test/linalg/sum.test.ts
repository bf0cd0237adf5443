// Scalar products by blocks.
import t from 'tap';
import { addDot, Sum } from '../../src/linalg/sum.ts';

t.test('scalar products of any length', async (t) => {
  for (const n of [0, 1, 2, 255, 256, 257, 1000]) {
    const x = Float64Array.from({ length: n }, (_, i) => i + 1);
    const sum = new Sum(0.5);
    addDot(x, x.toReversed(), sum);
    t.equal(sum.value, 0.5 + (n * (n + 1) * (n + 2)) / 6, `${n} products`);
  }
});

t.test('sums of blocks are compensated', async (t) => {
  // The blocks add up to 1e16, 1, ..., 1 and -1e16: added plainly, the ones would be lost.
  const x = new Float64Array(12 * 256);
  x[0] = 1e16;
  for (let block = 1; block < 11; block++) x[256 * block] = 1;
  x[11 * 256] = -1e16;
  const sum = new Sum();
  addDot(x, new Float64Array(x.length).fill(1), sum);
  t.equal(sum.value, 10);
});
