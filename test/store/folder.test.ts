// A store in a folder: what all stores do, and what only a folder can do wrong.
import { existsSync } from 'node:fs';
import { lstat, readdir, symlink, utimes } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FolderStore } from '../../src/store/folder.ts';
import { runCommand } from '../support/languages.ts';
import { keysOf, numbered, refusalOf, stream, testContract } from './contract.ts';

const FULL = ['storage-full', { detail: 'the disk is full' }];

const folders = new WeakMap<object, string>();

async function open(t: Test): Promise<FolderStore> {
  const folder = join(t.testdir(), 'store');
  const store = new FolderStore(folder);
  folders.set(store, folder);
  return store;
}

testContract(t, open, async (store) => (await readdir(join(folders.get(store) as string, 'PARTIAL'))).length);

t.test('the folder is made by the first write, for this user only', async (t) => {
  const folder = join(t.testdir(), 'a/store');
  const store = new FolderStore(folder);
  t.strictSame(await keysOf(store), []);
  t.equal(await store.read('a'), undefined);
  await store.remove('a');
  await store.sweep(Date.now());
  t.notOk(existsSync(folder));
  await store.write('b/c/d', numbered(3));
  t.equal((await lstat(folder)).mode & 0o777, 0o700);
  t.equal((await lstat(join(folder, 'b/c/d'))).mode & 0o777, 0o600);
});

t.test('a sweep removes old files of writes that never ended', async (t) => {
  const folder = t.testdir({ PARTIAL: { old: 'old', young: 'young' }, object: 'object' });
  const store = new FolderStore(folder);
  await utimes(join(folder, 'PARTIAL/old'), 1, 1);
  t.strictSame(await keysOf(store), ['object']);
  await store.sweep(2000);
  t.strictSame(await readdir(join(folder, 'PARTIAL')), ['young']);
  t.strictSame(await keysOf(store), ['object']);
});

t.test('an object that is removed while it is listed is left out', async (t) => {
  const store = await open(t);
  for (const key of ['a', 'b', 'c/d']) await store.write(key, numbered(1));
  const listed: string[] = [];
  for await (const { key } of store.list('')) {
    listed.push(key);
    for (const other of ['a', 'b', 'c/d']) await store.remove(other);
  }
  t.equal(listed.length, 1);
});

t.test('links in the folder are not followed', async (t) => {
  const outside = t.testdir({ secret: 'secret', folder: { secret: 'secret' }, store: { object: 'object' } });
  const store = new FolderStore(join(outside, 'store'));
  await symlink(join(outside, 'secret'), join(outside, 'store/link'));
  await symlink(join(outside, 'folder'), join(outside, 'store/linked'));
  await symlink(join(outside, 'store'), join(outside, 'alias'));
  for (const key of ['link', 'linked/secret']) {
    await t.rejects(store.read(key), { code: 'ELOOP' });
    await t.rejects(store.readInto(key, 0, new Uint8Array(1)), { code: 'ELOOP' });
  }
  await t.rejects(store.write('linked/new', numbered(1)), { message: /^a link in the store leads from / });
  await t.rejects(store.remove('linked/secret'), { message: /^a link in the store leads from / });
  t.strictSame(await readdir(join(outside, 'folder')), ['secret']);
  t.strictSame(await keysOf(store), ['object']);
  // A link that is named as a key is replaced or removed, not what it leads to.
  await store.write('link', Buffer.from('mine'));
  t.equal(String(await store.read('link')), 'mine');
  t.equal(String(await new FolderStore(join(outside)).read('secret')), 'secret');
  // The store's folder itself may be a link, to a volume.
  t.equal(String(await new FolderStore(join(outside, 'alias')).read('object')), 'object');
  await new FolderStore(join(outside, 'alias')).write('other', numbered(1));
  t.strictSame(await keysOf(store), ['link', 'object', 'other']);
});

t.test('what is no regular file is not read', async (t) => {
  const folder = t.testdir({ folder: {} });
  await t.rejects(new FolderStore(folder).read('folder'), { code: 'EISDIR' });
});

t.test('other errors of the file system are thrown as they are', async (t) => {
  const folder = t.testdir({ file: '' });
  await t.rejects(new FolderStore(join(folder, 'file')).write('a', numbered(1)), { code: 'ENOTDIR' });
  await t.rejects(new FolderStore(folder).read('a'.repeat(300)), { code: 'ENAMETOOLONG' });
});

for (const name of ['ENOSPC', 'EDQUOT'] as const)
  t.test(`${name} is the refusal storage-full`, async (t) => {
    const store = await open(t);
    const failure = Object.assign(new Error(name), { errno: -constants.errno[name] });
    t.strictSame(await refusalOf(store.write('a', stream([numbered(1)], failure))), FULL);
    t.strictSame(await keysOf(store), []);
  });

t.test('a full disk is the refusal storage-full, and leaves nothing', async (t) => {
  const folder = t.testdir();
  const mount = await runCommand(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  if (mount.code !== 0) {
    t.pass('only root can mount a small disk', { skip: mount.stderr });
    return;
  }
  try {
    const store = new FolderStore(folder);
    await store.write('small', numbered(1000));
    t.strictSame(await refusalOf(store.write('large', numbered(2 ** 21))), FULL);
    t.strictSame(await refusalOf(store.write('large', stream(Array(32).fill(numbered(2 ** 16))))), FULL);
    t.strictSame(await keysOf(store), ['small']);
    t.strictSame(await readdir(join(folder, 'PARTIAL')), []);
    await store.write('again', numbered(2 ** 19));
  } finally {
    await runCommand(['umount', folder]);
  }
});
