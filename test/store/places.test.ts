// The files that datasets may refer to.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import { pinLocalFile } from '../../src/store/local-files.ts';
import { Places } from '../../src/store/places.ts';
import { BUCKET, noS3, startS3 } from '../support/s3.ts';
import { refusalOf } from './catalog.ts';

const NO_FILE = { type: 'invalid-request', detail: 'there is no such file' };
const LINK = { type: 'invalid-request', detail: 'expected a file, got a symbolic link, or one on the way to it' };
const IRREGULAR = { type: 'invalid-request', detail: 'expected a file, got a folder or a device' };

const notAllowed = (url: string) => ({
  type: 'place-not-allowed',
  detail: `expected a file in a place that the operator allows to this client (DATA_ALLOW), got ${url}`,
});
const noUrl = (url: string) => ({
  type: 'invalid-request',
  detail: `expected a file as file:///path or s3://bucket/key, got ${url}`,
});

/** Reads a range of a pinned file. */
async function read(places: Places, source: { url: string; version: string }, first: number, size: number): Promise<string> {
  const into = Buffer.alloc(size);
  await places.readInto(source, first, into);
  return `${into}`;
}

t.test('DATA_ALLOW', async (t) => {
  for (const DATA_ALLOW of [undefined, '', ' , ']) {
    const places = new Places(DATA_ALLOW);
    t.strictSame(await refusalOf(places.pin('', 'file:///etc/passwd')), notAllowed('file:///etc/passwd'));
  }
  for (const [i, place] of [
    [1, '/data'],
    [2, 'file:///a/, file://host/data/'],
    [1, 'file:///data/?a'],
    [1, 'file:///data/#a'],
    [1, 'file:///data/%00/'],
    [1, 'file:///data/%2F/'],
    [1, 'file:///data/%ff/'],
    [1, 'https://host/data/'],
    [2, ',s3://bucket,s3://'],
    [1, 's3://bucket/../a/'],
    [1, '-a=file:///data/'],
    [1, 'A=file:///data/'],
    [1, 'a='],
  ] as const)
    t.throws(() => new Places(place), {
      message: `DATA_ALLOW: place ${i}: expected file:///folder/ or s3://bucket/prefix/, perhaps after an owner's name and =, got ${place.split(',').at(-1)?.trim()}`,
    });
});

