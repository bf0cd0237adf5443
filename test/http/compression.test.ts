// Compressed bodies and answers.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import t from 'tap';
import { post, startApp, startOwnApp, validRequest } from '../support/app.ts';
import { fileOf, SAFETENSORS } from '../support/safetensors-file.ts';

const encodings = {
  gzip: [gzipSync, gunzipSync],
  br: [brotliCompressSync, brotliDecompressSync],
  zstd: [zstdCompressSync, zstdDecompressSync],
} as const;

const bodies = {
  'a small one': JSON.stringify(validRequest()),
  'a large one': JSON.stringify(validRequest()) + ' '.repeat(300_000),
};

for (const [encoding, [compress]] of Object.entries(encodings)) {
  t.test(`a body in ${encoding}`, async (t) => {
    const app = await startOwnApp(t, { BODY_LIMIT: '1000000' });
    const right = (await post(app, validRequest())).body;
    const headers = { 'content-encoding': encoding };
    for (const [name, body] of Object.entries(bodies)) t.equal((await post(app, compress(body), headers)).body, right, name);
    const file = fileOf(validRequest());
    t.equal((await post(app, compress(file), { ...headers, 'content-type': SAFETENSORS })).body, right, 'safetensors');
    t.equal((await post(app, compress(bodies['a small one']), { 'content-encoding': ` ${encoding.toUpperCase()}` })).body, right);

    const packed = compress(bodies['a large one']);
    const wrong: Record<string, Buffer> = {
      'cut off': packed.subarray(0, packed.length - 10),
      'something else': Buffer.from('no compression at all'),
      'nothing at all': Buffer.alloc(0),
    };
    for (const [name, body] of Object.entries(wrong)) {
      const response = await post(app, body, headers);
      t.equal(response.statusCode, 400, name);
      t.match(response.json(), { type: '/problems/malformed-body' }, name);
    }
    const tooLarge = await post(app, compress(Buffer.alloc(1_000_001)), headers);
    t.match(tooLarge.json(), { type: '/problems/body-too-large', detail: 'expected at most 1000000 bytes (BODY_LIMIT)' });
    t.equal((await post(app, compress(bodies['a small one']), headers)).body, right, 'the next one is answered');
  });
}

t.test('x-gzip means gzip, and identity means uncompressed', async (t) => {
  const app = await startApp();
  const right = (await post(app, validRequest())).body;
  t.equal((await post(app, gzipSync(bodies['a small one']), { 'content-encoding': 'x-gzip' })).body, right);
  t.equal((await post(app, validRequest(), { 'content-encoding': 'identity' })).body, right);
});

t.test('a zstd window larger than allowed on the web is refused, since it would cost memory', async (t) => {
  const app = await startApp();
  // Without a content size, the frame declares its window, of 128 MiB.
  const params = {
    [constants.ZSTD_c_windowLog]: 27,
    [constants.ZSTD_c_contentSizeFlag]: 0,
    [constants.ZSTD_c_enableLongDistanceMatching]: 1,
  };
  const response = await post(app, zstdCompressSync(Buffer.alloc(2 ** 24), { params }), { 'content-encoding': 'zstd' });
  t.match(response.json(), { type: '/problems/malformed-body', detail: /^the body is not zstd, as Content-Encoding says: / });
});

t.test('an unknown encoding: 415, with the list of known ones', async (t) => {
  const app = await startApp();
  const { statusCode, headers } = await post(app, validRequest(), { 'content-encoding': 'deflate' });
  t.equal(statusCode, 415);
  t.match(headers, { 'accept-encoding': 'zstd, br, gzip', 'accept-post': 'application/json, application/vnd.safetensors' });
});

t.test('a client that disconnects in the middle of a compressed body', async (t) => {
  const app = await startApp();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(
    'POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n',
  );
  socket.write(gzipSync(bodies['a small one']).subarray(0, 50));
  const [, response] = await once(app.server, 'request');
  const closed = once(response, 'close');
  socket.resetAndDestroy();
  await closed;
  t.equal((await post(app, validRequest())).statusCode, 200);
});

t.test('a client that disconnects while its body is decompressed leaves nothing behind', async (t) => {
  const app = await startOwnApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const body = gzipSync(bodies['a large one'] + ' '.repeat(20_000_000));
  const closed: Promise<unknown>[] = [];
  app.server.on('request', (request, response) => {
    closed.push(once(response, 'close'));
    // Everything has been sent, but decompression still takes a while.
    request.on('end', () => request.socket.destroy());
  });
  const finished = Array.from({ length: 5 }, async () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write('POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n');
    socket.write(`Content-Length: ${body.length}\r\n\r\n`);
    socket.write(body);
    await once(socket, 'close');
  });
  await Promise.all(finished);
  await Promise.all(closed);
  t.equal(closed.length, 5);
  const memory = async () =>
    /^gradients_memory_budget_used_bytes (\d+)$/m.exec((await app.inject({ url: '/metrics' })).body)?.[1];
  t.equal(await memory(), '0');
  t.equal((await post(app, body, { 'content-encoding': 'gzip' })).statusCode, 200, 'those before have been unpacked by now');
  t.equal(await memory(), '0');
});

t.test('answers are compressed if requested and large enough', async (t) => {
  const app = await startApp();
  const requestOf = (rows: number) => {
    const weights = Array.from({ length: rows }, (_, i) => Array.from({ length: 200 }, (_, j) => Math.sin(i * 200 + j)));
    return { network: { layers: [{ weights }] }, batch: { inputs: [weights[0]], targets: [Array(rows).fill(0)] } };
  };
  const request = requestOf(300);
  // The short answer is compressed at once, the long one by a stream.
  for (const given of [requestOf(3), request]) {
    const plain = await post(app, given);
    t.notOk('content-encoding' in plain.headers);
    for (const [encoding, [, decompress]] of Object.entries(encodings)) {
      const { headers, rawPayload } = await post(app, given, { 'accept-encoding': encoding });
      t.match(headers, { 'content-encoding': encoding, vary: 'accept-encoding' });
      t.equal(decompress(rawPayload).toString(), plain.body, encoding);
      t.ok(rawPayload.length < 0.6 * plain.body.length, `${encoding}: ${rawPayload.length} of ${plain.body.length} bytes`);
    }
  }
  const encodingOf = async (accept: string, headers = {}) =>
    (await post(app, request, { 'accept-encoding': accept, ...headers })).headers['content-encoding'];
  t.equal(await encodingOf('gzip, deflate, br, zstd'), 'zstd', 'the best of those named');
  t.equal(await encodingOf('gzip;q=1, zstd;q=0.5'), 'gzip', 'the one that the client prefers');
  t.equal(await encodingOf('compress'), undefined);
  t.equal(await encodingOf('gzip;q=0'), undefined);
  t.equal(await encodingOf('gzip', { accept: SAFETENSORS }), undefined, 'float64 as bytes do not shrink');
  const small = await post(app, validRequest(), { 'accept-encoding': 'gzip' });
  t.notOk('content-encoding' in small.headers, 'a small answer is not worth it');
  const document = await app.inject({ url: '/openapi.json' });
  for (const [encoding, decompress] of [
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
  ] as const) {
    const { headers, rawPayload } = await app.inject({ url: '/openapi.json', headers: { 'accept-encoding': encoding } });
    t.match(headers, { 'content-encoding': encoding, 'content-length': `${rawPayload.length}` }, 'compressed in advance');
    t.equal(decompress(rawPayload).toString(), document.body);
  }
});
