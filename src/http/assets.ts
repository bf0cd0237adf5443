// Files for browsers: the built page, compressed in advance, and documents that are compressed once.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib, zstdCompress } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { withAcceptEncoding } from './compression.ts';
import type { ContentEncoding } from './content-encoding.ts';

/** Content encodings of a file, best first: all that answers may have, so that no file is compressed for one client. */
const encodings: readonly Encoding[] = ['br', 'zstd', 'gzip', 'identity'];
type Encoding = ContentEncoding | 'identity';

/** A file, encoded in advance. */
export interface Asset {
  readonly mediaType: string;
  readonly digest: string;
  readonly encodings: readonly Encoding[];
  encoded(encoding: Encoding): Buffer | Promise<Buffer>;
}

/** The files of the built page. */
export interface Assets {
  /** When they were built, in milliseconds; undefined if they have not been. */
  readonly version: number | undefined;
  /** The page itself, with slots of the form {{name}} for what only the service knows. */
  readonly index: string;
  /** By their names, which contain digests. */
  readonly files: ReadonlyMap<string, Asset>;
  /** By their names without digests, where only one file has that name. */
  readonly current: ReadonlyMap<string, Asset>;
}

const mediaTypes: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  map: 'application/json; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
};

/** Where `npm run build:page` leaves the page. */
export const BUILT_PAGE = new URL('../../dist/page/', import.meta.url);

/** Brotli's quality. Higher ones take several times as long, and save 2 %. */
const QUALITY = 5;

/** When the page was built, in milliseconds; undefined if it has not been built. */
export async function assetsVersion(folder: URL): Promise<number | undefined> {
  try {
    return (await stat(new URL('index.html', folder))).mtimeMs;
  } catch {
    return undefined;
  }
}

/** main-K2QX7ZB4.js without the digest. */
export function withoutDigest(name: string): string {
  return name.replace(/-[0-9A-Z]{8}\./, '.');
}

/** The built page, whose files are read when they are requested. */
export async function readAssets(folder: URL): Promise<Assets> {
  const all = await readdir(folder);
  const files = new Map<string, Asset>();
  for (const name of all) {
    const mediaType = mediaTypes[name.slice(name.lastIndexOf('.') + 1)];
    if (mediaType) files.set(name, fileOf(folder, name, mediaType, all));
  }
  const sameName = Map.groupBy(files, ([name]) => withoutDigest(name));
  const current = [...sameName].filter(([, same]) => same.length === 1).map(([name, [[, file]]]) => [name, file] as const);
  return {
    version: await assetsVersion(folder),
    index: await readFile(new URL('index.html', folder), 'utf8'),
    files,
    current: new Map(current),
  };
}

function fileOf(folder: URL, name: string, mediaType: string, all: readonly string[]): Asset {
  const nameIn = (encoding: Encoding) => (encoding === 'identity' ? name : `${name}.${encoding}`);
  return {
    mediaType,
    digest: name.replaceAll('.', '-'),
    encodings: encodings.filter((encoding) => all.includes(nameIn(encoding))),
    encoded: (encoding) => readFile(new URL(nameIn(encoding), folder)),
  };
}

/** Compresses a document. */
export async function asset(mediaType: string, text: string): Promise<Asset> {
  const bytes = Buffer.from(text);
  const params = { [zlib.BROTLI_PARAM_QUALITY]: QUALITY, [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const [br, zstd, gz] = await Promise.all([
    promisify(brotliCompress)(bytes, { params }),
    promisify(zstdCompress)(bytes),
    promisify(gzip)(bytes),
  ]);
  const all = { br, zstd, gzip: gz, identity: bytes };
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 16);
  return { mediaType, digest, encodings, encoded: (encoding) => all[encoding] };
}

/** Sends a file in the best encoding that the client accepts, or 304 if the client has it already. */
export async function sendAsset(request: FastifyRequest, reply: FastifyReply, asset: Asset): Promise<FastifyReply> {
  const accepted = new Negotiator(request.raw).encodings([...asset.encodings]);
  const encoding = asset.encodings.find((one) => accepted.includes(one)) ?? 'identity';
  // The encoding is part of a strong ETag: the bytes differ.
  const etag = `"${asset.digest}-${encoding}"`;
  reply.header('etag', etag).header('vary', withAcceptEncoding(reply));
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.some((tag) => tag === etag || tag === '*')) return reply.code(304).send();
  const bytes = await asset.encoded(encoding);
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.type(asset.mediaType).send(bytes);
}
