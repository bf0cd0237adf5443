// Recognizes bodies that are in another format than their Content-Type says, by their first bytes, for error texts.
import { isUtf8 } from 'node:buffer';
import { Refusal } from '../refusal.ts';

/** Encodings that a body has by its first bytes, and that Content-Encoding may name. */
export const recognizedEncodings = ['gzip', 'zstd'] as const;

const AS_NUMBERS = 'send its numbers as JSON, or as safetensors with Content-Type: application/vnd.safetensors';
const COMPRESS = 'compress it with gzip, br or zstd, and name that in Content-Encoding, or not at all';
const ONE_DOCUMENT = 'send one JSON document';
const encoded = (encoding: (typeof recognizedEncodings)[number]) => `send Content-Encoding: ${encoding} with it`;

/** Formats by their first bytes, as latin1. */
const BINARY: readonly [start: string, name: string, advice: string][] = [
  ['\x1f\x8b', 'compressed with gzip', encoded('gzip')],
  ['\x28\xb5\x2f\xfd', 'compressed with zstd', encoded('zstd')],
  ['BZh', 'compressed with bzip2', COMPRESS],
  ['\xfd7zXZ', 'compressed with xz', COMPRESS],
  ['\x04\x22\x4d\x18', 'compressed with lz4', COMPRESS],
  ['PK', 'a zip archive, as .npz or .pt files are', AS_NUMBERS],
  ['\x93NUMPY', 'a NumPy array (.npy)', AS_NUMBERS],
  ['\x89HDF', 'an HDF5 file', AS_NUMBERS],
  ['MATLAB', 'a MATLAB file', AS_NUMBERS],
  ['PAR1', 'a Parquet file', AS_NUMBERS],
  ['ARROW1', 'an Arrow file', AS_NUMBERS],
  ['RDX', 'an R file', AS_NUMBERS],
  ['X\n\0\0', 'an R file', AS_NUMBERS],
  ['GGUF', 'a GGUF file', AS_NUMBERS],
  ['%PDF', 'a PDF file', ONE_DOCUMENT],
  ['\x89PNG', 'a PNG image', AS_NUMBERS],
  ['\xff\xd8\xff', 'a JPEG image', AS_NUMBERS],
];

const UTF_8 = 'encode it in UTF-8';

/** Binary formats without fixed first bytes, as latin1. */
const PATTERNS: readonly [pattern: RegExp, name: string, advice: string][] = [
  [/^(\xff\xfe\0\0|\0\0\xfe\xff|[^\0]\0\0\0[^\0]\0\0\0|\0\0\0[^\0]\0\0\0[^\0])/, 'text in UTF-32', UTF_8],
  [/^(\xff\xfe|\xfe\xff|[^\0]\0[^\0]\0|\0[^\0]\0[^\0])/, 'text in UTF-16', UTF_8],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are bytes
  [/^\x80[\x02-\x05]/, 'a pickle of Python', AS_NUMBERS],
  [/^([\x81-\x8f]|\xde..|\xdf....)[\xa0-\xbf\xd9]/s, 'MessagePack', ONE_DOCUMENT],
  [/^[\xa1-\xbf][\x60-\x7b]/, 'CBOR', ONE_DOCUMENT],
];

/** Texts that are not JSON. */
const TEXTS: readonly [pattern: RegExp, name: string, advice: string][] = [
  [/^<(!doctype html|html)/i, 'HTML', ONE_DOCUMENT],
  [/^</, 'XML', ONE_DOCUMENT],
  [/^--[^\r\n]+\r?\nContent-/i, 'a form (multipart/form-data)', `${ONE_DOCUMENT} as the body`],
  [/^([\w.%+[\]-]+=[^=\s]*(&|$)|%7B)/i, 'a form (application/x-www-form-urlencoded)', `${ONE_DOCUMENT} as the body`],
  [/^eyJ[\w+/=\s-]+$/, 'in Base64', 'send the JSON document itself'],
  [/^@\S+$/, 'the name of a file', 'send the file, with curl by --data-binary @FILE'],
  [/^(---\s|-\s|["']?\w+["']?:\s)/, 'YAML', ONE_DOCUMENT],
  [/^[^\s,;\t{["'(][^,;\t\r\n{["'(]*[,;\t][^{["'(]*[\r\n]/, 'CSV', 'send its rows as lists of numbers, in JSON'],
];

/** Characters that no text has. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about them
const CONTROLS = /[\0-\x08\x0e-\x1f]/;

/** The bytes by which a format is recognized. */
const FIRST_BYTES = 512;

/** The size of the field with the length of the header of a safetensors file. */
const LENGTH_BYTES = 8;

/** The longest header of a safetensors file, in bytes. */
const HEADER_LIMIT = 100_000_000n;

const OPEN_OBJECT = 0x7b;

function isSafetensors(bytes: Buffer): boolean {
  return bytes[LENGTH_BYTES] === OPEN_OBJECT && bytes.readBigUInt64LE() <= HEADER_LIMIT;
}

/** zlib's header: deflate with a window of 32 KiB, and a check sum. */
function isZlib(bytes: Buffer): boolean {
  return bytes.length > 1 && bytes[0] === 0x78 && bytes.readUInt16BE() % 31 === 0;
}

/**
 * The refusal of a body that is in another format than `expected`; undefined if its format is not recognized.
 * `expected` names a format as the texts here do.
 */
export function otherFormat(bytes: Buffer, expected: 'JSON' | 'safetensors' | 'CSV'): Refusal | undefined {
  const [name, advice] = formatOf(bytes) ?? [expected];
  return name === expected
    ? undefined
    : new Refusal('malformed-body', { detail: `the body is ${name}, not ${expected}: ${advice}` });
}

function formatOf(bytes: Buffer): readonly [name: string, advice: string] | undefined {
  if (isSafetensors(bytes)) return ['safetensors', 'send Content-Type: application/vnd.safetensors'];
  if (isZlib(bytes)) return ['compressed with zlib (deflate)', COMPRESS];
  const first = bytes.toString('latin1', 0, FIRST_BYTES);
  const binary = BINARY.find(([start]) => first.startsWith(start)) ?? PATTERNS.find(([pattern]) => pattern.test(first));
  if (binary) return [binary[1], binary[2]];
  if (CONTROLS.test(first) || !isUtf8(bytes)) return undefined;
  const text = first.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (/^[{[]/.test(text)) return ['JSON', 'send Content-Type: application/json'];
  const found = TEXTS.find(([pattern]) => pattern.test(text));
  return found && [found[1], found[2]];
}

/** The refusal of a text that is not UTF-8. */
export function notUtf8(bytes: Buffer): Refusal {
  const before = bytes.toString().split('\ufffd', 1)[0];
  const byte = bytes[Buffer.byteLength(before)];
  const place = `line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')}`;
  const detail = `the body is not UTF-8: byte 0x${byte.toString(16)} at ${place}; ${UTF_8}, or name its compression in Content-Encoding`;
  return new Refusal('malformed-body', { detail });
}
