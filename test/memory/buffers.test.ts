// Buffers of bodies and answers are reused, within bounds of memory and time.
import { mock } from 'node:test';
import t from 'tap';
import { Buffers } from '../../src/memory/buffers.ts';

t.test('buffers are reused, by one owner at a time', async (t) => {
  const buffers = new Buffers();
  const first = buffers.take(1_000_000);
  t.ok(first.byteLength >= 1_000_000);
  t.equal(buffers.usedBytes, 0, 'its memory is not used before it is written');
  t.not(buffers.take(1_000_000), first);
  buffers.give(first);
  t.equal(buffers.take(1_000_001), first, 'the next body may be a little longer');
  t.equal(buffers.usedBytes, first.byteLength);
  buffers.give(first);
  t.equal(buffers.take(900_000), first);
});

t.test('not for a much shorter body, nor for a longer one: new memory takes the place of what is kept', async (t) => {
  for (const bytes of [400_000, 2_000_000]) {
    const buffers = new Buffers();
    const kept = [1_000_000, 1_000_000].map((n) => buffers.take(n));
    for (const buffer of kept) buffers.give(buffer);
    t.notOk(kept.includes(buffers.take(bytes)));
    t.strictSame(
      kept.map(({ byteLength }) => byteLength > 0),
      [false, bytes < 1_000_000],
      'the oldest ones are freed, as many as needed',
    );
  }
});

t.test('small buffers are not kept, and no more than 256 MiB in all', async (t) => {
  const buffers = new Buffers();
  const small = buffers.take(1000);
  t.equal(small.byteLength, 1000);
  buffers.give(small);
  t.not(buffers.take(1000), small);
  const given = [2 ** 27, 2 ** 27, 2 ** 27].map((bytes) => new ArrayBuffer(bytes));
  for (const buffer of given) buffers.give(buffer);
  t.equal(buffers.take(2 ** 27), given[2], 'the last one given is the first one taken');
  t.equal(buffers.take(2 ** 27), given[1]);
  t.not(buffers.take(2 ** 27), given[0]);
});

t.test('no more are kept than there is room for', async (t) => {
  let room = 2_000_000;
  const buffers = new Buffers(() => room);
  const given = [1_000_000, 1_000_000].map((bytes) => new ArrayBuffer(bytes));
  for (const buffer of given) buffers.give(buffer);
  buffers.trim();
  t.strictSame(
    given.map(({ byteLength }) => byteLength),
    [1_000_000, 1_000_000],
  );
  room = 1_999_999;
  buffers.trim();
  t.strictSame(
    given.map(({ byteLength }) => byteLength),
    [0, 1_000_000],
  );
});

t.test('buffers that nobody uses are freed after ten seconds', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const buffers = new Buffers();
  const [first, second] = [buffers.take(1_000_000), buffers.take(1_000_000)];
  buffers.give(first);
  mock.timers.tick(9_999);
  buffers.give(second);
  mock.timers.tick(9_999);
  t.ok(first.byteLength > 0, 'not while some are in use');
  mock.timers.tick(1);
  t.strictSame([first.byteLength, second.byteLength], [0, 0]);
});
