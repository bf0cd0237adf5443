// The memory of bodies.
import { PassThrough, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { readBody } from '../../src/http/body.ts';
import { Buffers } from '../../src/memory/buffers.ts';
import type { Refusal } from '../../src/refusal.ts';

const CHUNK = 65_536;

/** Reads a body of at most `most` bytes. */
const read = (sent: Readable, headers: Record<string, string>, most: number, buffers: Buffers) =>
  new Promise<Buffer>((resolve, reject) => {
    readBody(sent, headers, { most, grow() {} }, buffers, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });

/** A body of `chunks` chunks, each with its own memory, filled with its index. */
function body(chunks: number): Readable {
  return Readable.from(
    (function* () {
      for (let i = 0; i < chunks; i++) yield Buffer.alloc(CHUNK, i);
    })(),
  );
}

t.test('a body of known length, and one of unknown length', async (t) => {
  for (const headers of [{ 'content-length': `${100 * CHUNK}` }, {}]) {
    const bytes = await read(body(100), headers, 100 * CHUNK, new Buffers());
    t.equal(bytes.length, 100 * CHUNK);
    for (let i = 0; i < 100; i++) t.ok(bytes.subarray(i * CHUNK, (i + 1) * CHUNK).equals(Buffer.alloc(CHUNK, i)));
  }
});

t.test('a body that is refused, and then aborted', async (t) => {
  const sent = body(2);
  const errors: string[] = [];
  const ended = new Promise((resolve) => sent.on('close', resolve));
  const limits = { most: CHUNK - 1, grow() {} };
  readBody(sent, {}, limits, new Buffers(), (error) => {
    errors.push(`${(error as Refusal).type}`);
    sent.destroy(new Error('the client went away'));
  });
  await ended;
  t.strictSame(errors, ['body-too-large'], 'one answer');
});

t.test('a compressed body has a decompressor when it begins to arrive; the memory of both counts', async (t) => {
  const sent = new PassThrough();
  const grown: [bytes: number, furtherBytes: number][] = [];
  const limits = { most: CHUNK, grow: (...bytes: [number, number]) => grown.push(bytes) };
  const done = new Promise<Buffer>((resolve) => {
    readBody(sent, { 'content-encoding': 'gzip', 'content-length': '60' }, limits, new Buffers(), (_, bytes) => resolve(bytes));
  });
  await setImmediate();
  t.strictSame(grown, [], 'an announcement takes nothing');
  sent.end(gzipSync(Buffer.alloc(1000, 'x')));
  t.equal((await done).length, 1000);
  t.strictSame(grown, [
    [0, 262_144],
    [1000, 263_144],
  ]);
});

t.test('a compressed body that is refused when it begins, or whose client goes away before', async (t) => {
  const read = (sent: Readable, grow: () => void) =>
    new Promise<Error | undefined>((resolve) => {
      readBody(sent, { 'content-encoding': 'br' }, { most: CHUNK, grow }, new Buffers(), resolve);
    });
  const error = new Error('the memory is used up');
  const refused = read(body(1), () => {
    throw error;
  });
  t.equal(await refused, error);
  const sent = new PassThrough();
  const gone = read(sent, () => t.fail('it takes memory'));
  sent.destroy(new Error('the client went away'));
  t.match(await gone, { message: 'the client went away' });
});

t.test('the memory of a reused buffer counts as a whole', async (t) => {
  const buffers = new Buffers();
  buffers.give(buffers.take(4 * CHUNK));
  const grown: number[] = [];
  const limits = { most: 4 * CHUNK, grow: (bytes: number, furtherBytes: number) => grown.push(bytes + furtherBytes) };
  await new Promise((resolve) => {
    readBody(body(3), { 'content-length': `${3 * CHUNK}` }, limits, buffers, resolve);
  });
  t.strictSame(grown, [CHUNK, 4 * CHUNK, 4 * CHUNK]);
});

t.test('a large body leaves little garbage behind', async (t) => {
  const chunks = 4096;
  const buffers = new Buffers();
  const room = buffers.take(chunks * CHUNK);
  buffers.give(room);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watched = body(chunks);
  watched.on('data', () => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  });
  await read(watched, { 'content-length': `${chunks * CHUNK}` }, chunks * CHUNK, buffers);
  t.ok(most < 2 ** 25, `${most} bytes`);
});
