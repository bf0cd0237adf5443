// A store in S3.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import { S3Store } from '../../src/store/s3.ts';
import type { Listed } from '../../src/store/store.ts';
import { BUCKET, noS3, startS3 } from '../support/s3.ts';
import { refusalOf } from './catalog.ts';
import { checkStore, keysOf, stream } from './contract.ts';

const bytes = Buffer.from('0123456789');

t.test('S3', { skip: noS3 }, async (t) => {
  const { client } = await startS3(t);
  const uploads = async () => (await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads ?? [];

  await t.test('does what a store has to do', async (t) => {
    const store = new S3Store(BUCKET, 'some/prefix');
    await checkStore(t, store, async () => (await uploads()).length);
    await store.close();
  });

  await t.test('keys are below the prefix', async (t) => {
    for (const [prefix, key] of [
      ['', 'key'],
      ['a', 'a/key'],
      ['b/c/', 'b/c/key'],
    ]) {
      const store = new S3Store(BUCKET, prefix);
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: prefix }));
      t.equal(`${await store.read('key')}`, prefix);
      t.strictSame(await keysOf(store, 'key'), ['key']);
      await store.close();
    }
  });

  await t.test('a sweep gives up old uploads below the prefix', async (t) => {
    const store = new S3Store(BUCKET, 'swept');
    for (const Key of ['swept/a', 'swept/b', 'other/c'])
      await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }));
    const keys = async () => (await uploads()).map(({ Key }) => Key).sort();
    // moto says that all uploads began in 2010.
    await store.sweep(Date.UTC(2010));
    t.strictSame(await keys(), ['other/c', 'swept/a', 'swept/b']);
    await store.sweep(Date.now());
    t.strictSame(await keys(), ['other/c']);
    await store.close();
  });

  await t.test('an object may not have more bytes than the parts of an upload', async (t) => {
    const store = new S3Store(BUCKET, 'bounded', 10);
    await store.write('a', stream([bytes]));
    t.strictSame(await refusalOf(store.write('b', stream([bytes, bytes]))), {
      type: 'storage-full',
      detail: 'expected at most 10 bytes in an object of S3',
    });
    t.strictSame(await keysOf(store), ['a']);
    await store.close();
  });

  await t.test('a bucket must be there', async (t) => {
    const store = new S3Store('no-such-bucket', '');
    await t.rejects(store.read('a'), { name: 'NoSuchBucket' });
    await t.rejects(store.write('a', bytes), { name: 'NoSuchBucket' });
    await store.close();
  });
});

t.test('answers that moto does not give', async (t) => {
  const requests: string[] = [];
  let answers: readonly (readonly [status: number, body: string])[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      requests.push(`${request.method} ${request.url}`);
      const [status, body] = answers[requests.length - 1];
      response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: '',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_MAX_ATTEMPTS: '1',
  });
  const use = (...given: typeof answers) => {
    requests.length = 0;
    answers = given;
  };
  const error = (code: string) => `<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  const page = (marker: string, ...uploads: string[]) =>
    `<ListMultipartUploadsResult>${marker && `<NextKeyMarker>${marker}</NextKeyMarker><NextUploadIdMarker>id</NextUploadIdMarker>`}
      <IsTruncated>${marker !== ''}</IsTruncated>${uploads
        .map((key) => `<Upload><Key>${key}</Key><UploadId>id</UploadId><Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>`)
        .join('')}</ListMultipartUploadsResult>`;
  const store = new S3Store(BUCKET, 'p');

  await t.test('a full disk', async (t) => {
    use([507, error('XMinioStorageFull')]);
    t.strictSame(await refusalOf(store.write('key', bytes)), { type: 'storage-full', detail: 'the disk is full' });
    t.strictSame(requests, ['PUT /tests/p/key?x-id=PutObject']);
  });

  await t.test('uploads on several pages, one of which has ended', async (t) => {
    use([200, page('p/a', 'p/a')], [404, error('NoSuchUpload')], [200, page('', 'p/b')], [204, '']);
    await store.sweep(Date.UTC(2021));
    t.strictSame(requests, [
      'GET /tests/?prefix=p%2F&uploads=',
      'DELETE /tests/p/a?uploadId=id&x-id=AbortMultipartUpload',
      'GET /tests/?key-marker=p%2Fa&prefix=p%2F&upload-id-marker=id&uploads=',
      'DELETE /tests/p/b?uploadId=id&x-id=AbortMultipartUpload',
    ]);
  });

  await t.test('objects on several pages', async (t) => {
    const objects = (key: string, more: string) =>
      `<ListBucketResult><IsTruncated>${more !== ''}</IsTruncated>${more}<Contents><Key>${key}</Key><Size>7</Size>
        <LastModified>2020-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>`;
    use([200, objects('p/a/b', '<NextContinuationToken>more</NextContinuationToken>')], [200, objects('p/a/c', '')]);
    const found: Listed[] = [];
    for await (const listed of store.list('a/')) found.push(listed);
    const modified = Date.UTC(2020);
    t.strictSame(found, [
      { key: 'a/b', bytes: 7, modified },
      { key: 'a/c', bytes: 7, modified },
    ]);
    t.strictSame(requests, [
      'GET /tests/?list-type=2&prefix=p%2Fa%2F',
      'GET /tests/?continuation-token=more&list-type=2&prefix=p%2Fa%2F',
    ]);
  });

  await t.test('no uploads, no objects', async (t) => {
    use([200, page('')], [200, '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>']);
    await store.sweep(Date.now());
    t.strictSame(await keysOf(store), []);
  });

  await t.test('other errors', async (t) => {
    use([403, error('AccessDenied')], [403, error('AccessDenied')]);
    await t.rejects(store.readInto('key', 0, new Uint8Array(1)), { name: 'AccessDenied' });
    await t.rejects(store.write('key', bytes), { name: 'AccessDenied' });
  });
  await store.close();
});
