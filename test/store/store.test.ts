// What holds for every store: an object is there as a whole or not at all.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { FolderStore } from '../../src/store/folder.ts';
import { openStore } from '../../src/store/open.ts';
import { openClient, S3Store } from '../../src/store/s3.ts';
import type { Store } from '../../src/store/store.ts';
import { BUCKET, startS3, withoutS3 } from './stores.ts';

const temporary = (t: Test) => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Bytes that differ at every place. */
const bytesOf = (n: number) => Uint8Array.from({ length: n }, (_, i) => (i * 7 + (i >> 8)) & 255);

async function* stream(bytes: Uint8Array, size: number, fails = false) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  if (fails) throw new Error('the client went away');
}

async function keys(store: Store, prefix = ''): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key).sort();
}

async function rangeOf(store: Store, key: string, first: number, length: number) {
  const into = new Uint8Array(length);
  return (await store.readInto(key, first, into)) ? into : undefined;
}

/** More than a part of a multipart upload. */
const LARGE = 2 ** 25 + 1000;

async function holds(t: Test, store: Store): Promise<void> {
  t.strictSame(await keys(store), []);
  t.equal(await store.read('datasets/a'), undefined);
  t.equal(await rangeOf(store, 'datasets/a', 0, 5), undefined);
  await store.remove('datasets/a');
  await store.sweep(Date.now());

  await store.write('datasets/a', Buffer.from('hello'));
  t.equal(`${await store.read('datasets/a')}`, 'hello');
  await store.write('datasets/a', stream(Buffer.from('good day'), 3));
  t.equal(`${await store.read('datasets/a')}`, 'good day');
  t.strictSame(await rangeOf(store, 'datasets/a', 5, 2), Uint8Array.from(Buffer.from('da')));
  t.strictSame(await rangeOf(store, 'datasets/a', 8, 0), new Uint8Array());
  await store.write('empty', stream(new Uint8Array(), 1));
  t.equal((await store.read('empty'))?.length, 0);

  const large = bytesOf(LARGE);
  await store.write('objects/large', stream(large, 2 ** 20));
  t.ok(Buffer.from((await rangeOf(store, 'objects/large', 0, LARGE)) as Uint8Array).equals(large));
  t.ok(
    Buffer.from((await rangeOf(store, 'objects/large', 2 ** 25 - 5, 10)) as Uint8Array).equals(
      large.subarray(2 ** 25 - 5, 2 ** 25 + 5),
    ),
  );
  for (const body of [large, large.subarray(0, 10)]) {
    await t.rejects(store.write('objects/half', stream(body, 2 ** 20, true)), /the client went away/);
    t.equal(await store.read('objects/half'), undefined);
  }
  await t.rejects(store.write('datasets/a', stream(large, 2 ** 20, true)), /the client went away/);
  t.equal(`${await store.read('datasets/a')}`, 'good day', 'the object that was there stays');

  t.strictSame(await keys(store), ['datasets/a', 'empty', 'objects/large']);
  t.strictSame(await keys(store, 'objects/'), ['objects/large']);
  t.strictSame(await keys(store, 'data'), ['datasets/a']);
  t.strictSame(await keys(store, 'none/'), []);
  const [listed] = await Array.fromAsync(store.list('datasets/'));
  t.equal(listed.bytes, 8);
  t.ok(Math.abs(listed.modified - Date.now()) < 3_600_000);
  await store.remove('datasets/a');
  t.equal(await store.read('datasets/a'), undefined);
  await store.sweep(0);
  await store.close();
}

t.test('in a folder', async (t) => {
  const folder = join(temporary(t), 'made', 'when needed');
  const store = await openStore(folder);
  t.ok(store instanceof FolderStore);
  await holds(t, store);
  t.strictSame(readdirSync(join(folder, '.unfinished')), [], 'nothing is left of uploads that failed');
});

t.test('in a folder: what processes that were killed have left is swept', async (t) => {
  const folder = temporary(t);
  const store = new FolderStore(folder);
  await store.write('a', Buffer.from('a'));
  const left = join(folder, '.unfinished', 'left');
  writeFileSync(left, 'half');
  await store.sweep(Date.now() - 3_600_000);
  t.strictSame(readdirSync(join(folder, '.unfinished')), ['left']);
  utimesSync(left, 1, 1);
  await store.sweep(Date.now() - 3_600_000);
  t.strictSame(readdirSync(join(folder, '.unfinished')), []);
  t.strictSame(await keys(store), ['a']);
});

