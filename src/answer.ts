// The one way from the bytes of a request to the bytes of its answer.
import { conflicts, type DecodedRequest, GradientsRequest } from '../schemas/gradients.ts';
import type { Cost } from './backprop/cost.ts';
import { computeGradients } from './backprop/gradients.ts';
import type { Engine } from './linalg/engine.ts';
import { recycling } from './linalg/scratch.ts';
import { type Findings, Refusal } from './refusal.ts';
import { inspector } from './wire/check.ts';
import { codecs, type Decoded, type MediaType } from './wire/codecs.ts';

const { fits, inspect } = inspector(GradientsRequest);

/** The body of a request, and the media type that its answer is to have. */
export interface Task {
  /** The task has the whole buffer of these for itself: the answer may be written there. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: MediaType;
  readonly accept: MediaType;
}

/** What is done to a request, one after the other. */
export const phases = ['decode', 'check', 'compute', 'encode'] as const;
export type Phase = (typeof phases)[number];

/** What a request may cost. */
export interface Limits {
  /** Of all its numbers, and those of its answer, in bytes. */
  readonly memory: number;
  /** Throws to put off a request that costs too much where it is now. */
  readonly admit?: (cost: Cost) => void;
  /** Is told of the end of each phase. */
  readonly ended?: (phase: Phase) => void;
}

/**
 * Reads a request, computes, and writes the result.
 * @throws Refusal, of any type that has to do with the body.
 */
export function answer(
  { bytes, mediaType, accept }: Task,
  engine: Engine,
  { memory, admit, ended }: Limits,
): Buffer<ArrayBuffer> {
  const { decode } = codecs[mediaType];
  const { encode, bytesPerNumber } = codecs[accept];
  return recycling(() => {
    const decoded = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    ended?.('decode');
    const request = check(decoded);
    ended?.('check');
    const result = computeGradients(request, engine, (cost) => {
      checkMemory(cost, bytesPerNumber, memory);
      admit?.(cost);
    });
    ended?.('compute');
    const answered = encode(result, bytes.buffer, decoded.dtype);
    ended?.('encode');
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

/** @throws Refusal `too-much-memory`. */
function checkMemory({ computed, answered, extras }: Cost, bytesPerNumber: number, limit: number): void {
  const needed = computed * Float64Array.BYTES_PER_ELEMENT + answered * bytesPerNumber;
  if (needed <= limit) return;
  const detail = `the values asked for take up to ${needed} bytes, more than the limit of ${limit} bytes (MAX_MEMORY)`;
  throw new Refusal('too-much-memory', { detail, errors: [{ pointer: extras ? '/include' : '/batch/inputs', detail }] });
}
