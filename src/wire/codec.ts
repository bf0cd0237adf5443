// The interface of a codec: decodes requests and encodes answers in one media type.
import type { Scratch } from '../memory/scratch.ts';
import type { DocumentLimits } from './json-reader.ts';
import type { RequestSchema } from './request-schema.ts';

/** The dtype of a request's first tensor. The answer has the same, if its media type supports several. */
export interface Precision {
  readonly dtype: 'F64' | 'F32';
  /** The name of that tensor. */
  readonly tensor: string;
}

/** A document that fits its schema. */
export interface Decoded {
  readonly document: unknown;
  readonly precision: Precision;
}

/** An encoded document. Short texts are strings: Node sends headers and string in one `write`, a Buffer needs a `writev`. */
export type Encoded = string | Buffer<ArrayBuffer>;

export interface Codec {
  /**
   * Reads a document and checks it against the schema. Arrays of numbers become flat; a ragged matrix stays nested lists.
   * @throws Refusal `malformed-body`, `invalid-request` or `too-complex`.
   */
  decode(bytes: Buffer, schema: RequestSchema, limits: DocumentLimits, scratch: Scratch): Decoded;
  /**
   * Writes a result; into `room`, if the encoding is a Buffer and fits.
   * @throws Refusal `non-finite-result`, if a number is beyond the range of the precision.
   */
  encode(result: object, room: ArrayBuffer, precision: Precision): Encoded;
  /** The most bytes per number of an encoded document. */
  readonly bytesPerNumber: number;
}
