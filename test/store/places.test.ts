// The places whose files datasets may refer to: nothing else can be reached, and a file that has changed is noticed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import { Refusal } from '../../src/refusal.ts';
import { Places } from '../../src/store/places.ts';
import { openClient } from '../../src/store/s3.ts';
import { BUCKET, startS3, withoutS3 } from './stores.ts';

async function refusalOf(work: Promise<unknown>): Promise<{ type: string; detail: string }> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  if (error instanceof Refusal) return { type: error.type, detail: error.message };
  throw error ?? new Error('expected a refusal');
}

const root = realpathSync(mkdtempSync(join(tmpdir(), 'places-')));
t.teardown(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, 'data', 'deep'), { recursive: true });
mkdirSync(join(root, 'database'));
mkdirSync(join(root, 'own'));
for (const file of ['data/a.npy', 'data/deep/b c.npy', 'database/secret', 'own/mine', 'secret'])
  writeFileSync(join(root, file), file);
const url = (path: string) => `file://${root}/${path}`;

async function textOf(places: Places, given: string, owner = 'me'): Promise<string> {
  const { version, bytes } = await places.pin(owner, given);
  const into = new Uint8Array(bytes);
  await places.readInto({ url: given, version }, 0, into);
  return `${Buffer.from(into)}`;
}

t.test('files below the places of an owner', async (t) => {
  const places = new Places(`${url('data')}, me=${url('own/')}`);
  t.equal(await textOf(places, url('data/a.npy')), 'data/a.npy');
  t.equal(await textOf(places, url('data/deep/b%20c.npy')), 'data/deep/b c.npy');
  t.equal(await textOf(places, url('data/deep/../a.npy')), 'data/a.npy');
  t.equal(await textOf(places, url('own/mine')), 'own/mine');
  const { version } = await places.pin('me', url('data/a.npy'));
  const into = new Uint8Array(3);
  await places.readInto({ url: url('data/a.npy'), version }, 5, into);
  t.equal(`${Buffer.from(into)}`, 'a.n');
  await places.readInto({ url: url('data/a.npy'), version }, 5, new Uint8Array(0));
  t.equal((await refusalOf(places.pin('another', url('own/mine')))).type, 'place-not-allowed');
});

t.test('nothing else: other paths, links, other kinds of URLs and files', async (t) => {
  const places = new Places(url('data/'));
  symlinkSync(join(root, 'secret'), join(root, 'data', 'link'));
  symlinkSync(root, join(root, 'data', 'up'));
  const allowed = `expected a URL of a file below one of the places that are allowed, without links: ${url('data/')} (DATA_ALLOW)`;
  for (const given of [
    url('secret'),
    url('database/secret'),
    url('data/../secret'),
    url('data/%2e%2e/secret'),
    url('data/..%2fsecret'),
    url('data/link'),
    url('data/up/secret'),
    url('data/a.npy%00'),
    url('data/a.npy?x'),
    url('data/a.npy#x'),
    `file://localhost.example${root}/data/a.npy`,
    `FILE:/${root}`,
    join(root, 'data/a.npy'),
    'http://127.0.0.1/latest/meta-data',
    'http://169.254.169.254/',
    's3://bucket/data/a.npy',
    's3://',
    'data:,x',
    '',
  ])
    t.strictSame(await refusalOf(places.pin('me', given)), { type: 'place-not-allowed', detail: allowed }, given);
  for (const given of [url('data/none'), url('data/deep'), url('data/a.npy/x')])
    t.equal((await refusalOf(places.pin('me', given))).type, 'invalid-request', given);
  spawnSync('mkfifo', [join(root, 'data', 'pipe')]);
  t.equal((await refusalOf(places.pin('me', url('data/pipe')))).type, 'invalid-request', 'a named pipe');
  t.match(await refusalOf(new Places('').pin('me', url('data/a.npy'))), { detail: /: none are \(DATA_ALLOW\)$/ });
});

t.test('a file that has changed', async (t) => {
  const places = new Places(url('data/'));
  const given = url('data/changing');
  const path = join(root, 'data', 'changing');
  const changes: [string, () => void][] = [
    ['written to', () => writeFileSync(path, 'another')],
    [
      'replaced',
      () => {
        writeFileSync(`${path}2`, 'before');
        renameSync(`${path}2`, path);
      },
    ],
    ['removed', () => rmSync(path)],
    [
      'a link now',
      () => {
        rmSync(path);
        symlinkSync(join(root, 'secret'), path);
      },
    ],
  ];
  for (const [what, change] of changes) {
    rmSync(path, { force: true });
    writeFileSync(path, 'before');
    const { version } = await places.pin('me', given);
    change();
    t.equal((await refusalOf(places.readInto({ url: given, version }, 0, new Uint8Array(3)))).type, 'dataset-changed', what);
  }
  rmSync(path);
  writeFileSync(path, 'before');
  const { version } = await places.pin('me', given);
  t.equal((await refusalOf(places.readInto({ url: given, version }, 3, new Uint8Array(9)))).type, 'dataset-changed', 'short');
});

t.test('objects in S3', { skip: withoutS3 }, async (t) => {
  await startS3(t);
  const client = openClient();
  t.teardown(() => client.destroy());
  const put = (Key: string, Body: string) => client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  await put('data/a', 'first');
  await put('secret', 'secret');
  const places = new Places(`s3://${BUCKET}/data`);
  const given = `s3://${BUCKET}/data/a`;
  t.equal(await textOf(places, given), 'first');
  t.equal((await refusalOf(places.pin('me', `s3://${BUCKET}/secret`))).type, 'place-not-allowed');
  t.equal((await refusalOf(places.pin('me', `s3://${BUCKET}/data/none`))).type, 'invalid-request');
  const { version } = await places.pin('me', given);
  const read = (first: number) => places.readInto({ url: given, version }, first, new Uint8Array(3));
  t.equal((await refusalOf(read(4))).type, 'dataset-changed', 'short');
  t.equal((await refusalOf(read(9))).type, 'dataset-changed', 'beyond the end');
  await put('data/a', 'other');
  t.equal((await refusalOf(read(0))).type, 'dataset-changed');
});

t.test('a wrong DATA_ALLOW', async (t) => {
  for (const text of ['/data', 'http://example.com/', 's3://X', 'me=', 'Me=file:///data', 'file://host/data', 'file:///data?x'])
    t.throws(() => new Places(text), { message: /^DATA_ALLOW: expected file:/ }, text);
});