t.test('files', async (t) => {
  const root = realpathSync(
    t.testdir({
      data: { 'a.npy': '0123456789', sub: { 'b c.npy': 'abc' }, empty: '' },
      database: { 'a.npy': 'secret' },
      anna: { 'a.npy': 'of anna' },
      outside: { file: 'secret' },
    }),
  );
  const url = (path: string) => pathToFileURL(join(root, path)).href;
  const data = url('data');
  const places = new Places(`${data}, anna=${url('anna')}/,${url('none/')}`);

  await t.test('below an allowed folder', async (t) => {
    for (const [path, bytes] of [
      ['/a.npy', '0123456789'],
      ['/sub/b%20c.npy', 'abc'],
      ['/sub/../a.npy', '0123456789'],
      ['/sub/%2e%2e/a.npy', '0123456789'],
      ['//a.npy', '0123456789'],
      ['/./%61.npy', '0123456789'],
    ]) {
      const pinned = await places.pin('', data + path);
      t.equal(pinned.bytes, bytes.length);
      t.match(pinned.version, /^\d+-\d+-\d+$/);
      t.equal(await read(places, { url: data + path, ...pinned }, 1, bytes.length - 2), bytes.slice(1, -1));
    }
    t.equal((await places.pin('', url('data/empty'))).bytes, 0);
    const all = new Places('file:///');
    t.equal((await all.pin('', url('data/a.npy'))).bytes, 10);
  });

  await t.test('not elsewhere', async (t) => {
    for (const path of [
      'database/a.npy',
      'outside/file',
      'data/../outside/file',
      'data/%2e%2e/outside/file',
      'data/.%2E/database/a.npy',
      'data/sub/../../outside/file',
      'data',
    ]) {
      const text = `file://${root}/${path}`;
      t.strictSame(await refusalOf(places.pin('', text)), notAllowed(text.length > 200 ? `${text.slice(0, 200)}…` : text));
    }
    for (const text of [
      `${data}/..%2Foutside%2Ffile`,
      `${data}/%00`,
      `${data}/a.npy%00.txt`,
      `${data}/a.npy?x`,
      `${data}/a.npy#x`,
      `${data}/%ff`,
      `${data}/sub/`,
      `${data.replace('file://', 'file://host')}/a.npy`,
      'http://169.254.169.254/latest/meta-data/',
      `${root}/data/a.npy`,
      '',
    ])
      t.strictSame(await refusalOf(places.pin('', text)), noUrl(text.length > 200 ? `${text.slice(0, 200)}…` : text));
  });

  await t.test('of the owner', async (t) => {
    t.equal((await places.pin('anna', url('anna/a.npy'))).bytes, 7);
    t.equal((await places.pin('anna', url('data/a.npy'))).bytes, 10);
    for (const owner of ['', 'ann', 'annab'])
      t.match(await refusalOf(places.pin(owner, url('anna/a.npy'))), { type: 'place-not-allowed' });
  });

  await t.test('only files', async (t) => {
    execFileSync('mkfifo', [join(root, 'data/pipe')]);
    const socket = createServer().listen(join(root, 'data/s'));
    await once(socket, 'listening');
    for (const path of ['data/sub', 'data/pipe', 'data/s']) t.strictSame(await refusalOf(places.pin('', url(path))), IRREGULAR);
    socket.close();
    for (const path of ['data/none', 'data/none/none', 'data/a.npy/none', 'none/a.npy'])
      t.strictSame(await refusalOf(places.pin('', url(path))), NO_FILE);
    t.strictSame(await refusalOf(places.pin('', url(`data/${'a'.repeat(300)}`))), {
      type: 'invalid-request',
      detail: 'the path is too long',
    });
  });

  await t.test('no links, except on the way to the place', async (t) => {
    symlinkSync('../outside/file', join(root, 'data/link'));
    symlinkSync('a.npy', join(root, 'data/near'));
    symlinkSync('../outside', join(root, 'data/folder'));
    symlinkSync('none', join(root, 'data/dangling'));
    symlinkSync('loop', join(root, 'data/loop'));
    for (const path of ['data/link', 'data/near', 'data/folder/file', 'data/dangling', 'data/loop', 'data/loop/a'])
      t.strictSame(await refusalOf(places.pin('', url(path))), LINK);
    symlinkSync('data', join(root, 'way'));
    const linked = new Places(url('way'));
    const pinned = await linked.pin('', url('way/a.npy'));
    t.equal(await read(linked, { url: url('way/a.npy'), ...pinned }, 0, 3), '012');
  });

  await t.test('a file that has changed', async (t) => {
    const path = join(root, 'data/c.npy');
    const source = async () => {
      rmSync(path, { recursive: true, force: true });
      writeFileSync(path, '0123456789');
      utimesSync(path, 1000, 1000);
      return { url: url('data/c.npy'), ...(await places.pin('', url('data/c.npy'))) };
    };
    const changes: Record<string, () => void> = {
      longer: () => appendFileSync(path, 'x'),
      shorter: () => truncateSync(path, 5),
      touched: () => utimesSync(path, 1000, 1001),
      replaced: () => {
        writeFileSync(`${path}.new`, '9876543210');
        utimesSync(`${path}.new`, 1000, 1000);
        renameSync(`${path}.new`, path);
      },
    };
    for (const [name, change] of Object.entries(changes)) {
      const pinned = await source();
      t.equal(await read(places, pinned, 8, 2), '89');
      change();
      t.strictSame(
        await refusalOf(places.readInto(pinned, 0, new Uint8Array(2))),
        { type: 'dataset-changed', detail: `${pinned.url} is another file than when the dataset was put` },
        name,
      );
    }
    const gone = await source();
    t.match(await refusalOf(places.readInto(gone, 5, new Uint8Array(6))), { type: 'dataset-changed' }, 'too short');
    rmSync(path);
    t.strictSame(await refusalOf(places.readInto(gone, 0, new Uint8Array(2))), {
      type: 'dataset-changed',
      detail: `${gone.url}: there is no such file`,
    });
    mkdirSync(path);
    t.match(await refusalOf(places.readInto(gone, 0, new Uint8Array(2))), { type: 'dataset-changed' });
  });

  await t.test('a place that is no longer allowed', async (t) => {
    const pinned = { url: url('data/a.npy'), ...(await places.pin('', url('data/a.npy'))) };
    t.strictSame(await refusalOf(new Places().readInto(pinned, 0, new Uint8Array(1))), notAllowed(pinned.url));
  });

  await t.test('a long URL is shown in part', async (t) => {
    const long = `file:///${'a'.repeat(193)}`;
    t.strictSame(await refusalOf(places.pin('', long)), notAllowed(`${long.slice(0, 200)}…`));
  });

  await t.test('an error that no request causes', async (t) => {
    await t.rejects(pinLocalFile({ folder: 'a\0/', path: 'b' }), { code: 'ERR_INVALID_ARG_VALUE' });
    const pinned = { url: url('data/a.npy'), ...(await places.pin('', url('data/a.npy'))) };
    await t.rejects(places.readInto(pinned, -1.5, new Uint8Array(1)), { code: 'ERR_OUT_OF_RANGE' });
  });
});

