// STORE names a folder or S3.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openStore } from '../../src/store/open.ts';
import { BUCKET, noS3, startS3 } from '../support/s3.ts';

const bytes = Buffer.from('0123456789');

t.test('a folder, without loading the AWS SDK', async (t) => {
  const folder = join(t.testdir(), 'a b');
  const store = await openStore(folder);
  await store.write('key', bytes);
  t.ok(existsSync(join(folder, 'key')));
  await store.close();

  const module = new URL('../../src/store/open.ts', import.meta.url);
  const places = new URL('../../src/store/places.ts', import.meta.url);
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    const { openStore } = await import(${JSON.stringify(module)});
    const { Places } = await import(${JSON.stringify(places)});
    const store = await openStore(process.argv[1]);
    const find = () => loaded.filter((url) => /@aws-sdk|@smithy/.test(url)).length > 0;
    const places = new Places('s3://bucket/');
    const text = String(await store.read('key')) + find();
    await openStore('s3://bucket/prefix');
    console.log(text + find());
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program, folder], { encoding: 'utf8' });
  t.equal(output, '0123456789falsetrue\n');
});

t.test('a bucket', { skip: noS3 }, async (t) => {
  const { client } = await startS3(t);
  const store = await openStore(`s3://${BUCKET}/some/prefix`);
  await store.write('key', bytes);
  const { GetObjectCommand } = await import('@aws-sdk/client-s3');
  const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'some/prefix/key' }));
  t.equal(await Body?.transformToString(), '0123456789');
  await store.close();
});

t.test('anything else is an error', async (t) => {
  for (const STORE of [
    's3://',
    's3://B/prefix',
    's3://a/prefix',
    's3://bucket:80/prefix',
    's3://user@bucket/prefix',
    's3://bucket//prefix',
    's3://bucket/a//b',
    's3://bucket/../other',
    's3://bucket/a/./b',
    's3://bucket/\0',
    'S3://bucket/prefix',
    'file:///data',
    'https://bucket.s3.amazonaws.com/',
  ])
    await t.rejects(openStore(STORE), { message: `STORE: expected a folder or s3://bucket/prefix, got ${STORE}` });
});
