// Compresses answers, if the client accepts it and the answer is large enough.
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { type ContentEncoding, chunkSize, contentEncodings } from './content-encoding.ts';

/** Shorter answers fit into one or two packets even uncompressed. */
const WORTH_COMPRESSING_BYTES = 4_096;

/** Binary numbers hardly shrink. */
const COMPRESSIBLE = /^(?:text\/|application\/(?:[\w.-]+\+)?json|image\/svg\+xml|application\/javascript)/;

/**
 * Compressors of `bytes` bytes at the fastest levels: they halve numbers in JSON, and slower ones gain little more. A compressor that
 * knows the size takes less memory, which matters while a client does not read.
 */
const compressors = {
  zstd: (bytes) => createZstdCompress({ chunkSize, pledgedSrcSize: bytes, params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
  br: (bytes) =>
    createBrotliCompress({
      chunkSize,
      params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_SIZE_HINT]: bytes },
    }),
  gzip: () => createGzip({ chunkSize, level: 1 }),
} satisfies Record<ContentEncoding, (bytes: number) => NodeJS.ReadWriteStream>;

/** The encoding that a client prefers; if it prefers several equally, the best. */
function preferredEncoding(accept: string | undefined): ContentEncoding | undefined {
  // The types of this package do not know its second parameter.
  const negotiator = new Negotiator({ headers: { 'accept-encoding': accept } }) as {
    encodings(available: string[], options: { preferred: string[] }): string[];
  };
  const [encoding] = negotiator.encodings([...contentEncodings, 'identity'], { preferred: [...contentEncodings] });
  return contentEncodings.find((one) => one === encoding);
}

/** The payload to send: the answer itself, or a stream that compresses it, for which this sets the headers. */
export function compressed(request: FastifyRequest, reply: FastifyReply, answer: string | Buffer) {
  const isWorth = answer.length >= WORTH_COMPRESSING_BYTES && request.headers['accept-encoding'] !== undefined;
  if (!isWorth || reply.hasHeader('content-encoding') || !COMPRESSIBLE.test(`${reply.getHeader('content-type')}`)) return answer;
  const name = preferredEncoding(request.headers['accept-encoding']);
  if (name === undefined) return answer;
  reply.header('content-encoding', name).header('vary', withAcceptEncoding(reply)).removeHeader('content-length');
  const compressor = compressors[name](Buffer.byteLength(answer));
  compressor.end(answer);
  return compressor;
}

/** The Vary header of a reply, extended by Accept-Encoding. */
export function withAcceptEncoding(reply: FastifyReply): string {
  return [reply.getHeader('vary'), 'accept-encoding'].filter(Boolean).join(', ');
}
