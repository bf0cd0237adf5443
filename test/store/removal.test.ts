// When the objects of datasets are removed, and when they stay.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Datasets } from '../../src/store/datasets.ts';
import { FolderStore } from '../../src/store/folder.ts';
import { FilesInMemory, HOUR_MS, keysIn, limits, plain, row, START, startCatalog, upload } from './catalog.ts';

const DAY = 86_400;

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

t.test('an upload whose process is killed is not there, and a sweep removes what it left', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `
import { Datasets } from ${url('../../src/store/datasets.ts')};
import { FolderStore } from ${url('../../src/store/folder.ts')};
import { limits, row } from ${url('catalog.ts')};
async function* bytes() {
  yield row(1).subarray(0, 80);
  // The store asks for more when it has written the first bytes.
  console.log('half');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}
const datasets = new Datasets({ store: async () => new FolderStore(${JSON.stringify(folder)}), limits });
await datasets.put('', 'a', { mediaType: 'application/vnd.safetensors', query: {}, bytes: bytes() }, {});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const files = () => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  t.equal(files().length, 1);
  const datasets = new Datasets({ store: async () => new FolderStore(folder), places: new FilesInMemory(), limits });
  t.equal(await datasets.get('', 'a'), undefined);
  t.strictSame(await datasets.list(''), []);
  await datasets.sweep(Date.now());
  t.equal(files().length, 1, 'it may belong to an upload in progress');
  await datasets.sweep(Date.now() + 2 * HOUR_MS);
  t.equal(files().length, 0);
});
