// Opening stores: which one a text names, and what is loaded for it.
import { join } from 'node:path';
import t from 'tap';
import { FolderStore } from '../../src/store/folder.ts';
import { openStore } from '../../src/store/open.ts';
import { S3Store } from '../../src/store/s3.ts';
import { runCommand } from '../support/languages.ts';
import { keysOf, numbered } from './contract.ts';
import { missing, startS3 } from './s3-server.ts';

t.test('a path is a folder', async (t) => {
  const folder = join(t.testdir(), 'data');
  const store = await openStore(folder);
  t.ok(store instanceof FolderStore);
  await store.write('a', numbered(1));
  t.strictSame(await keysOf(new FolderStore(folder)), ['a']);
  t.ok((await openStore('./data')) instanceof FolderStore);
});

t.test('a URL of S3 is a bucket and a prefix', { skip: missing }, async (t) => {
  const server = await startS3();
  t.teardown(() => server.stop());
  const bucket = await server.makeBucket();
  for (const [url, key] of [
    [`s3://${bucket}`, 'a'],
    [`s3://${bucket}/`, 'b'],
    [`s3://${bucket}/x`, 'x/a'],
    [`s3://${bucket}/x/y/`, 'x/y/a'],
  ]) {
    const store = await openStore(url);
    t.teardown(() => store.close());
    await store.write(key.slice(key.lastIndexOf('/') + 1), numbered(1));
  }
  const whole = new S3Store(bucket, '');
  t.teardown(() => whole.close());
  t.strictSame(await keysOf(whole), ['a', 'b', 'x/a', 'x/y/a']);
});

t.test('other URLs are refused', async (t) => {
  for (const url of [
    's3:',
    's3://',
    's3:///prefix',
    's3:bucket/prefix',
    's3://b',
    's3://Bucket/prefix',
    's3://user@bucket/prefix',
    's3://bucket//prefix',
    's3://bucket/prefix//',
    's3://bucket/../prefix',
    's3://bucket/prefix?a=b',
    'S3://bucket/prefix',
    'file:///data',
    'https://bucket.s3.amazonaws.com/prefix',
  ])
    await t.rejects(openStore(url), {
      message: `STORE: expected a folder such as ./data, or s3://bucket/prefix, got ${JSON.stringify(url)}`,
    });
});

/** Opens a store, writes to it if it is a folder, refers to a file, and prints the modules of the AWS SDK that were loaded. */
const program = `
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
  const { openStore } = await import(process.argv[1]);
  const { Places } = await import(process.argv[2]);
  const store = await openStore(process.argv[3]);
  if (!process.argv[3].startsWith('s3')) await store.write('a', Buffer.from('a'));
  const places = new Places('file://' + process.argv[4] + '/,s3://bucket/');
  await places.pin('owner', 'file://' + process.argv[4] + '/file');
  console.log(loaded.length > 3, loaded.filter((url) => /@aws-sdk|@smithy/.test(url)).length > 0);
`;

t.test('the AWS SDK is loaded for S3 only', async (t) => {
  const folder = t.testdir({ file: 'file' });
  const modules = ['open.ts', 'places.ts'].map((name) => join(import.meta.dirname, '../../src/store', name));
  for (const [url, isLoaded] of [
    [join(folder, 'store'), false],
    ['s3://bucket/prefix', true],
  ] as const) {
    const args = ['--input-type=module', '-e', program, ...modules, url, folder];
    const { stdout, stderr } = await runCommand([process.execPath, ...args]);
    t.equal(stdout, `true ${isLoaded}\n`, stderr);
  }
});
