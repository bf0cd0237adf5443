// Attacks of the threat model on resources: bombs, endless bodies, and requests that ask for too much; and the answer to each.
import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import t from 'tap';
import { validRequest } from '../support/app.ts';
import { goesOn, growth, MiB, post, refused, start } from '../support/attack.ts';
import { fileOf, SAFETENSORS } from '../support/safetensors-file.ts';

const bombMakers = {
  gzip: () => createGzip({ level: 9 }),
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: () => createZstdCompress(),
};

/** A gibibyte of spaces, compressed in a stream. */
function bomb(encoding: keyof typeof bombMakers): Promise<Buffer> {
  const spaces = Buffer.alloc(MiB, ' ');
  return buffer(Readable.from(Array(1024).fill(spaces)).pipe(bombMakers[encoding]()));
}

t.test('decompression bombs', async (t) => {
  const service = await start(t, { BODY_LIMIT: `${8 * MiB}` });
  // Warms up the code for these requests.
  for (const [encoding, compress] of Object.entries({ gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync }))
    t.equal(
      (await post(service, compress(JSON.stringify(validRequest())), { 'content-encoding': encoding })).status,
      200,
      encoding,
    );
  for (const encoding of ['gzip', 'br', 'zstd'] as const) {
    const bytes = await bomb(encoding);
    t.ok(bytes.length < 8 * MiB, `${encoding}: ${bytes.length} bytes`);
    const grown = await growth(service, async () => {
      for (let i = 0; i < 3; i++)
        t.match(await post(service, bytes, { 'content-encoding': encoding }), {
          ...refused(413, 'body-too-large'),
          detail: `${8 * MiB} bytes (BODY_LIMIT)`,
        });
    });
    t.ok(grown < 64, `${encoding}: ${grown.toFixed(1)} MiB more`);
    await goesOn(t, service);
  }

  t.test('a bomb after a valid body', async (t) => {
    const trailing = Buffer.concat([gzipSync(JSON.stringify(validRequest())), await bomb('gzip')]);
    t.match(await post(service, trailing, { 'content-encoding': 'gzip' }), refused(413, 'body-too-large'));
  });

  t.test('nested compression: only the outer one is decompressed', async (t) => {
    const inner = await bomb('gzip');
    t.match(await post(service, gzipSync(inner), { 'content-encoding': 'gzip' }), refused(400, 'malformed-body'));
    t.match(await post(service, gzipSync(inner), { 'content-encoding': 'gzip, gzip' }), refused(415, 'unsupported-media-type'));
  });

  t.test('a stream that is cut off, or continues after its end', async (t) => {
    const right = gzipSync(JSON.stringify(validRequest()));
    for (const [encoding, compress] of Object.entries({ gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync })) {
      const whole = compress(JSON.stringify(validRequest()));
      t.match(
        await post(service, whole.subarray(0, -3), { 'content-encoding': encoding }),
        refused(400, 'malformed-body'),
        encoding,
      );
      t.match(await post(service, 'no such thing', { 'content-encoding': encoding }), refused(400, 'malformed-body'), encoding);
    }
    const damaged = Buffer.from(right);
    damaged[damaged.length - 6] ^= 1;
    t.match(await post(service, damaged, { 'content-encoding': 'gzip' }), refused(400, 'malformed-body'), 'a wrong checksum');
  });
  await goesOn(t, service);
});

