// Scratch memory is reused by the next request, but never by two at once.
import { mock } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { Scratch } from '../../src/memory/scratch.ts';

t.test('large arrays are reused by the next request, and only by the next', async (t) => {
  const scratch = new Scratch();
  const take = (...lengths: number[]) => scratch.recycle(() => lengths.map((n) => scratch.take(n).buffer));
  const first = take(5000, 5000, 6000);
  t.not(first[0], first[1], 'no two at once');
  const second = take(5000, 5000, 5000);
  t.strictSame(new Set(second.slice(0, 2)), new Set(first.slice(0, 2)));
  t.not(second[2], first[2]);
  t.notOk(first.includes(take(6000)[0]), 'what one request does not use is given up');
  t.not(take(1000)[0], take(1000)[0], 'those of medium length are always new');
  const [little] = take(100_001);
  t.equal(take(100_500)[0], little, 'the next may be a little longer');
  t.equal(scratch.take(100_001).length, 100_001);
});

t.test('short arrays are kept in shelves of at most 16,384 numbers each', async (t) => {
  const scratch = new Scratch();
  const take = () => scratch.recycle(() => Array.from({ length: 260 }, () => scratch.take(64)));
  const first = take();
  const second = take();
  t.equal(new Set(first).size, 260, 'no two at once');
  for (const [i, array] of second.entries()) t.equal(array.length === 64 && array === first[i], i < 256, `array ${i}`);
  t.equal(scratch.recycle(() => scratch.take(0)).length, 0);
  t.not(
    scratch.recycle(() => scratch.take(8)),
    first[0],
  );
});

t.test('what a part of a request takes is free for the next part, and for the next request', async (t) => {
  const scratch = new Scratch();
  const lengths = [5, 5, 5000, 6000];
  const takeAll = () => lengths.map((n) => scratch.take(n).buffer);
  const parts = scratch.recycle(() => {
    const kept = takeAll();
    const first = scratch.reuse(takeAll);
    const takeSeven = () => scratch.take(7);
    t.equal(scratch.reuse(takeSeven), scratch.reuse(takeSeven), 'also of a length that only parts take');
    t.throws(() =>
      scratch.reuse(() => {
        throw new Error();
      }),
    );
    t.strictSame(new Set([...scratch.reuse(takeAll), ...kept]), new Set([...first, ...kept]));
    t.equal(new Set([...first, ...kept]).size, 8, 'none of them is in use elsewhere');
    t.strictSame(new Set(takeAll()), new Set(first), 'and the rest of the request takes them, too');
    return [kept, first];
  });
  t.strictSame(new Set(scratch.recycle(() => [...takeAll(), ...takeAll()])), new Set(parts.flat()));
  t.equal(scratch.reuse(() => scratch.take(5000)).length, 5000, 'outside of recycle');
});

t.test('nothing is reused outside of recycle, or after an error', async (t) => {
  const scratch = new Scratch();
  for (const n of [9, 5000]) t.not(scratch.take(n).buffer, scratch.take(n).buffer);
  const taken: Float64Array[] = [];
  t.throws(() =>
    scratch.recycle(() => {
      taken.push(scratch.take(7000));
      throw new Error('the cause');
    }),
  );
  t.equal(
    scratch.recycle(() => scratch.take(7000).buffer),
    taken[0].buffer,
  );
  t.not(scratch.take(7000).buffer, taken[0].buffer);
});

t.test('at most 256 MiB are kept', async (t) => {
  const scratch = new Scratch();
  const [small, large] = scratch.recycle(() => [scratch.take(5000), scratch.take(2 ** 25)]);
  scratch.recycle(() => {
    t.equal(scratch.take(5000).buffer, small.buffer);
    t.not(scratch.take(2 ** 25).buffer, large.buffer);
  });
});

t.test('large arrays that no request uses are freed after ten seconds', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const scratch = new Scratch();
  const take = () => scratch.recycle(() => scratch.take(5000).buffer);
  const first = take();
  mock.timers.tick(9_999);
  t.equal(take(), first);
  mock.timers.tick(9_999);
  t.ok(first.byteLength > 0);
  mock.timers.tick(1);
  t.equal(first.byteLength, 0);
  t.not(take(), first);
});

t.test('the same of shared memory, which only a garbage collection frees', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const scratch = new Scratch(true);
  const take = () => new WeakRef(scratch.recycle(() => scratch.take(2 ** 23).buffer));
  const first = take();
  // A WeakRef keeps its target until the end of the current task.
  await setImmediate();
  mock.timers.tick(9_999);
  t.equal(take().deref(), first.deref());
  await setImmediate();
  mock.timers.tick(9_999);
  t.ok(first.deref() instanceof SharedArrayBuffer);
  await setImmediate();
  mock.timers.tick(1);
  t.equal(first.deref(), undefined);
});

t.test('shared memory that is given up is freed when there are 64 MiB of it', async (t) => {
  const scratch = new Scratch(true);
  const first = new WeakRef(scratch.recycle(() => scratch.take(2 ** 22).buffer));
  const second = new WeakRef(scratch.recycle(() => scratch.take(2 ** 23).buffer));
  await setImmediate();
  scratch.recycle(() => scratch.take(5000));
  t.strictSame([first.deref(), second.deref()], [undefined, undefined]);
});

for (const isShared of [false, true]) {
  t.test(`large arrays of any length, for a part or for the whole request, ${isShared ? '' : 'not '}shared`, async (t) => {
    const scratch = new Scratch(isShared);
    const kind = isShared ? SharedArrayBuffer : ArrayBuffer;
    const take = () =>
      scratch.recycle(() => {
        const [part, whole] = scratch.reuse(() => [scratch.takeLarge(3), scratch.takeLargeForRequest(3)]);
        const others = scratch.reuse(() => [scratch.takeLarge(0), scratch.takeLarge(5000)]);
        t.equal(others[0].buffer, part.buffer);
        return [part, whole, others[1]];
      });
    const [first, second] = [take(), take()];
    t.strictSame(
      first.map(({ length }) => length),
      [3, 3, 5000],
    );
    t.equal(new Set(first.map(({ buffer }) => buffer)).size, 3);
    for (const { buffer } of first) t.ok(buffer instanceof kind);
    t.strictSame(new Set(second.map(({ buffer }) => buffer)), new Set(first.map(({ buffer }) => buffer)));
    for (const array of [scratch.takeLarge(3), scratch.takeLargeForRequest(3)])
      t.ok(array.buffer instanceof kind, 'outside of recycle');
    t.not(scratch.takeLarge(3).buffer, scratch.takeLarge(3).buffer);
  });
}
