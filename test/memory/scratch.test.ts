// Memory that is used again: by the next request, and never by two at once.
import t from 'tap';
import { recycling, scratch } from '../../src/memory/scratch.ts';

t.test('arrays are used again by the next, and only by the next', async (t) => {
  const take = (...lengths: number[]) => recycling(() => lengths.map((n) => scratch(n).buffer));
  const first = take(5000, 5000, 6000);
  t.not(first[0], first[1], 'no two at once');
  const second = take(5000, 5000, 5000);
  t.strictSame(new Set(second.slice(0, 2)), new Set(first.slice(0, 2)));
  t.not(second[2], first[2]);
  t.notOk(first.includes(take(6000)[0]), 'what one request does not use is given up');
  t.not(take(10)[0], take(10)[0], 'short arrays are always new');
  const [little] = take(100_001);
  t.equal(take(100_500)[0], little, 'the next may be a little longer');
  t.equal(scratch(100_001).length, 100_001);
});

t.test('not outside of a request, and not after one that failed', async (t) => {
  t.not(scratch(5000).buffer, scratch(5000).buffer);
  const taken: Float64Array[] = [];
  t.throws(() =>
    recycling(() => {
      taken.push(scratch(7000));
      throw new Error('the cause');
    }),
  );
  t.equal(
    recycling(() => scratch(7000).buffer),
    taken[0].buffer,
  );
  t.not(scratch(7000).buffer, taken[0].buffer);
});

t.test('no more is kept than 256 MiB', async (t) => {
  const [small, large] = recycling(() => [scratch(5000), scratch(2 ** 25)]);
  recycling(() => {
    t.equal(scratch(5000).buffer, small.buffer);
    t.not(scratch(2 ** 25).buffer, large.buffer);
  });
});