t.test('in a folder: keys never leave it, and links are not followed', async (t) => {
  const folder = temporary(t);
  const store = new FolderStore(join(folder, 'store'));
  await store.write('a/b', Buffer.from('b'));
  writeFileSync(join(folder, 'secret'), 'secret');
  for (const key of ['../secret', 'a/../../secret', '/etc/passwd', '.unfinished/x', 'a//b', '', 'A', 'a/'])
    for (const work of [() => store.read(key), () => store.write(key, Buffer.from('x')), () => store.remove(key)])
      await t.rejects(async () => work(), /not a key of the store/);
  symlinkSync(join(folder, 'secret'), join(folder, 'store', 'link'));
  await t.rejects(store.read('link'), { code: 'ELOOP' });
  t.strictSame(await keys(store), ['a/b']);
  writeFileSync(join(folder, 'store', 'STRANGE'), '');
  t.strictSame(await keys(store), ['a/b']);
  await t.rejects(store.readInto('a/b', 0, new Uint8Array(5)), /shorter than when it was written/);
});

t.test('in a folder: other users of the machine read nothing', async (t) => {
  const folder = join(temporary(t), 'store');
  await new FolderStore(folder).write('a/b', Buffer.from('b'));
  const modeOf = (path: string) => (statSync(join(folder, path)).mode & 0o777).toString(8);
  t.strictSame(['', 'a', '.unfinished', 'a/b'].map(modeOf), ['700', '700', '700', '600']);
});

t.test('in a folder: a full disk', { skip: process.getuid?.() !== 0 && 'needs root, to mount a small disk' }, async (t) => {
  const folder = temporary(t);
  await mkdir(join(folder, 'disk'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', join(folder, 'disk')]);
  if (mounted.status !== 0) {
    t.comment('mount is not allowed here');
    return;
  }
  t.teardown(() => spawnSync('umount', [join(folder, 'disk')]));
  const store = new FolderStore(join(folder, 'disk', 'store'));
  await store.write('small', Buffer.alloc(1000));
  await t.rejects(store.write('large', stream(bytesOf(2 ** 21), 2 ** 16)), /the disk of the store is full/);
  await store.write('after', Buffer.alloc(1000));
  t.strictSame(await keys(store), ['after', 'small']);
});

t.test('in S3', { skip: withoutS3 }, async (t) => {
  await startS3(t);
  await holds(t, await openStore(`s3://${BUCKET}/some/prefix`));
  const client = openClient();
  t.teardown(() => client.destroy());
  const uploads = async () => (await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads ?? [];
  t.strictSame(await uploads(), [], 'nothing is left of uploads that failed');

  const store = new S3Store({ bucket: BUCKET, prefix: 'own/' });
  t.strictSame(await keys(store), []);
  await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'own/left' }));
  await store.sweep(0);
  t.equal((await uploads()).length, 1);
  await store.sweep(Date.now() + 3_600_000);
  t.strictSame(await uploads(), []);
  for (let i = 0; i < 1001; i++) await store.write(`many/${i}`, Buffer.from('x'));
  t.equal((await keys(store)).length, 1001, 'more than a page of a listing');
  await t.rejects(new S3Store({ bucket: 'another-bucket', prefix: '' }).read('a'));
});

t.test('a wrong STORE, and a folder loads nothing of the AWS SDK', async (t) => {
  for (const place of ['s3://', 's3://A/b', 'http://example.com/a', 'S3://bucket/a'])
    await t.rejects(openStore(place), /^STORE: expected a folder or s3:\/\/bucket\/prefix, got /);
  const code = `
    import { openStore } from ${JSON.stringify(new URL('../../src/store/open.ts', import.meta.url).href)};
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    const store = await openStore('/none');
    await store.read('a');
    console.log(loaded.filter((url) => url.includes('aws')).length);
    await import('@aws-sdk/client-s3');
    console.log(loaded.filter((url) => url.includes('aws')).length > 0);
  `;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: new URL('../..', import.meta.url) });
  t.equal(`${stdout}`, '0\ntrue\n');
});
