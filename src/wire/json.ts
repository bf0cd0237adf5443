// The codec for JSON.
import { isAscii, isUtf8 } from 'node:buffer';
import { roomFor } from '../memory/room.ts';
import type { Scratch } from '../memory/scratch.ts';
import { Refusal } from '../refusal.ts';
import type { Decoded, Encoded } from './codec.ts';
import { NUMBER_BYTES } from './format-numbers.ts';
import { notUtf8, otherFormat } from './formats.ts';
import type { DocumentLimits } from './json-reader.ts';
import { size, writeLong, writeShort } from './json-writer.ts';
import type { RequestSchema } from './request-schema.ts';

/** The most bytes per number, if every number is a matrix of its own. */
export const bytesPerNumber = NUMBER_BYTES + 6;

const BYTE_ORDER_MARK = Buffer.from('\u{feff}');

/**
 * Reads a JSON document in UTF-8; a byte order mark is skipped.
 * @throws Refusal `malformed-body`, with line and column of the syntax error; `invalid-request` or `too-complex`.
 */
export function decode(bytes: Buffer, schema: RequestSchema, limits: DocumentLimits, scratch: Scratch): Decoded {
  if (bytes.length === 0) throw new Refusal('malformed-body', { detail: 'the body is empty' });
  try {
    const text = isAscii(bytes) ? bytes : withoutMark(bytes);
    return { document: schema.read(text, limits, scratch), precision: { dtype: 'F64', tensor: schema.places.first } };
  } catch (error) {
    const isMalformed = error instanceof Refusal && error.type === 'malformed-body';
    throw (isMalformed && otherFormat(bytes, 'JSON')) || error;
  }
}

/** Checks that a text is UTF-8, and strips the byte order mark. */
function withoutMark(bytes: Buffer): Buffer {
  if (!isUtf8(bytes)) throw notUtf8(bytes);
  const hasMark = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  return hasMark ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

/** Writes a document of finite numbers and flat arrays as JSON. Every number has the shortest form that round-trips. */
export function encode(document: object, room: ArrayBuffer): Encoded {
  const short = writeShort(document);
  if (short !== undefined) return short;
  const buffer = roomFor(size(document), document, room);
  return buffer.subarray(0, writeLong(document, buffer));
}
