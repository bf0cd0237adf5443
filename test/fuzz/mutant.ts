// Mutants: well-formed requests that have been changed. Seed and index determine a mutant completely.
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { fileOf, SAFETENSORS } from '../support/safetensors-file.ts';
import { byteChangeNames, byteChanges, spliced } from './bytes.ts';
import { wellFormed } from './corpus.ts';
import { changedFile, fileChangeNames } from './file-changes.ts';
import { documentChangeNames, documentChanges, numbersReplaced, padded, spaced } from './json-changes.ts';
import { Random } from './random.ts';

export const JSON_TYPE = 'application/json';

/** The framing of a body; `short` and `long`: with a Content-Length that is too small or too large. */
export type Framing = 'length' | 'chunked' | 'short' | 'long' | 'broken chunks' | 'both';

export interface Mutant {
  readonly seed: number;
  readonly index: number;
  readonly operation: string;
  /** A readable description of the changes. */
  readonly story: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly framing: Framing;
}

interface Draft {
  readonly story: string[];
  readonly headers: Record<string, string>;
  body: Buffer;
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
/** The bytes of a text: Latin-1 if possible, otherwise UTF-8. */
const bytesOf = (text: string) => (/^[\0-\u00ff]*$/.test(text) ? latin1(text) : Buffer.from(text));

const bodyOf = (document: object, random: Random) =>
  random.percent(60) ? Buffer.from(JSON.stringify(document)) : fileOf(document, random.pick(['F64', 'F32']));

type Change = readonly [name: string, change: (bytes: Buffer, random: Random) => Buffer];

function changeBytes(draft: Draft, random: Random): void {
  for (
    let n = random.weighted([
      [70, 1],
      [20, 2],
      [10, 4],
    ]);
    n > 0 && draft.body.length > 0;
    n--
  ) {
    const name = random.pick(byteChangeNames);
    const [told, change]: Change = random.percent(8)
      ? ['splice', (bytes) => spliced(bytes, bodyOf(wellFormed(random).request, random), random)]
      : [name, byteChanges[name]];
    draft.body = change(draft.body, random);
    draft.story.push(told);
  }
}

function jsonBody(draft: Draft, document: object, random: Random): void {
  const name = random.pick(documentChangeNames);
  const kind = random.weighted([
    [35, 'document'],
    [25, 'numbers'],
    [25, 'bytes'],
    [15, 'nothing'],
  ]);
  let text = kind === 'document' ? documentChanges[name](document, random) : JSON.stringify(document);
  if (kind === 'document') draft.story.push(name);
  if (kind === 'numbers' || random.percent(10)) {
    text = numbersReplaced(text, random);
    draft.story.push('numbers replaced');
  }
  if (random.percent(5)) {
    text = spaced(text, random);
    draft.story.push('spaced');
  }
  // Some bodies are longer than 16 KiB; bodies longer than 64 KiB are answered by a thread.
  const length = random.weighted([
    [80, 0],
    [10, 16_384],
    [10, 65_536],
  ]);
  if (length > 0) {
    text = padded(text, length, random);
    draft.story.push(`padded by ${length}`);
  }
  draft.body = bytesOf(text);
  if (kind === 'bytes') changeBytes(draft, random);
}

function fileBody(draft: Draft, document: object, random: Random): void {
  const dtype = random.pick(['F64', 'F32'] as const);
  const name = random.pick(fileChangeNames);
  const kind = random.weighted([
    [60, 'file'],
    [25, 'bytes'],
    [15, 'nothing'],
  ]);
  draft.story.push(dtype);
  draft.body = kind === 'file' ? changedFile(document, dtype, name, random) : fileOf(document, dtype);
  if (kind === 'file') draft.story.push(name);
  if (kind === 'bytes') changeBytes(draft, random);
}

const compressors: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: (bytes) => gzipSync(bytes, { level: 1 }),
  'x-gzip': (bytes) => gzipSync(bytes, { level: 1 }),
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: (bytes) => zstdCompressSync(bytes),
};

