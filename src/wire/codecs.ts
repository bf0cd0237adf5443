// The media types that requests and answers travel in.
import type { GradientsResult } from '../../schemas/gradients.ts';
import type { Limits } from '../operations/limits.ts';
import * as json from './json.ts';
import * as safetensors from './safetensors.ts';

/** In what a client keeps its numbers. */
export type Precision = 'F64' | 'F32';

/** A document as it was sent, and the precision in which its sender wants the answer, where the answer's media type has several. */
export interface Decoded {
  readonly document: unknown;
  readonly dtype: Precision;
  /** The document with lists for its arrays, as its sender knows it: to say what is wrong with it. Absent where it makes no difference. */
  plain?(): unknown;
}

/** How a document travels in a media type. */
interface Codec {
  /** @throws Refusal `malformed-body`, `invalid-request` or `too-complex`. */
  decode(bytes: Buffer, limits: Limits): Decoded;
  /**
   * Writes a result, into `room` if that is possible.
   * @throws Refusal `non-finite-result`, if a number is beyond the range of `dtype`.
   */
  encode(result: GradientsResult, room: ArrayBuffer, dtype: Precision): Buffer<ArrayBuffer>;
  /** The most bytes that one number of an encoded document takes. */
  readonly bytesPerNumber: number;
}

export const codecs = {
  'application/json': json,
  'application/vnd.safetensors': safetensors,
} satisfies Record<string, Codec>;

export type MediaType = keyof typeof codecs;

export const mediaTypes = Object.keys(codecs) as MediaType[];
