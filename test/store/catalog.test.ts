// The catalog: names, owners, conditions, shared content and expiry.
import t from 'tap';
import { Datasets } from '../../src/store/datasets.ts';
import { FilesInMemory, keysIn, limits, plain, refusalOf, row, START, startCatalog, upload } from './catalog.ts';

const BYTES = row(1).length;

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
    detail: 'expected the Content-Type application/vnd.safetensors, application/json, text/csv, got text/plain',
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
