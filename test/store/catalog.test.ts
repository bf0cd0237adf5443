// The catalog: names, owners, conditions, shared content, expiry and removal.
import t from 'tap';
import { Refusal } from '../../src/refusal.ts';
import { Datasets } from '../../src/store/datasets.ts';
import { FilesInMemory, keysIn, limits, plain, refusalOf, START, safetensors, startCatalog, upload } from './catalog.ts';

/** A dataset of one sample with these features. */
const row = (...features: number[]) => safetensors({ inputs: ['F64', [1, features.length], Float64Array.of(...features)] });

const BYTES = row(1).length;
const DAY = 86_400;
const HOUR_MS = 3_600_000;

t.test('a dataset is put, described, listed and removed', async (t) => {
  const { datasets, store } = startCatalog(t);
  t.equal(await datasets.get('', 'a'), undefined);
  t.strictSame(await datasets.list(''), []);
  const first = await datasets.put('', 'b', upload(row(1)), {});
  t.equal(first.isNew, true);
  t.match(first.dataset, { name: 'b', bytes: BYTES, expires: START + 60_000, etag: /^[0-9a-f]{64}$/ });
  t.strictSame(await datasets.get('', 'b'), first.dataset);
  await datasets.put('', 'a', upload(row(2)), {});
  await datasets.put('', 'c', upload(row(2)), {});
  t.strictSame(
    (await datasets.list('')).map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  t.equal(await datasets.remove('', 'c', {}), true);
  const second = await datasets.put('', 'b', upload(row(3)), {});
  t.equal(second.isNew, false);
  t.not(second.dataset.etag, first.dataset.etag);
  t.strictSame(plain(await datasets.read(second.dataset, 0, 1)), { inputs: { shape: [1, 1], data: [3] } });
  t.equal((await keysIn(store, 'objects/')).length, 2, 'what was replaced is gone');
  t.strictSame(await refusalOf(datasets.read(first.dataset, 0, 1)), {
    type: 'unknown-dataset',
    detail: 'the dataset has been removed: put it again',
  });
  t.equal(await datasets.remove('', 'b', {}), true);
  t.equal(await datasets.remove('', 'b', {}), false);
  t.equal(await datasets.get('', 'b'), undefined);
  t.equal(await datasets.remove('', 'a', {}), true);
  t.strictSame(await keysIn(store), []);
});

t.test('a name is never a key, nor is an owner', async (t) => {
  const { datasets, store } = startCatalog(t);
  await datasets.put('../owner', '../../name', upload(row(1)), {});
  for (const key of await keysIn(store)) t.match(key, /^(datasets\/[0-9a-f]{32}\/[0-9a-f]{64}\.json|objects\/[0-9a-f]{32})$/);
});

t.test('other owners see nothing', async (t) => {
  const { datasets, store } = startCatalog(t);
  const { dataset } = await datasets.put('ann', 'a', upload(row(1)), {});
  t.equal(await datasets.get('bob', 'a'), undefined);
  t.strictSame(await datasets.list('bob'), []);
  t.equal(await datasets.remove('bob', 'a', {}), false);
  const { dataset: other, isNew } = await datasets.put('bob', 'a', upload(row(1)), { ifNoneMatch: '*' });
  t.equal(isNew, true);
  t.notSame(other.columns, dataset.columns, 'content is not shared between owners');
  t.equal(await datasets.remove('bob', 'a', {}), true);
  t.strictSame(await datasets.get('ann', 'a'), dataset);
  t.equal((await keysIn(store, 'objects/')).length, 1);
});

t.test('the same content again', async (t) => {
  const { datasets, store, at } = startCatalog(t);
  const { dataset: first } = await datasets.put('', 'a', upload(row(1)), {});
  at(10_000);
  const { dataset: again, isNew } = await datasets.put('', 'a', upload(row(1), 7), {});
  t.equal(isNew, false);
  t.strictSame(again, { ...first, expires: first.expires + 10_000 });
  const { dataset: shared, isNew: isOther } = await datasets.put('', 'b', upload(row(1)), {});
  t.equal(isOther, true);
  t.strictSame(shared, { ...again, name: 'b' });
  t.equal((await keysIn(store, 'objects/')).length, 1);
  await datasets.remove('', 'a', {});
  t.strictSame(plain(await datasets.read(shared, 0, 1)), { inputs: { shape: [1, 1], data: [1] } });
  await datasets.remove('', 'b', {});
  t.strictSame(await keysIn(store), []);
});

t.test('the ETag depends on what the content means', async (t) => {
  const { datasets } = startCatalog(t);
  const etags = new Set<string>();
  for (const query of [{}, { targets: 'y' }, { classes: 'y' }, { targets: 'x' }]) {
    const { dataset } = await datasets.put('', 'a', upload(Buffer.from('x,y\n1,2\n'), 9, 'text/csv', query), {});
    etags.add(dataset.etag);
  }
  t.equal(etags.size, 4);
});

t.test('content whose object has been lost is stored again', async (t) => {
  const { datasets, store } = startCatalog(t);
  await datasets.put('', 'a', upload(row(1)), {});
  for (const key of await keysIn(store, 'objects/')) await store.remove(key);
  const { dataset } = await datasets.put('', 'a', upload(row(1)), {});
  t.strictSame(plain(await datasets.read(dataset, 0, 1)), { inputs: { shape: [1, 1], data: [1] } });
});

t.test('conditions', async (t) => {
  const { datasets } = startCatalog(t);
  const refused = async (work: Promise<unknown>, detail: string) =>
    t.strictSame(await refusalOf(work), { type: 'precondition-failed', detail });
  const sent = upload(row(1));
  await refused(datasets.put('', 'a', sent, { ifMatch: '*' }), 'expected a dataset (If-Match), but there is none');
  t.equal(sent.counter.taken, 0, 'the body is not read');
  await refused(
    datasets.put('', 'a', upload(row(1)), { ifMatch: '"x"' }),
    'expected the dataset "x" (If-Match), but there is none',
  );
  await refused(datasets.remove('', 'a', { ifMatch: '"x"' }), 'expected the dataset "x" (If-Match), but there is none');
  const { dataset } = await datasets.put('', 'a', upload(row(1)), { ifNoneMatch: '*' });
  const tag = `"${dataset.etag}"`;
  await refused(
    datasets.put('', 'a', upload(row(1)), { ifNoneMatch: ' * ' }),
    'expected no dataset (If-None-Match: *), but there is one',
  );
  await refused(
    datasets.put('', 'a', upload(row(1)), { ifMatch: `"x", W/${tag}` }),
    `expected the dataset "x", W/${tag} (If-Match), but it is ${tag}`,
  );
  for (const list of [tag, `"x",,${tag}`, `W/${tag}`])
    await refused(
      datasets.remove('', 'a', { ifNoneMatch: list }),
      `expected another dataset than ${tag} (If-None-Match), but it is that one`,
    );
  t.equal((await datasets.put('', 'a', upload(row(2)), { ifMatch: `"x" , ${tag}` })).isNew, false);
  t.equal((await datasets.put('', 'a', upload(row(3)), { ifMatch: '*', ifNoneMatch: `${tag}, "x"` })).isNew, false);
  t.strictSame(await refusalOf(datasets.put('', 'a', upload(row(3)), { ifMatch: dataset.etag })), {
    type: 'invalid-request',
    detail: `If-Match: expected * or ETags in double quotes, separated by commas, got ${dataset.etag}`,
  });
  t.strictSame(await refusalOf(datasets.remove('', 'other', { ifNoneMatch: 'x' })), {
    type: 'invalid-request',
    detail: 'If-None-Match: expected * or ETags in double quotes, separated by commas, got x',
  });
  t.equal(await datasets.remove('', 'a', { ifMatch: '*' }), true);
});

t.test('of two uploads that must be the first, one is', async (t) => {
  const { datasets, store } = startCatalog(t);
  const put = (n: number) => datasets.put('', 'a', upload(row(n), 16), { ifNoneMatch: '*' });
  const results = await Promise.allSettled([put(1), put(2)]);
  t.strictSame(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  t.equal((await keysIn(store, 'objects/')).length, 1);
});

t.test('media types and queries', async (t) => {
  const { datasets } = startCatalog(t);
  t.strictSame(await refusalOf(datasets.put('', 'a', upload(row(1), 9, 'text/plain'), {})), {
    type: 'unsupported-media-type',
    detail: 'expected application/vnd.safetensors, application/json, text/csv, got text/plain',
  });
  t.strictSame(await refusalOf(datasets.put('', 'a', upload(row(1), 9, undefined, { targets: 'x' }), {})), {
    type: 'invalid-request',
    detail: '?targets names columns of text/csv, but the body is application/vnd.safetensors',
  });
});

t.test('expiry', async (t) => {
  const { datasets, at, store } = startCatalog(t);
  const { dataset } = await datasets.put('', 'a', upload(row(1)), {});
  at(59_999);
  t.strictSame(await datasets.get('', 'a'), dataset);
  at(60_000);
  t.equal(await datasets.get('', 'a'), undefined);
  t.strictSame(await datasets.list(''), []);
  t.equal((await datasets.put('', 'b', upload(row(1)), {})).isNew, true);
  t.equal((await keysIn(store, 'objects/')).length, 2, 'what has expired is not shared');
  t.equal((await datasets.put('', 'a', upload(row(2)), { ifNoneMatch: '*' })).isNew, true);
  t.equal((await keysIn(store, 'objects/')).length, 2, 'its object is gone');
  at(200_000);
  t.equal(await datasets.remove('', 'a', {}), false);
});

t.test('another replica sees changes after a second', async (t) => {
  const { datasets, store } = startCatalog(t);
  let now = START;
  const other = new Datasets({ store: async () => store, places: new FilesInMemory(), limits, now: () => now });
  t.equal(await other.get('', 'a'), undefined);
  const { dataset } = await datasets.put('', 'a', upload(row(1)), {});
  t.equal(await other.get('', 'a'), undefined);
  now += 1000;
  t.strictSame(await other.get('', 'a'), dataset);
  t.equal(await other.get('', 'b'), undefined);
  await datasets.remove('', 'a', {});
  now += 1000;
  t.equal(await other.get('', 'a'), undefined);
});

t.test('a description that is read while it is written is not cached', async (t) => {
  const { datasets, store } = startCatalog(t);
  const { dataset } = await datasets.put('', 'a', upload(row(1)), {});
  const other = new Datasets({ store: async () => store, places: new FilesInMemory(), limits, now: () => START });
  const read = store.read.bind(store);
  const { promise, resolve } = Promise.withResolvers<void>();
  store.read = async (key) => {
    const bytes = await read(key);
    await promise;
    return bytes;
  };
  const reading = other.get('', 'a');
  store.read = read;
  const { dataset: second } = await other.put('', 'a', upload(row(2)), {});
  resolve();
  t.strictSame(await reading, dataset);
  t.strictSame(await other.get('', 'a'), second);
});

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

t.test('content stays while it is read', async (t) => {
  const { datasets, store } = startCatalog(t);
  const { dataset } = await datasets.put('', 'a', upload(row(1)), {});
  const { promise, resolve } = Promise.withResolvers<void>();
  const readInto = store.readInto.bind(store);
  store.readInto = async (...args) => {
    await promise;
    return readInto(...args);
  };
  const reads = [datasets.read(dataset, 0, 1), datasets.read(dataset, 0, 1)];
  await datasets.remove('', 'a', {});
  await datasets.sweep(START + 2 * HOUR_MS);
  t.equal((await keysIn(store, 'objects/')).length, 1);
  resolve();
  for (const rows of await Promise.all(reads)) t.strictSame(plain(rows), { inputs: { shape: [1, 1], data: [1] } });
  t.strictSame(await keysIn(store), []);
});

t.test('content stays while it is pinned', async (t) => {
  const pinned = new Set<string>();
  const { datasets, store } = startCatalog(t, {}, { pins: async () => pinned });
  const { dataset } = await datasets.put('', 'a', upload(row(1)), {});
  for (const key of await keysIn(store, 'objects/')) pinned.add(key);
  await datasets.remove('', 'a', {});
  await datasets.sweep(START + 2 * HOUR_MS);
  t.strictSame(plain(await datasets.read(dataset, 0, 1)), { inputs: { shape: [1, 1], data: [1] } });
  pinned.clear();
  await datasets.release('', dataset);
  t.strictSame(await keysIn(store), []);
});

t.test('a sweep removes what has expired, and old objects that nobody refers to', async (t) => {
  const { datasets, store, at } = startCatalog(t, { DATASET_TTL: DAY });
  await datasets.put('', 'old', upload(row(1)), {});
  at(DAY * 500);
  await datasets.put('', 'young', upload(row(2)), {});
  // As an upload leaves it that was killed before its description was written.
  await store.write('objects/0123456789abcdef0123456789abcdef', Buffer.of(1));
  await datasets.sweep(START);
  t.equal((await keysIn(store, 'objects/')).length, 3, 'it is too young');
  await datasets.sweep(START + 2 * HOUR_MS);
  t.equal((await keysIn(store, 'objects/')).length, 2);
  await datasets.sweep(START + DAY * 1000);
  at(DAY * 1000);
  t.strictSame(
    (await datasets.list('')).map(({ name }) => name),
    ['young'],
  );
  t.equal((await keysIn(store, 'objects/')).length, 1);
});

t.test('a dataset that is put again while a sweep runs stays', async (t) => {
  const { datasets, store, at } = startCatalog(t);
  await datasets.put('', 'a', upload(row(1)), {});
  at(60_000);
  const { list } = store;
  store.list = async function* (prefix) {
    const listed = await Array.fromAsync(list.call(store, prefix));
    store.list = list;
    yield* listed;
  };
  const read = store.read.bind(store);
  store.read = async (key) => {
    const bytes = await read(key);
    store.read = read;
    await datasets.put('', 'a', upload(row(1)), {});
    return bytes;
  };
  await datasets.sweep(START + 60_000);
  t.match(await datasets.get('', 'a'), { name: 'a', expires: START + 120_000 });
});
