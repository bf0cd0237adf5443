// The compression of a request's body.
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { Refusal } from '../refusal.ts';

const chunkSize = 65_536;

/** The longest window that zstd may use on the web (RFC 9659), as a power of 2 in bytes: a decompressor has that memory. */
const ZSTD_WINDOW = 23;

/** What there is, best first. */
const decompressors = {
  zstd: () => createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW } }),
  br: () => createBrotliDecompress({ chunkSize }),
  gzip: () => createGunzip({ chunkSize }),
} satisfies Record<string, () => Duplex>;

export type ContentEncoding = keyof typeof decompressors;

/** As RFC 9110 calls what means the same. */
const aliases: Record<string, ContentEncoding> = { 'x-gzip': 'gzip' };

/** The encodings that a body may have. */
export const contentEncodings = Object.keys(decompressors) as ContentEncoding[];

/**
 * How a body is compressed; undefined if it is not.
 * @throws Refusal `unsupported-media-type`, if that is not known here.
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

/** A body while it is unpacked. */
export interface Unpacked {
  readonly body: Readable;
  /** Unpacks no more of it: the rest is read and thrown away, so that its sender gets to the answer. */
  abandon(): void;
}

/** The body as it was before it was compressed. */
export function unpack(packed: Readable, encoding: ContentEncoding | undefined): Unpacked {
  if (encoding === undefined) return { body: packed, abandon: () => packed.resume() };
  const body: Duplex = decompressors[encoding]();
  packed.on('error', (error) => body.destroy(error));
  return {
    body: packed.pipe(body),
    abandon() {
      packed.unpipe(body).resume();
      body.destroy();
    },
  };
}

/** What is wrong with a compressed body, in words; an error that has to do with the connection stays as it is. */
export function unpackingError(error: NodeJS.ErrnoException, encoding: ContentEncoding | undefined): Error {
  if (encoding === undefined || error.code === 'ECONNRESET') return error;
  return new Refusal('malformed-body', { detail: `the body is not ${encoding}, as Content-Encoding says: ${error.message}` });
}
