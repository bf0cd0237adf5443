// What every store has to do: the tests that all stores share.
import { setTimeout as pause } from 'node:timers/promises';
import type { Test } from 'tap';
import type { ProblemType, Refused } from '../../schemas/problem.ts';
import { Refusal } from '../../src/refusal.ts';
import type { Listed, Store } from '../../src/store/store.ts';

/** Bytes that differ from place to place. */
export function numbered(count: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: count }, (_, i) => i % 251));
}

/** All objects below a prefix, by their keys. */
export async function listOf(store: Store, prefix = ''): Promise<Listed[]> {
  const all = await Array.fromAsync(store.list(prefix));
  return all.sort((a, b) => (a.key < b.key ? -1 : 1));
}

export async function keysOf(store: Store, prefix = ''): Promise<string[]> {
  return (await listOf(store, prefix)).map(({ key }) => key);
}

/** The type and the members of the refusal that a promise ends in. */
export async function refusalOf(promise: Promise<unknown>): Promise<readonly [ProblemType, Refused]> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Refusal) return [error.type, error.refused];
    throw error;
  }
  throw new Error('expected a refusal, but there was none');
}

/** A stream of pieces that throws `failure` in the place of its end, if there is one. */
export async function* stream(pieces: Iterable<Uint8Array>, failure?: Error): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await pause(0);
    yield piece;
  }
  if (failure) throw failure;
}

/** `open` opens an empty store. `unfinished` counts what writes that have not ended have left. */
export function testContract(t: Test, open: (t: Test) => Promise<Store>, unfinished: (store: Store) => Promise<number>): void {
  t.test('an object is written whole, read, replaced and removed', async (t) => {
    const store = await open(t);
    t.equal(await store.read('a/b.json'), undefined);
    await store.write('a/b.json', Buffer.from('{"a": 1}'));
    t.equal(String(await store.read('a/b.json')), '{"a": 1}');
    await store.write('a/b.json', Buffer.from('2'));
    t.equal(String(await store.read('a/b.json')), '2');
    await store.write('a/empty', new Uint8Array());
    t.equal((await store.read('a/empty'))?.length, 0);
    await store.remove('a/b.json');
    t.equal(await store.read('a/b.json'), undefined);
    await store.remove('a/b.json');
    await store.remove('b/c');
    t.strictSame(await keysOf(store), ['a/empty']);
    await store.sweep(Date.now() + 600_000);
    t.strictSame(await keysOf(store), ['a/empty']);
    await store.close();
  });

  t.test('an object is written from a stream', async (t) => {
    const store = await open(t);
    const bytes = numbered(100_000);
    await store.write('streamed', stream([bytes.subarray(0, 3), new Uint8Array(), bytes.subarray(3)]));
    t.ok(bytes.equals((await store.read('streamed')) as Buffer));
    await store.write('streamed', stream([]));
    t.equal((await store.read('streamed'))?.length, 0);
    t.equal(await unfinished(store), 0);
  });

  t.test('a stream that fails leaves nothing, and what was there before stays', async (t) => {
    const store = await open(t);
    const failure = new Error('the client has gone');
    await t.rejects(store.write('new', stream([numbered(10)], failure)), failure);
    await t.rejects(store.write('newer', stream([], failure)), failure);
    await store.write('old', Buffer.from('old'));
    await t.rejects(store.write('old', stream([numbered(10)], failure)), failure);
    t.equal(String(await store.read('old')), 'old');
    t.strictSame(await keysOf(store), ['old']);
    t.equal(await unfinished(store), 0);
  });

  t.test('there is no object before the stream has ended', async (t) => {
    const store = await open(t);
    const end = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    async function* slow() {
      yield numbered(10);
      begun.resolve();
      await end.promise;
    }
    const written = store.write('slow', slow());
    await begun.promise;
    t.strictSame(await keysOf(store), []);
    t.equal(await store.read('slow'), undefined);
    end.resolve();
    await written;
    t.strictSame(await keysOf(store), ['slow']);
  });

  t.test('ranges are read, into shared memory, too', async (t) => {
    const store = await open(t);
    const bytes = numbered(1000);
    await store.write('object', bytes);
    for (const [first, end] of [
      [0, 1000],
      [0, 1],
      [999, 1000],
      [100, 300],
    ] as const) {
      const into = new Uint8Array(new SharedArrayBuffer(end - first + 2), 1, end - first);
      t.equal(await store.readInto('object', first, into), true);
      t.strictSame([...into], [...bytes.subarray(first, end)]);
      const whole = new Uint8Array(into.buffer);
      t.strictSame([whole[0], whole.at(-1)], [0, 0], 'nothing is written beside it');
    }
    t.equal(await store.readInto('object', 1000, new Uint8Array()), true);
    t.equal(await store.readInto('none', 0, new Uint8Array(4)), false);
    t.equal(await store.readInto('none', 0, new Uint8Array()), false);
    t.equal(await store.readInto('object/none', 0, new Uint8Array(4)), false);
    await t.rejects(store.readInto('object', 999, new Uint8Array(2)), { message: /^the object object ends before byte 1001/ });
    await t.rejects(store.readInto('object', 1000, new Uint8Array(1)), { message: /^the object object ends before byte 1001/ });
  });

  t.test('objects are listed by the beginnings of their keys', async (t) => {
    const store = await open(t);
    const before = Date.now();
    t.strictSame(await keysOf(store), []);
    t.strictSame(await keysOf(store, 'a/b'), []);
    for (const [i, key] of ['a/b/c', 'a/b/d', 'a/bb', 'a/c', 'b'].entries()) await store.write(key, numbered(i));
    t.strictSame(await keysOf(store), ['a/b/c', 'a/b/d', 'a/bb', 'a/c', 'b']);
    t.strictSame(await keysOf(store, 'a/'), ['a/b/c', 'a/b/d', 'a/bb', 'a/c']);
    t.strictSame(await keysOf(store, 'a/b'), ['a/b/c', 'a/b/d', 'a/bb']);
    t.strictSame(await keysOf(store, 'a/b/'), ['a/b/c', 'a/b/d']);
    t.strictSame(await keysOf(store, 'a/b/c'), ['a/b/c']);
    t.strictSame(await keysOf(store, 'c'), []);
    const [listed] = await listOf(store, 'a/bb');
    t.equal(listed.bytes, 2);
    // S3 has whole seconds.
    t.ok(listed.modified > before - 2000 && listed.modified <= Date.now(), `${listed.modified}`);
  });

  t.test('what is no key never reaches the store', async (t) => {
    const store = await open(t);
    const into = new Uint8Array(1);
    for (const key of [
      '',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      '/a',
      'a/',
      'a//b',
      'A',
      'a b',
      'a\\b',
      'a\0',
      'ä',
      'PARTIAL/a',
    ]) {
      const expected = { message: /^not a key of an object: "/ };
      await t.rejects(store.write(key, into), expected, key);
      await t.rejects(store.readInto(key, 0, into), expected);
      await t.rejects(store.read(key), expected);
      await t.rejects(store.remove(key), expected);
    }
    for (const prefix of ['/', '../', 'a/..', 'A'].map((start) => `${start}/`)) await t.rejects(keysOf(store, prefix), Error);
    t.strictSame(await keysOf(store), []);
  });
}
