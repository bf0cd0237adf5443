// Which requests are answered inline, on the event loop: those for which a round trip to a thread would cost more than the
// computation.
import type { Cost } from '../backprop/cost.ts';

/** Larger bodies go to a thread without being read on the event loop. */
export const INLINE_BODY_BYTES = 65_536;

/**
 * The longest estimated time of a request that is answered inline. The estimate below is one to three times the actual time, except
 * for thousands of tiny layers: each takes about a microsecond more than estimated. A thread takes 300 to 600 µs more CPU time for
 * the same request, up to twice as much for tiny layers; inline, all other requests wait.
 */
export const INLINE_MICROSECONDS = 1_000;

/**
 * Measured with the engine `portable`, for expensive requests: JSON with short integers, gelu. Long numbers, relu and safetensors
 * take at most a third.
 */
const DECODE_NS_PER_BYTE = 6;
const COMPUTE_NS_PER_FLOP = 0.2;
const COMPUTE_NS_PER_NUMBER = 10;
const ENCODE_NS_PER_BYTE = 1.5;

type Work = Pick<Cost, 'flops' | 'computedNumbers'>;

/** Whether a request takes so long, as estimated, that a thread has to answer it. */
export function needsThread(bodyBytes: number, work: Work, answerBytes: number): boolean {
  return inlineMicroseconds(bodyBytes, work, answerBytes) > INLINE_MICROSECONDS;
}

/**
 * The estimated time of a request on the event loop, in microseconds.
 */
export function inlineMicroseconds(bodyBytes: number, { flops, computedNumbers }: Work, answerBytes: number): number {
  const decode = bodyBytes * DECODE_NS_PER_BYTE;
  const compute = flops * COMPUTE_NS_PER_FLOP + computedNumbers * COMPUTE_NS_PER_NUMBER;
  return (decode + compute + answerBytes * ENCODE_NS_PER_BYTE) / 1000;
}
