// The media types that requests and answers travel in.
import * as json from './json.ts';

/** How a document travels in a media type. */
interface Codec {
  /** @throws Refusal `malformed-body` or `invalid-request`. */
  decode(bytes: Buffer): unknown;
  encode(document: object): Buffer;
  /** The most bytes that one number of an encoded document takes. */
  readonly bytesPerNumber: number;
}

export const codecs = {
  'application/json': json,
} satisfies Record<string, Codec>;

export type MediaType = keyof typeof codecs;

export const mediaTypes = Object.keys(codecs) as MediaType[];