t.test('objects in S3', { skip: noS3 }, async (t) => {
  const { client, stop } = await startS3(t);
  const put = (Key: string, Body: string) => client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  for (const key of ['data/a.npy', 'data/b c%20?.npy', 'database/a.npy', 'anna/a.npy']) await put(key, '0123456789');
  const url = `s3://${BUCKET}`;
  const places = new Places(`${url}/data, anna=${url}/anna/, s3://no-such-bucket`);

  await t.test('below an allowed prefix', async (t) => {
    for (const path of ['data/a.npy', 'data/b c%20?.npy']) {
      const pinned = await places.pin('', `${url}/${path}`);
      t.equal(pinned.bytes, 10);
      t.equal(await read(places, { url: `${url}/${path}`, ...pinned }, 2, 5), '23456');
    }
    t.equal((await places.pin('anna', `${url}/anna/a.npy`)).bytes, 10);
  });

  await t.test('not elsewhere', async (t) => {
    for (const [owner, path] of [
      ['', `${url}/database/a.npy`],
      ['bert', `${url}/anna/a.npy`],
      ['', 's3://other-bucket/data/a.npy'],
      ['', `${url}/data%2Fa.npy`],
    ])
      t.strictSame(await refusalOf(places.pin(owner, path)), notAllowed(path));
    for (const path of [url, `${url}/data/`, `${url}/data/../anna/a.npy`, `${url}/data//a.npy`, `${url}/data/\0`])
      t.strictSame(await refusalOf(places.pin('', path)), noUrl(path));
    for (const path of [`${url}/data/none`, 's3://no-such-bucket/none'])
      t.strictSame(await refusalOf(places.pin('', path)), { type: 'invalid-request', detail: 'there is no such object' });
  });

  await t.test('an object that has changed', async (t) => {
    const path = `${url}/data/c.npy`;
    await put('data/c.npy', '0123456789');
    const pinned = { url: path, ...(await places.pin('', path)) };
    for (const first of [5, 10])
      t.match(await refusalOf(places.readInto(pinned, first, new Uint8Array(6))), { type: 'dataset-changed' });
    await put('data/c.npy', '9876543210');
    t.strictSame(await refusalOf(places.readInto(pinned, 0, new Uint8Array(2))), {
      type: 'dataset-changed',
      detail: `${path} is another file than when the dataset was put`,
    });
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'data/c.npy' }));
    t.strictSame(await refusalOf(places.readInto(pinned, 0, new Uint8Array(2))), {
      type: 'dataset-changed',
      detail: `${path}: there is no such object`,
    });
  });

  await t.test('a server that is away', async (t) => {
    const pinned = { url: `${url}/data/a.npy`, ...(await places.pin('', `${url}/data/a.npy`)) };
    await stop();
    await t.rejects(places.pin('', pinned.url), { code: 'ECONNREFUSED' });
    await t.rejects(places.readInto(pinned, 0, new Uint8Array(2)), { code: 'ECONNREFUSED' });
  });
});
