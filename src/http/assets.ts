// The files of the page at /: its modules, its style, and the libraries that it draws with, ready to be sent.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';

/** What a file may be encoded as, best first. */
const encodings = ['br', 'gzip', 'identity'] as const;
type Encoding = (typeof encodings)[number];

/** A file as it goes over the wire. */
export interface Asset {
  readonly mediaType: string;
  readonly digest: string;
  readonly encoded: Readonly<Record<Encoding, Buffer>>;
}

/** All files by their paths in the repository, and what they are together. */
export interface Assets {
  readonly version: string;
  /** The modules, each before those that it needs. */
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

/** Where the page begins. */
const ENTRY = 'src/page/main.ts';

/** How it looks, in this order. */
export const styles = ['base', 'form', 'results', 'steps'].map((name) => `src/page/style/${name}.css`);

const ICON = 'src/page/icon.svg';

/** The libraries' own bundles, by the paths that the page has for them. They stand beside the sources that their packages export. */
export const libraries: Record<string, URL> = {
  'd3.js': new URL('../dist/d3.min.js', import.meta.resolve('d3')),
  'plot.js': new URL('../dist/plot.umd.min.js', import.meta.resolve('@observablehq/plot')),
};

/** What a module without types imports of its neighbours. */
const IMPORT = /\b(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+\.ts)'/g;

/** Brotli's quality: the better ones take several times as long whenever the service starts, and save a fiftieth. */
const QUALITY = 5;

/** Reads, strips and compresses all files. To be done once. */
export async function buildAssets(): Promise<Assets> {
  const texts = new Map<string, string>();
  await addModules(ENTRY, texts);
  const modules = [...texts.keys()];
  for (const path of [...styles, ICON]) texts.set(path, await readFile(new URL(path, ROOT), 'utf8'));
  for (const [path, url] of Object.entries(libraries)) texts.set(path, await readFile(url, 'utf8'));
  const files = await Promise.all(
    [...texts].map(async ([path, text]) => [path, await asset(mediaTypes[path.split('.').pop() as string], text)] as const),
  );
  return { version: digestOf(files.map(([, { digest }]) => digest).join()), modules, files: new Map(files) };
}

/** Adds a module and all that it imports, without their types: lines stay what they are. */
async function addModules(path: string, texts: Map<string, string>): Promise<void> {
  const text = withoutTypes(await readFile(new URL(path, ROOT), 'utf8'));
  texts.set(path, text);
  // Requests are answered in between.
  await setImmediate();
  for (const [, specifier] of text.matchAll(IMPORT)) {
    const imported = new URL(specifier, new URL(path, 'file:///')).pathname.slice(1);
    if (!texts.has(imported)) await addModules(imported, texts);
  }
}

/** Node calls this experimental, on standard error, each time that the service starts: it is what the service itself runs by. */
function withoutTypes(text: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(text);
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** A file ready to be sent. */
export async function asset(mediaType: string, text: string): Promise<Asset> {
  const bytes = Buffer.from(text);
  const params = { [zlib.BROTLI_PARAM_QUALITY]: QUALITY, [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const [br, gz] = await Promise.all([promisify(brotliCompress)(bytes, { params }), promisify(gzip)(bytes)]);
  return { mediaType, digest: digestOf(text), encoded: { br, gzip: gz, identity: bytes } };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

/** Sends a file in the best encoding that the client takes, or 304 if the client has it. */
export function sendAsset(request: FastifyRequest, reply: FastifyReply, { mediaType, digest, encoded }: Asset): FastifyReply {
  const accepted = new Negotiator(request.raw).encodings([...encodings]);
  const encoding = encodings.find((one) => accepted.includes(one)) ?? 'identity';
  // Strong: each encoding is of other bytes.
  const etag = `"${digest}-${encoding}"`;
  reply.header('etag', etag).header('vary', varyOf(reply));
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.some((tag) => tag === etag || tag === '*')) return reply.code(304).send();
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.type(mediaType).send(encoded[encoding]);
}

function varyOf(reply: FastifyReply): string {
  return [reply.getHeader('vary'), 'accept-encoding'].filter(Boolean).join(', ');
}
