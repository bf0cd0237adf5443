// A store in a folder.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FolderStore } from '../../src/store/folder.ts';
import { refusalOf } from './catalog.ts';
import { checkStore, keysOf, stream } from './contract.ts';

const bytes = Buffer.from('0123456789');

const full = { type: 'storage-full', detail: 'the disk is full' };

t.test('does what a store has to do', async (t) => {
  const folder = join(t.testdir(), 'data/store');
  const store = new FolderStore(folder);
  await checkStore(t, store, async () => readdirSync(join(folder, 'unfinished~')).length);
  await store.close();
});

t.test('the folder is made at the first write, for its owner only', async (t) => {
  const folder = join(t.testdir(), 'a/b');
  const store = new FolderStore(folder);
  await store.read('key');
  await store.sweep(Date.now());
  t.notOk(existsSync(join(folder, '..')));
  await store.write('x/key', bytes);
  t.equal(statSync(folder).mode & 0o777, 0o700);
  t.equal(statSync(join(folder, 'x/key')).mode & 0o777, 0o600);
});

t.test('only keys are paths, and none leaves the folder', async (t) => {
  const root = t.testdir({ secret: 'secret', store: { object: 'object' } });
  const store = new FolderStore(join(root, 'store'));
  for (const key of [
    '',
    '..',
    '../secret',
    'a/../../secret',
    'a/./b',
    '/etc',
    'a//b',
    'a/',
    'A',
    'a b',
    'a\0',
    'a\\b',
    'a\n',
    'unfinished~/a',
  ]) {
    const message = `not a key: ${JSON.stringify(key)}`;
    await t.rejects(store.write(key, bytes), { message });
    await t.rejects(store.read(key), { message });
    await t.rejects(store.readInto(key, 0, new Uint8Array(1)), { message });
    await t.rejects(store.remove(key), { message });
  }
  await t.rejects(keysOf(store, '../'), { message: 'not a key: ".."' });
  t.strictSame(readdirSync(root).sort(), ['secret', 'store']);
  t.strictSame(readdirSync(join(root, 'store')), ['object']);
});

t.test('links and files of others are no objects', async (t) => {
  const folder = t.testdir({ secret: 'secret', store: { object: 'object', 'lost+found': { file: '' } } });
  const store = new FolderStore(join(folder, 'store'));
  symlinkSync('../secret', join(folder, 'store/link'));
  await t.rejects(store.read('link'), { code: 'ELOOP' });
  await t.rejects(store.readInto('link', 0, new Uint8Array(1)), { code: 'ELOOP' });
  t.strictSame(await keysOf(store), ['object']);
});

t.test('a sweep removes old files that were not completed, and nothing else', async (t) => {
  const folder = t.testdir({ 'unfinished~': { old: 'x', young: 'x' }, object: 'x' });
  for (const name of ['unfinished~/old', 'object']) utimesSync(join(folder, name), 1000, 1000);
  const store = new FolderStore(folder);
  await store.sweep(1_000_000);
  t.strictSame(readdirSync(join(folder, 'unfinished~')).sort(), ['old', 'young']);
  await store.sweep(1_000_001);
  t.strictSame(readdirSync(join(folder, 'unfinished~')), ['young']);
  t.ok(existsSync(join(folder, 'object')));
});

t.test('an error of the disk fails the write', async (t) => {
  const folder = t.testdir({ file: 'x' });
  await t.rejects(new FolderStore(join(folder, 'file')).write('key', bytes), { code: /EEXIST|ENOTDIR/ });
  const store = new FolderStore(folder);
  await t.rejects(store.write('file/key', bytes), { code: /EEXIST|ENOTDIR/ });
  t.strictSame(readdirSync(join(folder, 'unfinished~')), []);
  t.equal(await store.read('file/key'), undefined);
  mkdirSync(join(folder, 'folder'));
  await t.rejects(store.read('folder'), { code: 'EISDIR' });
  t.strictSame(await keysOf(store, 'file/'), []);
});

/** Mounts a file system of 1 MiB at a folder. Returns false if that is not possible here. */
function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

t.test('a full disk is refused, and keeps nothing', async (t) => {
  const folder = t.testdir({ disk: {} });
  const disk = join(folder, 'disk');
  if (!mountSmall(disk)) {
    t.comment('skipped: a file system can be mounted by root only');
    return;
  }
  try {
    const store = new FolderStore(disk);
    await store.write('small', bytes);
    const chunks = Array.from({ length: 40 }, () => Buffer.alloc(65_536));
    for (const large of [stream(chunks), Buffer.concat(chunks)]) t.strictSame(await refusalOf(store.write('large', large)), full);
    t.strictSame(await keysOf(store), ['small']);
    t.strictSame(readdirSync(join(disk, 'unfinished~')), []);
    await store.write('half', Buffer.alloc(2 ** 19));
  } finally {
    execFileSync('umount', [disk]);
  }
});

t.test('so is a quota', async (t) => {
  const store = new FolderStore(t.testdir());
  for (const code of ['ENOSPC', 'EDQUOT'])
    t.strictSame(await refusalOf(store.write('key', stream([], Object.assign(new Error('write'), { code })))), full);
});
