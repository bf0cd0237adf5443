// What every store has to do, whatever it keeps its objects in.
import { setImmediate as immediate } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Store } from '../../src/store/store.ts';

const bytes = Buffer.from('0123456789');

/** Of more than one part in S3, and with a last part of its own size. */
const LARGE_BYTES = 17 * 2 ** 20 + 3;

/** Large bytes, in chunks of other sizes than parts have. */
function* large(): Generator<Uint8Array> {
  for (let at = 0; at < LARGE_BYTES; at += 700_001) yield Buffer.alloc(Math.min(700_001, LARGE_BYTES - at), at % 251);
}

/** A stream of chunks, which then fails, if there is an error. */
export async function* stream(chunks: Iterable<Uint8Array>, ...errors: unknown[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
  for (const error of errors) throw error;
}

export async function keysOf(store: Store, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}

/** `begun` returns how many writes have begun and are neither complete nor given up. */
export async function checkStore(t: Test, store: Store, begun: () => Promise<number>): Promise<void> {
  await t.test('before the first write there is nothing', async (t) => {
    t.equal(await store.read('a'), undefined);
    t.equal(await store.readInto('a', 0, new Uint8Array(1)), false);
    t.strictSame(await keysOf(store), []);
    await store.remove('a');
    await store.sweep(Date.now());
  });

  await t.test('an object is what was written last', async (t) => {
    await store.write('a/b', bytes);
    t.strictSame(await store.read('a/b'), bytes);
    await store.write('a/b', Buffer.alloc(0));
    t.strictSame(await store.read('a/b'), Buffer.alloc(0));
    await store.write('a/b', stream([bytes.subarray(0, 3), bytes.subarray(3)]));
    t.strictSame(await store.read('a/b'), bytes);
    t.equal(await begun(), 0);
  });

  await t.test('any range of an object is read', async (t) => {
    await store.write('range', bytes);
    for (const [first, end] of [
      [0, 10],
      [0, 1],
      [3, 7],
      [9, 10],
    ]) {
      const into = new Uint8Array(end - first);
      t.equal(await store.readInto('range', first, into), true);
      t.strictSame(Buffer.from(into), bytes.subarray(first, end));
    }
    for (const first of [5, 10])
      await t.rejects(store.readInto('range', first, new Uint8Array(6)), {
        message: `the object range has no 6 bytes from ${first} on`,
      });
  });

  await t.test('a large object, from a stream', async (t) => {
    await store.write('large', stream(large()));
    const found = await store.read('large');
    t.ok(found?.equals(Buffer.concat([...large()])));
    const into = new Uint8Array(100);
    t.equal(await store.readInto('large', LARGE_BYTES - 100, into), true);
    t.strictSame(Buffer.from(into), found?.subarray(-100));
    await store.remove('large');
    t.equal(await begun(), 0);
  });

  await t.test('of a stream that fails nothing is left, and what was there stays', async (t) => {
    await store.write('failed/before', bytes);
    async function* interrupted() {
      yield* large();
      while ((await begun()) === 0) await immediate();
      throw new Error('cut off');
    }
    for (const key of ['failed/new', 'failed/before']) {
      await t.rejects(store.write(key, interrupted()), { message: 'cut off' });
      for (const chunks of [[], [bytes]])
        await t.rejects(store.write(key, stream(chunks, new Error('cut off'))), { message: 'cut off' });
      // A stream of Node fails with an error of its own if it was given none.
      const failed = await store.write(key, stream([bytes], undefined)).then(
        () => false,
        () => true,
      );
      t.ok(failed);
    }
    t.strictSame(await keysOf(store, 'failed/'), ['failed/before']);
    t.strictSame(await store.read('failed/before'), bytes);
    t.equal(await begun(), 0);
  });

  await t.test('objects are listed by any prefix', async (t) => {
    const before = Date.now();
    for (const key of ['list/a', 'list/ab/c', 'list/ab/d/e', 'lists']) await store.write(key, bytes);
    t.strictSame(await keysOf(store, 'list/'), ['list/a', 'list/ab/c', 'list/ab/d/e']);
    t.strictSame(await keysOf(store, 'list/ab'), ['list/ab/c', 'list/ab/d/e']);
    t.strictSame(await keysOf(store, 'list/ab/'), ['list/ab/c', 'list/ab/d/e']);
    t.strictSame(await keysOf(store, 'list'), ['list/a', 'list/ab/c', 'list/ab/d/e', 'lists']);
    t.strictSame(await keysOf(store, 'list/none/'), []);
    for await (const { bytes, modified } of store.list('list')) {
      t.equal(bytes, 10);
      // S3 has whole seconds.
      t.ok(modified >= before - 1000 && modified <= Date.now());
    }
  });

  await t.test('an object is removed', async (t) => {
    await store.write('removed', bytes);
    await store.remove('removed');
    await store.remove('removed');
    t.equal(await store.read('removed'), undefined);
    t.equal(await store.readInto('removed', 0, new Uint8Array(1)), false);
    t.strictSame(await keysOf(store, 'removed'), []);
  });
}
