// The files of the page at /: its modules, its style sheets and its chart libraries, compressed in advance.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { setImmediate } from 'node:timers/promises';
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
  readonly encoded: Readonly<Record<Encoding, Buffer>>;
}

/** All files by their paths in the repository, and a version: a digest of all of them. */
export interface Assets {
  readonly version: string;
  /** The paths of the modules; each precedes the modules that it imports. */
  readonly modules: readonly string[];
  readonly files: ReadonlyMap<string, Asset>;
}

const mediaTypes: Record<string, string> = {
  ts: 'text/javascript; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

const ROOT = new URL('../../', import.meta.url);

/** The entry module of the page. */
const ENTRY = 'src/page/main.ts';

/** The style sheets, in the order of the cascade. */
export const styles = ['base', 'form', 'results', 'steps'].map((name) => `src/page/style/${name}.css`);

const ICON = 'src/page/icon.svg';

/** The bundles of the libraries, by their paths on the page. The packages do not export them, hence the relative URLs. */
export const libraries: Record<string, URL> = {
  'd3.js': new URL('../dist/d3.min.js', import.meta.resolve('d3')),
  'plot.js': new URL('../dist/plot.umd.min.js', import.meta.resolve('@observablehq/plot')),
};

/** The relative imports of a module without types. */
const IMPORT = /\b(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+\.ts)'/g;

/** Brotli's quality. Higher ones make the start of the service several times as long, and save 2 %. */
const QUALITY = 5;

/** Reads all files, strips the types and compresses; takes long, so call it once. */
export async function buildAssets(): Promise<Assets> {
  const texts = new Map<string, string>();
  await addModules(ENTRY, texts);
  const modules = [...texts.keys()];
  for (const path of [...styles, ICON]) texts.set(path, await readFile(new URL(path, ROOT), 'utf8'));
  for (const [path, url] of Object.entries(libraries)) texts.set(path, await readFile(url, 'utf8'));
  const files = new Map<string, Asset>();
  // One after the other: a compressor has up to a few MiB of memory from the moment it is made.
  for (const [path, text] of texts) files.set(path, await asset(mediaTypes[path.split('.').pop() as string], text));
  const digests = [...files.values()].map(({ digest }) => digest);
  return { version: digestOf(digests.join()), modules, files };
}

/** Adds a module and its imports, recursively, with their types stripped; line numbers stay the same. */
async function addModules(path: string, texts: Map<string, string>): Promise<void> {
  const text = withoutTypes(await readFile(new URL(path, ROOT), 'utf8'));
  texts.set(path, text);
  // Lets the event loop answer requests in between.
  await setImmediate();
  for (const [, specifier] of text.matchAll(IMPORT)) {
    const imported = new URL(specifier, new URL(path, 'file:///')).pathname.slice(1);
    if (!texts.has(imported)) await addModules(imported, texts);
  }
}

/** Strips the types, without Node's warning that this is experimental: the service itself runs by type stripping. */
function withoutTypes(text: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Compresses a file. */
export async function asset(mediaType: string, text: string): Promise<Asset> {
  const bytes = Buffer.from(text);
  const params = { [zlib.BROTLI_PARAM_QUALITY]: QUALITY, [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const [br, zstd, gz] = await Promise.all([
    promisify(brotliCompress)(bytes, { params }),
    promisify(zstdCompress)(bytes),
    promisify(gzip)(bytes),
  ]);
  return { mediaType, digest: digestOf(text), encoded: { br, zstd, gzip: gz, identity: bytes } };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

/** Sends a file in the best encoding that the client accepts, or 304 if the client has it already. */
export function sendAsset(request: FastifyRequest, reply: FastifyReply, { mediaType, digest, encoded }: Asset): FastifyReply {
  const accepted = new Negotiator(request.raw).encodings([...encodings]);
  const encoding = encodings.find((one) => accepted.includes(one)) ?? 'identity';
  // The encoding is part of a strong ETag: the bytes differ.
  const etag = `"${digest}-${encoding}"`;
  reply.header('etag', etag).header('vary', withAcceptEncoding(reply));
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.some((tag) => tag === etag || tag === '*')) return reply.code(304).send();
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.type(mediaType).send(encoded[encoding]);
}
