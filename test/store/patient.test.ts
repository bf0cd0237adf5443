// A store that waits while the one behind it is away.
import t from 'tap';
import { Refusal, unavailable } from '../../src/refusal.ts';
import { FolderStore } from '../../src/store/folder.ts';
import { PatientStore } from '../../src/store/patient.ts';
import { longestOf } from './waits.ts';

const awayError = () => unavailable('the store does not answer', new Error('refused'));

t.test('it waits longer and longer, and counts bytes', async (t) => {
  const inner = new FolderStore(t.testdir());
  const failures: Error[] = [];
  // Each operation fails as often as there are failures.
  const failing = new Proxy(inner, {
    get(target, name: keyof FolderStore) {
      const method = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        const failure = failures.shift();
        if (!failure) return method.apply(target, args);
        if (name === 'list') return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) };
        return Promise.reject(failure);
      };
    },
  });
  const waits: number[] = [];
  const bytes: [string, number][] = [];
  const reasons: string[] = [];
  const closing = new AbortController();
  const store = new PatientStore(failing, {
    signal: closing.signal,
    onWait: ({ message }) => reasons.push(message),
    onBytes: (...moved) => bytes.push(moved),
    wait: async (ms) => void waits.push(ms),
  });
  failures.push(...Array.from({ length: 7 }, awayError));
  await store.write('a/b', Buffer.from('12345'));
  t.strictSame(longestOf(waits), [100, 200, 400, 800, 1600, 3200, 6400]);
  t.notSame(waits, longestOf(waits), 'they are random');
  failures.push(Object.assign(new Error('stale'), { errno: -116 }));
  t.equal(`${await store.read('a/b')}`, '12345');
  failures.push(awayError());
  t.equal(await store.readInto('a/b', 1, new Uint8Array(3)), true);
  t.equal(await store.readInto('a/c', 1, new Uint8Array(3)), false);
  t.equal(await store.read('a/c'), undefined);
  failures.push(awayError());
  t.strictSame(
    (await Array.fromAsync(store.list('a/'))).map(({ key }) => key),
    ['a/b'],
  );
  failures.push(awayError());
  await store.remove('a/b');
  t.strictSame(bytes, [
    ['written', 5],
    ['read', 5],
    ['read', 3],
  ]);
  t.equal(reasons.length, 11);
  t.strictSame(reasons.slice(6, 9), ['the store does not answer', 'stale', 'the store does not answer']);

  async function* stream() {
    yield Buffer.from('1');
  }
  failures.push(awayError());
  await t.rejects(store.write('a/d', stream()), { message: 'the store does not answer' }, 'a stream cannot be read twice');
  await store.write('a/d', stream());
  await store.sweep(0);
  for (const error of [new Error('a link in the store'), new Refusal('storage-full', { detail: 'full' })]) {
    failures.push(error);
    await t.rejects(store.read('a/d'), { message: error.message }, 'what does not pass by itself');
  }
  closing.abort(new Error('the worker ends'));
  await t.rejects(store.read('a/d'), { message: 'the worker ends' });
  await store.close();
});

t.test('a real wait ends with the signal', async (t) => {
  const closing = new AbortController();
  const inner = new FolderStore(t.testdir());
  inner.read = () => Promise.reject(awayError());
  const store = new PatientStore(inner, {
    signal: closing.signal,
    onWait: () => setImmediate(() => closing.abort(new Error('the worker ends'))),
    onBytes: () => {},
  });
  await t.rejects(store.read('a'), { message: 'the worker ends' });
});
