// Compresses answers, if the client accepts it and the answer is large enough.
import type { Duplex } from 'node:stream';
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { type ContentEncoding, chunkSize, contentEncodings } from './content-encoding.ts';

/** Shorter answers fit into one or two packets even uncompressed. */
const WORTH_COMPRESSING_BYTES = 4_096;

/** Binary numbers hardly shrink. */
const COMPRESSIBLE = /^(?:text\/|application\/(?:[\w.-]+\+)?json|image\/svg\+xml|application\/javascript)/;

/**
 * Up to this length an answer is compressed at once, in less than a millisecond. A compressor would hold its memory, a megabyte, until
 * the client has read; a client that does not read can ask for thousands of short answers.
 */
const AT_ONCE_BYTES = 65_536;

/** The fastest levels: they halve numbers in JSON, and slower ones gain little more. */
const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const br = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const gzip = { level: 1 };

interface Compression {
  atOnce(answer: string | Buffer): Buffer;
  /** A compressor of so many bytes. */
  stream(bytes: number): Duplex;
}

const compressions: Record<ContentEncoding, Compression> = {
  zstd: {
    atOnce: (answer) => zstdCompressSync(answer, zstd),
    stream: (bytes) => createZstdCompress({ chunkSize, pledgedSrcSize: bytes, ...zstd }),
  },
  br: {
    atOnce: (answer) => brotliCompressSync(answer, br),
    stream: () => createBrotliCompress({ chunkSize, ...br }),
  },
  gzip: {
    atOnce: (answer) => gzipSync(answer, gzip),
    stream: () => createGzip({ chunkSize, ...gzip }),
  },
};

/** The encoding that a client prefers; if it prefers several equally, the best. */
function preferredEncoding(accept: string | undefined): ContentEncoding | undefined {
  // The types of this package do not know its second parameter.
  const negotiator = new Negotiator({ headers: { 'accept-encoding': accept } }) as {
    encodings(available: string[], options: { preferred: string[] }): string[];
  };
  const [encoding] = negotiator.encodings([...contentEncodings, 'identity'], { preferred: [...contentEncodings] });
  return contentEncodings.find((one) => one === encoding);
}

/** The payload to send: the answer itself or, with the headers set, the compressed answer or a stream that compresses it. */
export function compressed(request: FastifyRequest, reply: FastifyReply, answer: string | Buffer) {
  const isWorth = answer.length >= WORTH_COMPRESSING_BYTES && request.headers['accept-encoding'] !== undefined;
  if (!isWorth || reply.hasHeader('content-encoding') || !COMPRESSIBLE.test(`${reply.getHeader('content-type')}`)) return answer;
  const name = preferredEncoding(request.headers['accept-encoding']);
  if (name === undefined) return answer;
  reply.header('content-encoding', name).header('vary', withAcceptEncoding(reply)).removeHeader('content-length');
  const { atOnce, stream } = compressions[name];
  if (answer.length <= AT_ONCE_BYTES) return atOnce(answer);
  const compressor = stream(Buffer.byteLength(answer));
  compressor.end(answer);
  return compressor;
}

/** The Vary header of a reply, extended by Accept-Encoding. */
export function withAcceptEncoding(reply: FastifyReply): string {
  return [reply.getHeader('vary'), 'accept-encoding'].filter(Boolean).join(', ');
}
