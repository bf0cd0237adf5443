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

t.test('buffers are reused, by one owner at a time', async (t) => {
  const buffers = new Buffers();
  const first = buffers.take(1_000_000);
  t.ok(first.byteLength >= 1_000_000);
  t.not(buffers.take(1_000_000), first);
  buffers.give(first);
  t.equal(buffers.take(1_000_001), first, 'the next body may be a little longer');
  buffers.give(first);
  t.not(buffers.take(400_000), first, 'not for a much shorter one');
  t.not(buffers.take(2_000_000), first, 'nor for a longer one');
  t.equal(buffers.take(900_000), first);
});

t.test('small buffers are not kept, and no more than 256 MiB in all', async (t) => {
  const buffers = new Buffers();
  const small = buffers.take(1000);
  t.equal(small.byteLength, 1000);
  buffers.give(small);
  t.not(buffers.take(1000), small);
  const given = [2 ** 27, 2 ** 27, 2 ** 27].map((bytes) => new ArrayBuffer(bytes));
  for (const buffer of given) buffers.give(buffer);
  t.equal(buffers.take(2 ** 27), given[2], 'the last one given is the first one taken');
  t.equal(buffers.take(2 ** 27), given[1]);
  t.not(buffers.take(2 ** 27), given[0]);
});
