// A store in S3: what all stores do, and what S3 adds: uploads in parts, pages, errors of the service.
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { S3Store } from '../../src/store/s3.ts';
import { connect } from '../../src/store/s3-client.ts';
import { keysOf, listOf, numbered, refusalOf, stream, testContract } from './contract.ts';
import { type Answer, fault, missing, startS3, startScripted, XML } from './s3-server.ts';

const MiB = 2 ** 20;

/** More than one part. */
const LARGE = Array<Uint8Array>(40).fill(numbered(MiB));

t.test('with an S3 server', { skip: missing }, async (t) => {
  const server = await startS3();
  t.teardown(() => server.stop());
  const buckets = new WeakMap<object, string>();

  async function open(t: Test, prefix = 'some/prefix/'): Promise<S3Store> {
    const bucket = await server.makeBucket();
    const store = new S3Store(bucket, prefix);
    t.teardown(() => store.close());
    buckets.set(store, bucket);
    return store;
  }
  const bucketOf = (store: object) => buckets.get(store) as string;

  async function uploads(store: object): Promise<string[]> {
    const { Uploads = [] } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: bucketOf(store) }));
    return Uploads.map(({ Key }) => Key as string);
  }

  testContract(t, open, async (store) => (await uploads(store)).length);

  t.test('a large object is written in parts', async (t) => {
    const store = await open(t);
    await store.write('large', stream(LARGE));
    const into = new Uint8Array(LARGE.length * MiB);
    t.ok(await store.readInto('large', 0, into));
    t.ok(Buffer.concat(LARGE).equals(into));
    t.strictSame(await uploads(store), []);
  });

  t.test('a stream that fails after some parts leaves nothing', async (t) => {
    const store = await open(t);
    const failure = new Error('the client has gone');
    let begun: string[] = [];
    async function* failing() {
      yield* LARGE;
      // The first part has been sent or is being sent.
      while (begun.length === 0) begun = await uploads(store);
      throw failure;
    }
    await t.rejects(store.write('large', failing()), failure);
    t.strictSame(begun, ['some/prefix/large']);
    t.strictSame(await uploads(store), []);
    t.strictSame(await keysOf(store), []);
  });

  t.test('a store sees its prefix only', async (t) => {
    const store = await open(t);
    const whole = new S3Store(bucketOf(store), '');
    t.teardown(() => whole.close());
    await store.write('a', numbered(1));
    await whole.write('b', numbered(1));
    t.strictSame(await keysOf(whole), ['b', 'some/prefix/a']);
    t.strictSame(await keysOf(store), ['a']);
  });

  t.test('what others have put below the prefix is not listed', async (t) => {
    const store = await open(t);
    for (const Key of ['some/prefix/', 'some/prefix/READ ME', 'some/prefix/a'])
      await server.client.send(new PutObjectCommand({ Bucket: bucketOf(store), Key, Body: 'x' }));
    t.strictSame(await keysOf(store), ['a']);
  });

  t.test('a sweep aborts old uploads below the prefix, by their last parts', async (t) => {
    const store = await open(t);
    const Bucket = bucketOf(store);
    const begin = async (Key: string) => (await server.client.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId;
    await begin('elsewhere');
    // In moto all uploads have begun in 2010.
    await begin('some/prefix/empty');
    const UploadId = await begin('some/prefix/growing');
    for (const PartNumber of [1, 2])
      await server.client.send(
        new UploadPartCommand({ Bucket, Key: 'some/prefix/growing', UploadId, PartNumber, Body: numbered(10) }),
      );
    await store.sweep(Date.parse('2010-01-01'));
    t.strictSame((await uploads(store)).sort(), ['elsewhere', 'some/prefix/empty', 'some/prefix/growing']);
    await store.sweep(Date.now() - 600_000);
    t.strictSame((await uploads(store)).sort(), ['elsewhere', 'some/prefix/growing']);
    await store.sweep(Date.now() + 600_000);
    t.strictSame(await uploads(store), ['elsewhere']);
  });

  t.test('a missing bucket is an error that says what could not be done', async (t) => {
    const store = new S3Store('no-such-bucket', 'p/');
    t.teardown(() => store.close());
    const expected = (what: string) => ({ message: new RegExp(`^cannot ${what} in s3://no-such-bucket/p/: NoSuchBucket: `) });
    await t.rejects(store.write('a', numbered(1)), expected('write a'));
    await t.rejects(store.write('a', stream([numbered(1)])), expected('write a'));
    await t.rejects(store.read('a'), expected('read a'));
    await t.rejects(store.readInto('a', 0, new Uint8Array(1)), expected('read a'));
    await t.rejects(store.remove('a'), expected('remove a'));
    await t.rejects(keysOf(store), expected('list objects'));
    await t.rejects(store.sweep(0), expected('sweep uploads'));
  });
});

/** A store in a server that gives these answers, and the requests that were sent to it. */
async function scriptedStore(t: Test, answers: readonly Answer[]): Promise<{ store: S3Store; asked: readonly string[] }> {
  const asked = await startScripted(t, answers);
  const store = new S3Store('bucket', '');
  t.teardown(() => store.close());
  return { store, asked };
}

