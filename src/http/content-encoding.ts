// Content-Encoding: names of the encodings, and the decompression of bodies.
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { Refusal } from '../refusal.ts';

/** zlib produces its output in chunks of this size. */
export const chunkSize = 65_536;

/** The largest zstd window on the web (RFC 9659), log2 of bytes. It bounds the memory of a decompressor. */
const ZSTD_WINDOW = 23;

/** Supported encodings, best first. */
const decompressors = {
  zstd: () => createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW } }),
  br: () => createBrotliDecompress({ chunkSize }),
  gzip: () => createGunzip({ chunkSize }),
} satisfies Record<string, () => Duplex>;

/** The largest window of each decompressor, in bytes. It grows with the bytes that have been decompressed. */
const WINDOW_BYTES = { zstd: 2 ** ZSTD_WINDOW, br: 2 ** 24, gzip: 2 ** 15 };

/** The rest of a decompressor with its streams, rounded up: measured 47 to 163 KiB. */
const DECOMPRESSOR_BYTES = 2 ** 18;

export type ContentEncoding = keyof typeof decompressors;

/** Aliases (RFC 9110). */
const aliases: Record<string, ContentEncoding> = { 'x-gzip': 'gzip' };

/** The encodings that a body may have. */
export const contentEncodings = Object.keys(decompressors) as ContentEncoding[];

/**
 * The encoding of a body; undefined if it is not compressed.
 * @throws Refusal `unsupported-media-type` for an unknown encoding.
 */
export function contentEncoding({ 'content-encoding': given }: IncomingHttpHeaders): ContentEncoding | undefined {
  const encoding = given?.trim().toLowerCase();
  if (encoding === undefined || encoding === '' || encoding === 'identity') return undefined;
  const name = aliases[encoding] ?? contentEncodings.find((one) => one === encoding);
  if (name) return name;
  throw new Refusal('unsupported-media-type', {
    detail: `expected no Content-Encoding, or ${contentEncodings.join(', ')}, got ${given?.slice(0, 100)}`,
  });
}

/** The memory that decompressing a body takes after `bytes` bytes of it, decompressed; 0 without an encoding. */
export function decompressorBytes(encoding: ContentEncoding | undefined, bytes: number): number {
  return encoding === undefined ? 0 : DECOMPRESSOR_BYTES + Math.min(bytes, WINDOW_BYTES[encoding]);
}

/** A body that is being decompressed. */
export interface Decompressed {
  readonly body: Readable;
  /** Stops decompressing. The rest is read and discarded, so that the client finishes sending and reads the answer. */
  abandon(): void;
}

/** Decompresses a body. */
export function decompress(sent: Readable, encoding: ContentEncoding): Decompressed {
  const body: Duplex = decompressors[encoding]();
  sent.on('error', (error) => body.destroy(error));
  return {
    body: sent.pipe(body),
    abandon() {
      sent.unpipe(body).resume();
      body.destroy();
    },
  };
}

/** Turns an error of a decompressor into a Refusal `malformed-body`; errors of the connection are returned unchanged. */
export function decompressionError(error: NodeJS.ErrnoException, encoding: ContentEncoding | undefined): Error {
  if (encoding === undefined || error.code === 'ECONNRESET') return error;
  return new Refusal('malformed-body', { detail: `the body is not ${encoding}, as Content-Encoding says: ${error.message}` });
}
