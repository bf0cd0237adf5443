// The body of a request, into one buffer.
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Buffers } from '../memory/buffers.ts';
import { throwAway } from '../memory/garbage.ts';
import { Refusal } from '../refusal.ts';
import { contentEncoding, unpack, unpackingError } from './content-encoding.ts';

/** What limits a body. */
export interface BodyLimits {
  /** In bytes, unpacked. */
  readonly most: number;
  /** Is told how many bytes have come in all, and may throw. */
  readonly grow: (bytes: number) => void;
}

/**
 * Reads a body, and unpacks it if it is compressed. Where its length is known, its buffer has room for it from the start, and each byte
 * is copied once, as it arrives.
 * @throws Refusal `body-too-large`; `malformed-body` if it is not as long or not compressed as it was said to be; and whatever `grow` throws.
 */
export function readBody(
  packed: Readable,
  headers: IncomingHttpHeaders,
  { most, grow }: BodyLimits,
  buffers: Buffers,
): Promise<Buffer<ArrayBuffer>> {
  // Events, not an iterator: to make one takes as long as a small request does.
  return new Promise((resolve, reject) => {
    const tooLarge = () => new Refusal('body-too-large', { detail: `expected at most ${most} bytes (BODY_LIMIT)` });
    const sent = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
    if (sent !== undefined && sent > most) throw tooLarge();
    const encoding = contentEncoding(headers);
    const length = encoding === undefined ? sent : undefined;
    const { body, abandon } = unpack(packed, encoding);
    let bytes = Buffer.from(buffers.take(length ?? FIRST));
    let received = 0;
    const take = (chunk: Buffer) => {
      try {
        const all = received + chunk.length;
        if (all > most) throw tooLarge();
        grow(all);
        if (all > bytes.length) bytes = enlarged(bytes, all, buffers);
      } catch (error) {
        // The body is not cut off, but read by nobody: its sender is to get the answer.
        body.off('data', take);
        abandon();
        reject(error);
        return;
      }
      bytes.set(chunk, received);
      received += chunk.length;
      throwAway(chunk.length);
    };
    body
      .on('data', take)
      .on('error', (error) => {
        abandon();
        reject(unpackingError(error, encoding));
      })
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