t.test('a body of a gigabyte', async (t) => {
  const service = await start(t);
  const head = 'POST /gradients HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
  const { hostname, port } = service.url;

  t.test('announced by Content-Length: answered before it is sent', async (t) => {
    const socket = connect(Number(port), hostname);
    socket.write(`${head}Content-Length: 1000000000\r\n\r\n`);
    for await (const bytes of socket) {
      t.match(`${bytes}`, /^HTTP\/1\.1 413 .*"type":"\/problems\/body-too-large"/s);
      break;
    }
    socket.destroy();
  });

  t.test('chunked: answered at the limit; the rest is neither kept nor read', async (t) => {
    const socket = connect(Number(port), hostname).on('error', () => {});
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const answered = once(socket, 'data');
    let isClosed = false;
    closed.then(() => {
      isClosed = true;
    });
    const grown = await growth(service, async () => {
      const chunk = `100000\r\n${'x'.repeat(MiB)}\r\n`;
      socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
      for (let i = 0; i < 1000 && !isClosed; i++)
        if (!socket.write(chunk)) await Promise.race([new Promise((drained) => socket.once('drain', drained)), closed]);
      t.match(`${await answered}`, /^HTTP\/1\.1 413 .*connection: close.*"type":"\/problems\/body-too-large"/s);
      await closed;
    });
    t.ok(socket.bytesWritten < 500 * MiB, `${socket.bytesWritten} bytes were sent`);
    // The limit is 64 MiB, buffers double as they grow, and discarded memory is collected only occasionally.
    t.ok(grown < 512, `${grown.toFixed(1)} MiB more`);
  });
  await goesOn(t, service);
});

const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => Array(columns).fill(1));

/** A network of equal square layers. */
const deep = (layers: number, width: number, samples: number, rest: object = {}) => ({
  network: { layers: Array(layers).fill({ weights: ones(width, width) }) },
  batch: { inputs: ones(samples, width), targets: ones(samples, width) },
  ...rest,
});

t.test('requests that exceed a limit', async (t) => {
  const bounds: [setting: string, value: number, request: object | string, type: string][] = [
    ['MAX_FLOPS', 100_000, deep(5, 50, 50), 'too-many-operations'],
    ['MAX_MEMORY', 100_000, deep(5, 50, 50), 'too-much-memory'],
    ['MAX_ANSWER', 10_000, deep(1, 50, 1), 'answer-too-large'],
    ['MAX_LAYERS', 10, deep(11, 1, 1), 'too-complex'],
    ['MAX_KEYS', 50, deep(60, 1, 1), 'too-complex'],
  ];
  for (const [setting, value, request, type] of bounds) {
    const service = await start(t, { [setting]: `${value}` });
    const answer = await post(service, request);
    t.match(answer, refused(413, type), setting);
    t.match(answer.detail, setting);
    const numbers = (answer.detail.match(/\d+/g) ?? []).map(Number);
    t.ok(numbers.includes(value), `the limit: ${answer.detail}`);
    // Counters that run while the document is read stop at the limit.
    const estimated = type === 'too-complex' || numbers.some((n) => n > value);
    t.ok(estimated, `the estimate: ${answer.detail}`);
    t.match(
      await post(service, fileOf(request as object), { 'content-type': SAFETENSORS }),
      refused(413, type),
      `${setting}: a file`,
    );
    await goesOn(t, service);
  }
});

t.test('nesting', async (t) => {
  const service = await start(t, { MAX_DEPTH: '10' });
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ]) {
    for (const depth of [11, 1000, 100_000]) {
      const value = `${open.repeat(depth)}1${close.repeat(depth)}`;
      const body = JSON.stringify(validRequest()).replace('{', `{"include":${value},`);
      for (const long of [body, body + ' '.repeat(100_000)]) {
        const answer = await post(service, long);
        t.match(answer, refused(400, 'invalid-request'), `${open} ${depth}`);
        t.match(answer.detail, 'MAX_DEPTH', answer.detail);
      }
    }
  }
  await goesOn(t, service);
});

t.test('a small body that asks for a large answer', async (t) => {
  const service = await start(t);
  await goesOn(t, service);
  // 120 KB, for 100 million numbers.
  const request = {
    network: { layers: [{ weights: Array(10_000).fill([1]) }] },
    batch: { inputs: Array(10_000).fill([1]), targets: Array(10_000).fill(0) },
    loss: 'cross_entropy',
    include: ['per_sample_gradients', 'trace'],
  };
  const grown = await growth(service, async () => {
    for (let i = 0; i < 10; i++) {
      const answer = await post(service, request);
      t.equal(answer.status, 413);
      t.match(answer.type, /^(answer-too-large|too-much-memory)$/);
    }
  });
  t.ok(grown < 64, `${grown.toFixed(1)} MiB more`);
  await goesOn(t, service);
});
