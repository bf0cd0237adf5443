// The one way from the bytes of a request to the bytes of its answer.
import { conflicts, type DecodedRequest, GradientsRequest } from '../../schemas/gradients.ts';
import type { Cost } from '../backprop/cost.ts';
import { computeGradients } from '../backprop/gradients.ts';
import type { Engine } from '../linalg/engine.ts';
import { recycling } from '../memory/scratch.ts';
import type { Findings } from '../refusal.ts';
import { inspector } from '../wire/check.ts';
import { codecs, type Decoded, type MediaType } from '../wire/codecs.ts';
import { checkCost, type Limits } from './limits.ts';
import { type Report, stopwatch } from './report.ts';

const { fits, inspect } = inspector(GradientsRequest);

/** The body of a request, and the media type that its answer is to have. */
export interface Task {
  /** The task has the whole buffer of these for itself: the answer may be written there. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: MediaType;
  readonly accept: MediaType;
}

/** Throws to put off a request that costs too much where it is now; a number of its answer takes `bytesPerNumber`, at most. */
export type Admit = (cost: Cost, bytesPerNumber: number) => void;

/**
 * Reads a request, computes, and writes the result. The report gets the phases as they end, and the sizes.
 * @throws Refusal, of any type that has to do with the body; and whatever `admit` throws.
 */
export function answer(
  { bytes, mediaType, accept }: Task,
  engine: Engine,
  limits: Limits,
  report: Report = { phases: {} },
  admit?: Admit,
): Buffer<ArrayBuffer> {
  const { decode } = codecs[mediaType];
  const { encode, bytesPerNumber } = codecs[accept];
  const ended = stopwatch(report);
  return recycling(() => {
    const decoded = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), limits);
    ended('decode');
    const request = check(decoded);
    ended('check');
    const result = computeGradients(request, engine, (cost, sizes) => {
      Object.assign(report, { sizes, flops: cost.flops });
      checkCost(cost, bytesPerNumber, limits);
      admit?.(cost, bytesPerNumber);
    });
    ended('compute');
    const answered = encode(result, bytes.buffer, decoded.dtype);
    ended('encode');
    return answered;
  });
}

/** @throws Refusal `invalid-request`. */
function check({ document, plain }: Decoded): DecodedRequest {
  if (plain && fits(document) && conflicts(document).length === 0) return document as DecodedRequest;
  const given = plain ? plain() : document;
  findingsIn(given).refuse('invalid-request');
  return given as DecodedRequest;
}

function findingsIn(document: unknown): Findings {
  const findings = inspect(document);
  for (const { pointer, detail } of conflicts(document)) findings.add(pointer, detail);
  return findings;
}
