// Limits of datasets, and uploads and stores that fail.
import t from 'tap';
import { Refusal } from '../../src/refusal.ts';
import { Datasets } from '../../src/store/datasets.ts';
import { FilesInMemory, HOUR_MS, keysIn, limits, refusalOf, row, START, startCatalog, upload } from './catalog.ts';

const BYTES = row(1).length;

t.test('limits', async (t) => {
  const full = {
    type: 'storage-full',
    detail: `the datasets and jobs of this client would take more than ${2 * BYTES} bytes (STORE_LIMIT): delete some of them`,
  };
  const { datasets, store } = startCatalog(t, { DATASET_LIMIT: BYTES, STORE_LIMIT: 2 * BYTES });
  const long = upload(row(1, 2), 8);
  t.strictSame(await refusalOf(datasets.put('', 'a', long, {})), {
    type: 'body-too-large',
    detail: `expected at most ${BYTES} bytes (DATASET_LIMIT)`,
  });
  t.equal(long.counter.taken, BYTES / 8 + 1);
  t.strictSame(await refusalOf(datasets.put('', 'a', upload(Buffer.from(`x\n${'1\n'.repeat(20)}`), 99, 'text/csv'), {})), {
    type: 'body-too-large',
    detail: `expected at most ${BYTES} bytes (DATASET_LIMIT)`,
  });
  await datasets.put('', 'a', upload(row(1)), {});
  await datasets.put('', 'b', upload(row(1)), {});
  await datasets.put('', 'c', upload(row(2)), {});
  const sent = upload(row(3), 8);
  t.strictSame(await refusalOf(datasets.put('', 'd', sent, {})), full);
  t.equal(sent.counter.taken, 1);
  await datasets.put('other', 'd', upload(row(3)), {});
  await datasets.remove('', 'c', {});
  await datasets.put('', 'd', upload(row(3)), {});
  t.equal((await keysIn(store, 'objects/')).length, 3);
});

t.test('limits of uploads at the same time', async (t) => {
  const { datasets, store } = startCatalog(t, { STORE_LIMIT: 2 * BYTES - 1 });
  const results = await Promise.allSettled([1, 2, 3].map((n) => datasets.put('', `${n}`, upload(row(n), 8), {})));
  t.ok(results.filter(({ status }) => status === 'fulfilled').length <= 1);
  for (const result of results) if (result.status === 'rejected') t.equal(result.reason.type, 'storage-full');
  // One begins, another begins and ends meanwhile: only at its end the first one exceeds the limit.
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = upload(row(4));
  const bytes = (async function* () {
    await promise;
    yield* slow.bytes;
  })();
  const { datasets: others } = startCatalog(t, { STORE_LIMIT: 2 * BYTES - 1 });
  const first = refusalOf(others.put('', 'slow', { ...slow, bytes }, {}));
  await others.put('', 'fast', upload(row(5)), {});
  resolve();
  t.match(await first, { type: 'storage-full' });
  t.ok((await keysIn(store, 'objects/')).length <= 1);
});

t.test('what an owner has besides datasets counts', async (t) => {
  const { datasets } = startCatalog(
    t,
    { STORE_LIMIT: 2 * BYTES },
    { otherBytes: async (owner) => (owner === 'ann' ? BYTES + 1 : 0) },
  );
  t.match(await refusalOf(datasets.put('ann', 'a', upload(row(1)), {})), { type: 'storage-full' });
  await datasets.put('bob', 'a', upload(row(1)), {});
});

t.test('an upload that fails leaves nothing', async (t) => {
  const { datasets, store } = startCatalog(t);
  const broken = async function* () {
    yield row(1).subarray(0, 50);
    throw new Error('the connection was reset');
  };
  await t.rejects(datasets.put('', 'a', { ...upload(row(1)), bytes: broken() }, {}), { message: 'the connection was reset' });
  t.strictSame(await keysIn(store), []);
  await datasets.put('', 'a', upload(row(1)), {});
});

t.test('a store that fails', async (t) => {
  const { datasets, store } = startCatalog(t);
  const write = store.write.bind(store);
  const full = new Refusal('storage-full', { detail: 'the disk is full' });
  const failing: Record<string, typeof store.write> = {
    'at once': async () => {
      throw full;
    },
    'after some bytes': async (_key, bytes) => {
      for await (const _ of bytes as AsyncIterable<Uint8Array>) throw full;
    },
    'before it takes bytes that it has asked for': async (_key, bytes) => {
      (bytes as AsyncGenerator<Uint8Array>).next().catch(() => {});
      throw full;
    },
  };
  for (const [name, fails] of Object.entries(failing)) {
    store.write = fails;
    t.strictSame(
      await refusalOf(datasets.put('', 'a', upload(row(1), 8), {})),
      { type: 'storage-full', detail: 'the disk is full' },
      name,
    );
  }
  store.write = write;
  const remove = store.remove.bind(store);
  store.remove = async () => {
    throw new Error('the network is down');
  };
  t.strictSame((await datasets.put('', 'a', upload(row(1)), {})).isNew, true);
  t.strictSame((await datasets.put('', 'a', upload(row(2)), {})).isNew, false, 'what is replaced stays until a sweep');
  t.strictSame((await datasets.put('', 'a', upload(row(2)), {})).isNew, false, 'so does what is there twice');
  store.remove = remove;
  t.equal((await keysIn(store, 'objects/')).length, 3);
  await datasets.sweep(START + 2 * HOUR_MS);
});

t.test('a store that cannot be opened is opened again', async (t) => {
  const { store } = startCatalog(t);
  let attempts = 0;
  const open = async () => {
    if (++attempts === 1) throw new Error('the network is down');
    return store;
  };
  const datasets = new Datasets({ store: open, places: new FilesInMemory(), limits });
  await datasets.close();
  t.equal(attempts, 0, 'it is not opened before it is needed');
  await t.rejects(datasets.get('', 'a'), { message: 'the network is down' });
  t.equal(await datasets.get('', 'a'), undefined);
  t.equal(await datasets.get('', 'a'), undefined);
  t.equal(attempts, 2);
});
