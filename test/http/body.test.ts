// The memory of bodies.
import { Readable } from 'node:stream';
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
