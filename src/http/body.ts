// Reads the body of a request into one buffer.
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Buffers } from '../memory/buffers.ts';
import { chunkCollector } from '../memory/garbage.ts';
import { Refusal } from '../refusal.ts';
import { type MediaType, mediaTypes } from '../wire/codecs.ts';
import {
  type ContentEncoding,
  contentEncoding,
  type Decompressed,
  decompress,
  decompressionError,
  decompressorBytes,
} from './content-encoding.ts';

/**
 * The media type of a body, by the Content-Type header. An empty body without that header counts as the first media type.
 * @throws Refusal `unsupported-media-type`.
 */
export function bodyMediaType(headers: IncomingHttpHeaders): MediaType {
  const given = headers['content-type'];
  const exact = mediaTypes.find((type) => type === given);
  if (exact) return exact;
  const essence = given?.split(';', 1)[0].trim().toLowerCase();
  const known = mediaTypes.find((type) => type === essence);
  if (known) return known;
  const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  if (given === undefined && isEmpty) return mediaTypes[0];
  throw new Refusal('unsupported-media-type', {
    detail: `expected the Content-Type ${mediaTypes.join(' or ')}, got ${given || 'none'}`,
  });
}

export function tooLarge(limit: number): Refusal {
  return new Refusal('body-too-large', { detail: `expected at most ${limit} bytes (BODY_LIMIT)` });
}

/** Limits of a body. */
export interface BodyLimits {
  /** The most bytes, decompressed. */
  readonly most: number;
  /** Called with the bytes received so far, decompressed, and with further memory that they occupy; may throw to refuse the body. */
  readonly grow: (bytes: number, furtherBytes: number) => void;
}

type Done = (error: Error | undefined, bytes: Buffer<ArrayBuffer>) => void;

/** A shorter body that arrives in one chunk is that chunk, without a copy. Its ArrayBuffer may be shared. */
const ONE_CHUNK_BYTES = 65_536;

const NO_BYTES = Buffer.alloc(0);

/** The size of the first buffer for a body of unknown length. */
const FIRST_BUFFER_BYTES = 65_536;

/**
 * Reads a body, decompresses it if necessary, and calls `done` once. (A promise or an async iterator would take as long as a
 * whole small request.) A body of ONE_CHUNK_BYTES or more owns its ArrayBuffer. If the length is known, the buffer is allocated
 * at once, and each byte is copied once; the system commits its pages only as they are written, so a false Content-Length costs
 * no memory.
 * Errors passed to `done`: Refusal `body-too-large`, or `malformed-body` if Content-Length or Content-Encoding is wrong; and
 * whatever `grow` throws.
 */
export function readBody(sent: Readable, headers: IncomingHttpHeaders, limits: BodyLimits, buffers: Buffers, done: Done): void {
  const encoding = contentEncoding(headers);
  const announced = headers['content-length'];
  if (encoding === undefined) {
    const length = announced === undefined ? undefined : Number(announced);
    collect({ body: sent, abandon: () => sent.resume() }, { encoding, length }, limits, buffers, done);
    return;
  }
  // A body that is only announced gets no decompressor.
  const settle = (end: () => void) => {
    sent.off('readable', begin).off('error', fail);
    end();
  };
  const begin = () =>
    settle(() => {
      try {
        limits.grow(0, decompressorBytes(encoding, 0));
      } catch (error) {
        done(error as Error, NO_BYTES);
        return;
      }
      collect(decompress(sent, encoding), { encoding, length: undefined }, limits, buffers, done);
    });
  const fail = (error: Error) => settle(() => done(error, NO_BYTES));
  sent.on('readable', begin).on('error', fail);
}

/** How a body was sent: its length, if it is known. */
interface Sent {
  readonly encoding: ContentEncoding | undefined;
  readonly length: number | undefined;
}

function collect(from: Decompressed, { encoding, length }: Sent, limits: BodyLimits, buffers: Buffers, done: Done): void {
  const { body, abandon } = from;
  let bytes: Buffer<ArrayBuffer> = NO_BYTES;
  let received = 0;
  let usedBytes = 0;
  let isOver = false;
  const fail = (error: Error) => {
    if (isOver) return;
    isOver = true;
    // The rest of the body stays unread: see unread.ts.
    body.off('data', take);
    abandon();
    buffers.give(bytes.buffer);
    done(error, NO_BYTES);
  };
  const take = (chunk: Buffer) => {
    const all = received + chunk.length;
    try {
      if (all > limits.most) throw tooLarge(limits.most);
      limits.grow(all, decompressorBytes(encoding, all) + Math.max(0, usedBytes - all));
    } catch (error) {
      fail(error as Error);
      return;
    }
    if (all === length && received === 0 && all < ONE_CHUNK_BYTES) {
      bytes = chunk as Buffer<ArrayBuffer>;
      received = all;
      return;
    }
    if (all > bytes.length) {
      bytes = enlarged(bytes, received, Math.max(all, length ?? FIRST_BUFFER_BYTES), buffers);
      usedBytes = buffers.usedBytes;
    }
    buffers.trim();
    bytes.set(chunk, received);
    received = all;
    chunkCollector.add(chunk.length);
  };
  body
    .on('data', take)
    .on('error', (error) => fail(decompressionError(error, encoding)))
    .on('end', () => {
      if (length !== undefined && received !== length) fail(wrongLength(length, received));
      if (isOver) return;
      isOver = true;
      done(undefined, bytes.subarray(0, received));
    });
}

function wrongLength(expected: number, received: number): Refusal {
  const got = received < expected ? 'the body ended before' : 'there were more';
  return new Refusal('malformed-body', { detail: `expected ${expected} bytes, as Content-Length says, but ${got}` });
}

/** Moves the first `received` bytes to a larger buffer. */
function enlarged(bytes: Buffer<ArrayBuffer>, received: number, atLeast: number, buffers: Buffers): Buffer<ArrayBuffer> {
  const larger = Buffer.from(buffers.take(Math.max(2 * received, atLeast)));
  larger.set(bytes.subarray(0, received));
  buffers.give(bytes.buffer);
  return larger;
}