for (const [status, code] of [
  [507, 'XMinioStorageFull'],
  [507, 'Other'],
  [403, 'QuotaExceeded'],
] as const)
  t.test(`${status} ${code} is the refusal storage-full`, async (t) => {
    const { store } = await scriptedStore(t, [fault(status, code)]);
    t.strictSame(await refusalOf(store.write('a', numbered(1))), ['storage-full', { detail: 'the bucket is full' }]);
    t.strictSame(await refusalOf(store.write('a', stream([numbered(1)]))), ['storage-full', { detail: 'the bucket is full' }]);
  });

t.test('a lack of permission is an error that says what could not be done', async (t) => {
  const { store } = await scriptedStore(t, [fault(403, 'AccessDenied')]);
  const denied = { message: 'cannot write a in s3://bucket/: AccessDenied: no' };
  await t.rejects(store.write('a', numbered(1)), denied);
  await t.rejects(store.write('a', stream([numbered(1)])), denied);
  await t.rejects(store.readInto('a', 0, new Uint8Array(1)), { message: 'cannot read a in s3://bucket/: AccessDenied: no' });
});

t.test('a part that fails ends the upload, and the stream is not read further', async (t) => {
  const begun: Answer = [200, XML, '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>'];
  const { store, asked } = await scriptedStore(t, [begun, fault(403, 'AccessDenied')]);
  let given = 0;
  let isLeft = false;
  async function* endless() {
    try {
      for (;;) {
        given++;
        yield numbered(MiB);
      }
    } finally {
      isLeft = true;
    }
  }
  await t.rejects(store.write('a', endless()), Error);
  t.ok(given < 100, `${given}`);
  t.ok(isLeft);
  t.match(asked.at(-1), /^DELETE \/bucket\/a\?.*uploadId=u/);
});

t.test('objects are listed page by page', async (t) => {
  const page = (content: string): Answer => [200, XML, `<ListBucketResult>${content}</ListBucketResult>`];
  const object = (key: string) =>
    `<Contents><Key>${key}</Key><Size>5</Size><LastModified>2020-01-01T00:00:00.000Z</LastModified></Contents>`;
  const { store, asked } = await scriptedStore(t, [
    page(`<IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken>${object('a')}${object('b')}`),
    page('<IsTruncated>true</IsTruncated><NextContinuationToken>o</NextContinuationToken>'),
    page(object('c')),
  ]);
  const modified = Date.parse('2020-01-01');
  t.strictSame(
    await listOf(store),
    ['a', 'b', 'c'].map((key) => ({ key, bytes: 5, modified })),
  );
  t.strictSame(asked, [
    'GET /bucket/?list-type=2&prefix=',
    'GET /bucket/?continuation-token=n&list-type=2&prefix=',
    'GET /bucket/?continuation-token=o&list-type=2&prefix=',
  ]);
});

t.test('uploads and parts are swept page by page', async (t) => {
  const upload = (key: string) =>
    `<Upload><Key>${key}</Key><UploadId>u</UploadId><Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>`;
  const uploads = (content: string): Answer => [200, XML, `<ListMultipartUploadsResult>${content}</ListMultipartUploadsResult>`];
  const parts = (content: string): Answer => [200, XML, `<ListPartsResult>${content}</ListPartsResult>`];
  const part = (year: number) =>
    `<Part><PartNumber>1</PartNumber><LastModified>${year}-01-01T00:00:00.000Z</LastModified></Part>`;
  const { store, asked } = await scriptedStore(t, [
    uploads(
      `<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>i</NextUploadIdMarker>${upload('a')}`,
    ),
    parts(`<IsTruncated>true</IsTruncated><NextPartNumberMarker>1000</NextPartNumberMarker>${part(2021)}`),
    parts(part(2025)),
    uploads(upload('b') + upload('c')),
    fault(404, 'NoSuchUpload'),
    parts(part(2021)),
    [204, {}, ''],
  ]);
  await store.sweep(Date.parse('2022-01-01'));
  t.strictSame(
    asked.map((line) => line.replace(/&?x-id=\w+/, '')),
    [
      'GET /bucket/?prefix=&uploads=',
      'GET /bucket/a?uploadId=u',
      'GET /bucket/a?part-number-marker=1000&uploadId=u',
      'GET /bucket/?key-marker=k&prefix=&upload-id-marker=i&uploads=',
      'GET /bucket/b?uploadId=u',
      'GET /bucket/c?uploadId=u',
      'DELETE /bucket/c?uploadId=u',
    ],
  );
});

t.test('buckets are in the path where an endpoint is given, and host names otherwise', async (t) => {
  const set = (endpoints: Record<string, string>) => {
    for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3']) delete process.env[name];
    Object.assign(process.env, endpoints);
  };
  t.teardown(() => set({}));
  for (const [endpoints, isInPath] of [
    [{}, false],
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, true],
    [{ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' }, true],
    [{ AWS_ENDPOINT_URL: '', AWS_ENDPOINT_URL_S3: '' }, false],
  ] as const) {
    set(endpoints);
    t.equal(connect().config.forcePathStyle, isInPath, JSON.stringify(endpoints));
  }
});
