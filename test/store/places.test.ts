// Files that datasets refer to: which are allowed, how they are pinned, and what happens when they change.
import { appendFile, chmod, link, mkdir, realpath, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { Places } from '../../src/store/places.ts';
import { runCommand } from '../support/languages.ts';
import { refusalOf } from './contract.ts';
import { fault, missing, startS3, startScripted } from './s3-server.ts';

const OWNER = 'alice';

/** What is refused, at the pointer of the tests. */
const refused = (type: string, detail: string) => [
  type,
  { detail: '1 problem in the request', errors: [{ pointer: '/inputs/url', detail }] },
];

const pin = (places: Places, url: string, owner = OWNER) => places.pin(owner, url, '/inputs/url');

function notAllowed(...urls: string[]) {
  const which = urls.length > 0 ? urls.join(', ') : 'none are';
  return refused('place-not-allowed', `expected a URL below one of the places that are allowed: ${which} (DATA_ALLOW)`);
}

/** A folder for the files of a test, without links. */
const folderOf = async (t: Test, content: Parameters<Test['testdir']>[0]) => realpath(t.testdir(content));

async function text(places: Places, url: string, first = 0, length?: number): Promise<string> {
  const { bytes, ...source } = await places.pin(OWNER, url);
  const into = Buffer.alloc(length ?? bytes - first);
  await places.readInto(source, first, into);
  return String(into);
}

t.test('a file below a place is pinned and read', async (t) => {
  const folder = await folderOf(t, { data: { 'a.npy': '0123456789', deep: { 'b c%': 'deep', 'é.npy': 'accent' }, empty: '' } });
  const url = `file://${folder}/data`;
  for (const places of [new Places(url), new Places(`${url}/`), new Places(` s3://bucket , ${OWNER}=${url}/`)]) {
    const pinned = await pin(places, `${url}/a.npy`);
    t.strictSame({ ...pinned, version: '' }, { url: `${url}/a.npy`, version: '', bytes: 10 });
    t.match(pinned.version, /^10-\d{19}-\d+$/);
    t.equal(await text(places, `${url}/a.npy`), '0123456789');
    t.equal(await text(places, `${url}/a.npy`, 3, 4), '3456');
    t.equal(await text(places, `${url}/a.npy`, 10, 0), '');
    t.equal(await text(places, `${url}/empty`), '');
    t.equal(await text(places, `${url}/deep/b%20c%25`), 'deep');
    t.equal(await text(places, `${url}/deep/b c%25`), 'deep');
    t.equal(await text(places, `${url}/deep/%C3%A9.npy`), 'accent');
    t.equal(await text(places, `${url}/%64eep/é.npy`), 'accent');
  }
});

t.test('other files are refused', async (t) => {
  const folder = await folderOf(t, { data: { a: 'a', b: {} }, database: { a: 'secret' }, secret: 'secret' });
  const place = `file://${folder}/data/`;
  const places = new Places(place);
  for (const url of [
    `file://${folder}/database/a`,
    `file://${folder}/data`,
    `file://${folder}/data/`,
    `file://${folder}/secret`,
    `file://${folder}/data/../secret`,
    `file://${folder}/data/%2e%2e/secret`,
    `file://${folder}/data/.%2E/secret`,
    `file://${folder}/data/..%2fsecret`,
    `file://${folder}/data/b%2f..%2f..%2fsecret`,
    `file://${folder}/data/..\\secret`,
    `file://${folder}/data/./a`,
    `file://${folder}/data//a`,
    `file:/${folder}/data/a`,
    `file:////${folder}/data/a`,
    `file://localhost${folder}/data/a`,
    `file://evil.example${folder}/data/a`,
    `file:${folder}/data/a`,
    `FILE://${folder}/data/a`,
    `file://${folder}/DATA/a`,
    ` file://${folder}/data/a`,
    `file://${folder}/data/a `.replace(' ', '\n'),
    `file://${folder}/data/a%00`,
    `file://${folder}/data/a\0`,
    `file://${folder}/data/a%`,
    `file://${folder}/data/a%ff`,
    `file://${folder}/data/a?x`,
    `file://${folder}/data/a#x`,
    `file://${folder}/data/${'a'.repeat(1024)}`,
    `${folder}/data/a`,
    's3://bucket/data/a',
    'http://169.254.169.254/latest/meta-data/',
    'https://example.com/a',
    'data:,a',
    '',
  ])
    t.strictSame(await refusalOf(pin(places, url)), notAllowed(place), JSON.stringify(url));
  t.strictSame(await refusalOf(places.pin(OWNER, 'http://localhost/')), [
    'place-not-allowed',
    { detail: `expected a URL below one of the places that are allowed: ${place} (DATA_ALLOW)` },
  ]);
  t.strictSame(await refusalOf(pin(new Places(undefined), `file://${folder}/data/a`)), notAllowed());
});

t.test('a place is for its owner, or for everybody', async (t) => {
  const folder = await folderOf(t, { all: { f: 'all' }, alice: { f: 'alice' }, bob: { f: 'bob' } });
  const url = (name: string) => `file://${folder}/${name}`;
  const places = new Places(`${url('all')},alice=${url('alice')},bob=${url('bob')},b.o-b_2=${url('bob')}`);
  t.equal((await pin(places, url('all/f'), 'bob')).bytes, 3);
  t.equal((await pin(places, url('bob/f'), 'bob')).bytes, 3);
  t.equal((await pin(places, url('bob/f'), 'b.o-b_2')).bytes, 3);
  t.equal((await pin(places, url('all/f'), '')).bytes, 3);
  t.strictSame(await refusalOf(pin(places, url('bob/f'), 'alice')), notAllowed(url('alice'), url('all')));
  t.strictSame(await refusalOf(pin(places, url('bob/f'), '')), notAllowed(url('all')));
});

t.test('links are refused below a place, and allowed on the way to it', async (t) => {
  const folder = await folderOf(t, { data: { a: 'a', sub: { b: 'b' } }, outside: { a: 'secret' } });
  const inside = join(folder, 'data');
  await symlink(join(folder, 'outside/a'), join(inside, 'file'));
  await symlink(join(folder, 'outside'), join(inside, 'folder'));
  await symlink('a', join(inside, 'harmless'));
  await symlink('none', join(inside, 'broken'));
  await symlink(inside, join(folder, 'alias'));
  const places = new Places(`file://${inside}`);
  for (const name of ['file', 'folder/a', 'harmless', 'broken']) {
    const url = `file://${inside}/${name}`;
    const expected = refused('place-not-allowed', `expected a path without symbolic links, got ${url}`);
    t.strictSame(await refusalOf(pin(places, url)), expected);
  }
  t.equal(await text(new Places(`file://${folder}/alias/`), `file://${folder}/alias/a`), 'a');
  // Of two places that contain a file, the deeper one says from where on links are refused.
  const nested = new Places(`file://${folder},file://${folder}/alias/`);
  t.equal(await text(nested, `file://${folder}/alias/sub/b`), 'b');
});

t.test('what is no file is refused', async (t) => {
  const folder = await folderOf(t, { data: { folder: {}, a: 'a' } });
  const inside = join(folder, 'data');
  const places = new Places(`file://${inside}`);
  const server = createServer().listen(join(inside, 'socket'));
  t.teardown(() => server.close());
  for (const name of ['none', 'none/none', 'a/none', 'n'.repeat(300)]) {
    const url = `file://${inside}/${name}`;
    t.strictSame(await refusalOf(pin(places, url)), refused('invalid-request', `there is no file at ${url}`));
  }
  for (const name of ['folder', 'socket']) {
    const url = `file://${inside}/${name}`;
    t.strictSame(await refusalOf(pin(places, url)), refused('invalid-request', `expected a regular file at ${url}`));
  }
  const nowhere = new Places('file:///no/such/folder');
  t.strictSame(
    await refusalOf(pin(nowhere, 'file:///no/such/folder/a')),
    refused('invalid-request', 'there is no file at file:///no/such/folder/a'),
  );
});

t.test('a FIFO is refused without waiting for its writer', async (t) => {
  const folder = await folderOf(t, {});
  const made = await runCommand(['mkfifo', join(folder, 'fifo')]);
  if (made.code !== 0) {
    t.pass('there is no mkfifo here', { skip: true });
    return;
  }
  const url = `file://${folder}/fifo`;
  const expected = refused('invalid-request', `expected a regular file at ${url}`);
  t.strictSame(await refusalOf(pin(new Places(`file://${folder}`), url)), expected);
});

t.test('a file that has changed is another one', async (t) => {
  const folder = await folderOf(t, { a: '0123456789', other: 'abcdefghij' });
  const path = join(folder, 'a');
  const url = `file://${folder}/a`;
  const places = new Places(`file://${folder}`);
  const changed = ['dataset-changed', { detail: `the file at ${url} has changed since the dataset was put: put it again` }];
  const mtime = new Date(1_700_000_000_000);
  const changes: Record<string, () => Promise<unknown>> = {
    longer: () => appendFile(path, 'x'),
    shorter: () => truncate(path, 9),
    'written again': () => writeFile(path, '9876543210'),
    touched: () => utimes(path, mtime, new Date(1_700_000_000_001)),
    'replaced by one of the same size and time': async () => {
      await writeFile(`${path}.new`, 'abcdefghij');
      await utimes(`${path}.new`, mtime, mtime);
      await rename(`${path}.new`, path);
    },
    removed: () => rm(path),
    'a link now': async () => {
      await rm(path);
      await symlink('other', path);
    },
    'a folder now': async () => {
      await rm(path);
      await mkdir(path);
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    await rm(path, { recursive: true, force: true });
    await writeFile(path, '0123456789');
    await utimes(path, mtime, mtime);
    const source = await pin(places, url);
    await places.readInto(source, 0, new Uint8Array(10));
    await change();
    t.strictSame(await refusalOf(places.readInto(source, 0, new Uint8Array(5))), changed, what);
  }
  await rm(path, { recursive: true });
  await writeFile(path, '0123456789');
  const source = await pin(places, url);
  t.strictSame(await refusalOf(places.readInto(source, 5, new Uint8Array(6))), changed, 'a range beyond its end');
  // Another name for the same file changes nothing.
  await link(path, `${path}.link`);
  await places.readInto(source, 0, new Uint8Array(10));
});

t.test('a file whose place is no longer allowed is not read', async (t) => {
  const folder = await folderOf(t, { a: 'a' });
  const url = `file://${folder}/a`;
  const source = await pin(new Places(`file://${folder}`), url);
  const detail = `${url} is no longer in a place that is allowed (DATA_ALLOW)`;
  t.strictSame(await refusalOf(new Places(undefined).readInto(source, 0, new Uint8Array(1))), ['place-not-allowed', { detail }]);
  // The owner counts only when a file is pinned.
  await new Places(`bob=file://${folder}`).readInto(source, 0, new Uint8Array(1));
});

t.test('a file that the service may not read is refused', async (t) => {
  const folder = await folderOf(t, { a: 'a' });
  const url = `file://${folder}/a`;
  const places = new Places(`file://${folder}`);
  const source = await pin(places, url);
  await chmod(join(folder, 'a'), 0);
  // Root may read everything.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    t.strictSame(await refusalOf(pin(places, url)), refused('place-not-allowed', `the service may not read ${url}`));
    await t.rejects(places.readInto(source, 0, new Uint8Array(1)), { code: 'EACCES' });
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

/** Uses up all file descriptors, pins a file, and prints the code of the error. */
const exhausted = `
  import { closeSync, openSync } from 'node:fs';
  const { Places } = await import(process.argv[1]);
  const places = new Places('file:///dev');
  const open = [];
  try {
    for (;;) open.push(openSync('/dev/null'));
  } catch {}
  const code = await places.pin('', 'file:///dev/null').catch((error) => error.code);
  for (const file of open) closeSync(file);
  console.log(code);
`;

t.test('faults of the machine are no refusals', async (t) => {
  const module = join(import.meta.dirname, '../../src/store/places.ts');
  const script = ['sh', '-c', 'ulimit -n 64; exec "$0" "$@"'] as const;
  const { stdout, stderr } = await runCommand([...script, process.execPath, '--input-type=module', '-e', exhausted, module]);
  t.equal(stdout, 'EMFILE\n', stderr);
});

t.test('DATA_ALLOW is a list of places', async (t) => {
  for (const text of [
    '',
    ',',
    'file:///data,',
    '/data',
    './data',
    'file:///',
    'file://host/data',
    'file://data',
    'file:///data/../etc',
    'file:///data//',
    'file:///data?x',
    's3://',
    's3://B/prefix',
    's3://bucket//',
    'https://bucket.example/',
    'alice=',
    'alice=/data',
    'Alice=file:///data',
    '=file:///data',
    'a b=file:///data',
  ])
    t.throws(
      () => new Places(text),
      { message: /^DATA_ALLOW: expected file:\/\/\/folder\/, s3:\/\/bucket\/prefix\/ or owner= before one, got ".*"$/ },
      text,
    );
  t.throws(() => new Places('file:///data, nonsense'), {
    message: 'DATA_ALLOW: expected file:///folder/, s3://bucket/prefix/ or owner= before one, got "nonsense"',
  });
  for (const text of ['file:///data', 'file:///a=b/', 'a=s3://bucket', 's3://bucket/,s3://other-bucket/a/b/', 'a=file:///x%2Cy/'])
    new Places(text);
});

t.test('objects in S3', { skip: missing }, async (t) => {
  const server = await startS3();
  t.teardown(() => server.stop());
  const Bucket = await server.makeBucket();
  const put = (Key: string, Body: string) => server.client.send(new PutObjectCommand({ Bucket, Key, Body }));
  for (const key of ['data/a', 'data/b c', 'database/a', 'data']) await put(key, '0123456789');
  const url = `s3://${Bucket}/data/a`;
  const places = new Places(`s3://${Bucket}/data/`);

  t.test('are pinned and read below a place', async (t) => {
    const pinned = await pin(places, url);
    t.strictSame(pinned, { url, version: '"781e5e245d69b566979b86e28d23f2c7"', bytes: 10 });
    t.equal(await text(places, url), '0123456789');
    t.equal(await text(places, url, 3, 4), '3456');
    t.equal(await text(places, url, 10, 0), '');
    t.equal(await text(places, `s3://${Bucket}/data/b%20c`), '0123456789');
    t.equal(await text(new Places(`s3://${Bucket}`), `s3://${Bucket}/data`), '0123456789');
  });

  t.test('are refused elsewhere', async (t) => {
    for (const key of ['database/a', 'data', 'data/', 'data/../database/a', 'data/%2e%2e/database/a', 'DATA/a', ''])
      t.strictSame(await refusalOf(pin(places, `s3://${Bucket}/${key}`)), notAllowed(`s3://${Bucket}/data/`), key);
    t.strictSame(await refusalOf(pin(places, 's3://other-bucket/data/a')), notAllowed(`s3://${Bucket}/data/`));
    t.strictSame(
      await refusalOf(pin(places, `s3://${Bucket}/data/none`)),
      refused('invalid-request', `there is no file at s3://${Bucket}/data/none`),
    );
  });

  t.test('are other ones when they have changed', async (t) => {
    const changed = ['dataset-changed', { detail: `the file at ${url} has changed since the dataset was put: put it again` }];
    const source = await pin(places, url);
    t.strictSame(await refusalOf(places.readInto(source, 5, new Uint8Array(6))), changed, 'a range beyond its end');
    t.strictSame(await refusalOf(places.readInto(source, 10, new Uint8Array(1))), changed, 'a range after its end');
    await put('data/a', 'abcdefghij');
    t.strictSame(await refusalOf(places.readInto(source, 0, new Uint8Array(5))), changed);
    t.strictSame(await refusalOf(places.readInto(source, 0, new Uint8Array())), changed);
    const gone = { ...source, url: `s3://${Bucket}/data/none` };
    t.equal((await refusalOf(places.readInto(gone, 0, new Uint8Array(5))))[0], 'dataset-changed');
  });
});

t.test('S3 that fails', async (t) => {
  const url = 's3://bucket/a';
  const source = { url, version: '"1"' };

  t.test('without permission', async (t) => {
    await startScripted(t, [fault(403, 'AccessDenied')]);
    const places = new Places('s3://bucket');
    t.strictSame(
      await refusalOf(pin(places, url)),
      refused('place-not-allowed', `the service has no access to ${url}, or there is no such object`),
    );
    await t.rejects(places.readInto(source, 0, new Uint8Array(1)), { message: `cannot read ${url}: AccessDenied: no` });
  });

  t.test('with a fault of its own', async (t) => {
    await startScripted(t, [fault(501, 'NotImplemented')]);
    const places = new Places('s3://bucket');
    const unavailable = (message: RegExp) => ({ type: 'unavailable', cause: { message } });
    await t.rejects(pin(places, url), unavailable(new RegExp(`^cannot look at ${url}: `)));
    await t.rejects(
      places.readInto(source, 0, new Uint8Array(1)),
      unavailable(new RegExp(`^cannot read ${url}: NotImplemented: no$`)),
    );
  });
});