/** Compressed bodies that decompress to 8 MiB of spaces, by encoding. */
const bombs = Object.fromEntries(
  Object.entries(compressors).map(([name, compress]) => [name, compress(Buffer.alloc(2 ** 23, ' '))]),
);

function compress(draft: Draft, random: Random): void {
  const encoding = random.pick(Object.keys(compressors));
  const kind = random.weighted([
    [50, 'right'],
    [25, 'changed'],
    [6, 'trailing'],
    [6, 'plain'],
    [5, 'other'],
    [3, 'twice'],
    [5, 'bomb'],
  ]);
  draft.story.push(`${encoding}: ${kind}`);
  draft.headers['content-encoding'] = random.percent(10) ? encoding.toUpperCase() : encoding;
  if (kind === 'plain') return;
  if (kind === 'other') {
    draft.body = deflateSync(draft.body);
    draft.headers['content-encoding'] = random.pick([
      'deflate',
      'compress',
      'gzip, br',
      'identity',
      '',
      '*',
      encoding,
      'aes128gcm',
    ]);
    return;
  }
  draft.body = kind === 'bomb' ? bombs[encoding] : compressors[encoding](draft.body);
  if (kind === 'changed') changeBytes(draft, random);
  if (kind === 'trailing')
    draft.body = Buffer.concat([draft.body, random.percent(50) ? draft.body : random.bytes(1 + random.below(20))]);
  if (kind === 'twice') {
    draft.body = compressors[encoding](draft.body);
    if (random.percent(50)) draft.headers['content-encoding'] = `${encoding}, ${encoding}`;
  }
}

const mediaTypes = [JSON_TYPE, SAFETENSORS];
const accepts = [
  ...mediaTypes,
  '*/*',
  'application/*',
  `${SAFETENSORS};q=0.5, ${JSON_TYPE};q=0.4`,
  'text/html',
  'image/*;q=0',
  ';,;',
];

function changeHeaders(draft: Draft, random: Random): void {
  const { headers } = draft;
  if (random.percent(60)) headers.accept = random.percent(80) ? random.pick(mediaTypes) : random.pick(accepts);
  if (random.percent(10))
    headers['accept-encoding'] = random.pick(['gzip', 'br', 'zstd', 'gzip, deflate, br, zstd', 'identity;q=0', '*', 'x']);
  if (random.percent(5))
    headers['x-request-id'] = random.pick(['a', 'x'.repeat(200), '"\\n', '{"level":60}', '\u00e9\u00ff', '']);
  if (!random.percent(4)) return;
  draft.story.push('another Content-Type');
  const type = random.pick([
    ...mediaTypes,
    ...mediaTypes,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    '',
    'application/json;;;charset="',
    'APPLICATION/JSON; charset=utf-16',
    '*/*',
    'x'.repeat(300),
  ]);
  headers['content-type'] = type;
}

/** The mutant for a seed and an index. */
export function mutant(seed: number, index: number): Mutant {
  const random = new Random(seed, index);
  const json = random.percent(60);
  const { operation, request } = wellFormed(random);
  const draft: Draft = {
    story: [operation, json ? 'JSON' : 'safetensors'],
    headers: { 'content-type': json ? JSON_TYPE : SAFETENSORS },
    body: Buffer.alloc(0),
  };
  (json ? jsonBody : fileBody)(draft, request, random);
  if (random.percent(15)) compress(draft, random);
  changeHeaders(draft, random);
  const framing = random.weighted<Framing>([
    [950, 'length'],
    [30, 'chunked'],
    [5, 'short'],
    [5, 'long'],
    [5, 'broken chunks'],
    [5, 'both'],
  ]);
  if (framing !== 'length') draft.story.push(framing);
  return { seed, index, operation, ...draft, framing };
}
