// What is legal in a request, and odd.
import type { Computed } from '../request/computed.ts';
import { extentOf, matrix, short } from '../ui/matrix.ts';
import type { StepsText } from './explain.ts';

/** From this ratio of their largest numbers on, outputs and targets are of another magnitude. */
const FAR = 30;

/** What an activation can reach, where that is bounded. */
const reach: Readonly<Record<string, readonly [number, number]>> = {
  tanh: [-1, 1],
  sigmoid: [0, 1],
  softmax: [0, 1],
  softsign: [-1, 1],
  hardsigmoid: [0, 1],
  relu: [0, Number.POSITIVE_INFINITY],
  relu6: [0, 6],
};

/** Losses that compare outputs with targets by their distance. */
const DISTANCES = new Set(['mse', 'l1', 'log_cosh', 'smooth_l1', 'huber']);

/** Hints on a request, as sentences. */
export function hintsOn(run: Computed, t: StepsText): string[] {
  const [last, loss] = [run.activation(run.layers - 1), run.loss()];
  const hints: string[] = [];
  if (loss === 'cross_entropy' && last === 'softmax') hints.push(t.hints.softmaxTwice);
  if (loss === 'binary_cross_entropy_with_logits' && last === 'sigmoid') hints.push(t.hints.sigmoidTwice);
  if (!DISTANCES.has(loss) || run.classes) return hints;
  const targets = extentOf(matrix(run.request.batch.targets as number[][]));
  const outputs = extentOf(matrix(run.trace[run.layers - 1].outputs));
  const [low, high] = reach[last] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (targets.least < low || targets.greatest > high) {
    hints.push(t.hints.outOfReach(last, short(low), high === Number.POSITIVE_INFINITY ? '∞' : short(high)));
  } else if (outputs.largest > 0 && targets.largest > FAR * outputs.largest) {
    hints.push(t.hints.outputsSmaller(short(outputs.largest), short(targets.largest)));
  } else if (targets.largest > 0 && outputs.largest > FAR * targets.largest) {
    hints.push(t.hints.outputsLarger(short(outputs.largest), short(targets.largest)));
  }
  return hints;
}
