// The body of a request, into one buffer.
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Refusal } from '../refusal.ts';
import type { Buffers } from './buffers.ts';
import { throwAway } from './garbage.ts';

/**
 * Reads a body of at most `limit` bytes. Where its length is known, its buffer has room for it from the start, and each byte is
 * copied once, as it arrives.
 * @throws Refusal `body-too-large`, or `malformed-body` if it is not as long as it was said to be.
 */
export function readBody(
  body: Readable,
  { 'content-length': announced }: IncomingHttpHeaders,
  limit: number,
  buffers: Buffers,
): Promise<Buffer<ArrayBuffer>> {
  // Events, not an iterator: to make one takes as long as a small request does.
  return new Promise((resolve, reject) => {
    const tooLarge = () => new Refusal('body-too-large', { detail: `expected at most ${limit} bytes (BODY_LIMIT)` });
    const length = announced === undefined ? undefined : Number(announced);
    if (length !== undefined && length > limit) throw tooLarge();
    let bytes = Buffer.from(buffers.take(length ?? FIRST));
    let received = 0;
    const take = (chunk: Buffer) => {
      try {
        if (received + chunk.length > limit) throw tooLarge();
        if (received + chunk.length > bytes.length) bytes = enlarged(bytes, received + chunk.length, buffers);
      } catch (error) {
        // The body is not cut off, but read by nobody: its sender is to get the answer.
        body.off('data', take).resume();
        reject(error);
        return;
      }
      bytes.set(chunk, received);
      received += chunk.length;
      throwAway(chunk.length);
    };
    body
      .on('data', take)
      .on('error', reject)
      .on('end', () => {
        if (length === undefined || received === length) resolve(bytes.subarray(0, received));
        else reject(wrongLength(length, received));
      });
  });
}

function wrongLength(expected: number, received: number): Refusal {
  const got = received < expected ? 'the body ended before' : 'there were more';
  return new Refusal('malformed-body', { detail: `expected ${expected} bytes, as Content-Length says, but ${got}` });
}

/** How many bytes there is room for at first, if it is not known how many will come. */
const FIRST = 65_536;

function enlarged(bytes: Buffer<ArrayBuffer>, atLeast: number, buffers: Buffers): Buffer<ArrayBuffer> {
  const larger = Buffer.from(buffers.take(Math.max(2 * bytes.length, atLeast)));
  larger.set(bytes);
  buffers.give(bytes.buffer);
  return larger;
}
