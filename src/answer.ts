// The one way from the bytes of a request to the bytes of its answer.
import { conflicts, GradientsRequest } from '../schemas/gradients.ts';
import { computeGradients } from './backprop/gradients.ts';
import { mlMatrix } from './linalg/ml-matrix.ts';
import { inspector } from './wire/check.ts';
import { codecs, type MediaType } from './wire/codecs.ts';

const inspect = inspector(GradientsRequest);

/**
 * Reads a request of media type `mediaType`, computes, and writes the result as `accept`.
 * `memoryLimit` is in bytes.
 * @throws Refusal, of any type that has to do with the body.
 */
export function answer(bytes: Buffer, mediaType: MediaType, accept: MediaType, memoryLimit: number): Buffer {
  const request = check(codecs[mediaType].decode(bytes));
  const { encode, bytesPerNumber } = codecs[accept];
  return encode(computeGradients(request, mlMatrix, { limit: memoryLimit, bytesPerNumber }));
}

/** @throws Refusal `invalid-request`. */
function check(document: unknown): GradientsRequest {
  const findings = inspect(document);
  for (const { pointer, detail } of conflicts(document)) findings.add(pointer, detail);
  findings.refuse('invalid-request');
  return document as GradientsRequest;
}
