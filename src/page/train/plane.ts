// Where the network decides what: its outputs on a grid over the data of two inputs, and on a line for one.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { nameOf } from '../request/computed.ts';
import { sizesOf } from '../request/edit.ts';

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** How many points a side of the grid has. */
export const SIDE = 32;

/** The ranges of the inputs with a margin; undefined if there are neither one nor two. */
export function rangesOf(request: GradientsRequest): Range[] | undefined {
  const { features } = sizesOf(request);
  if (features > 2) return undefined;
  const { inputs, samples } = request.batch;
  return Array.from({ length: features }, (_, j) => {
    const values = samples === 'columns' ? inputs[j] : inputs.map((row) => row[j]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const margin = (most - least || 1) * 0.15;
    return { from: least - margin, to: most + margin };
  });
}

/** The points of the grid, row by row; of one input, along its axis. */
export function pointsOf(ranges: readonly Range[]): number[][] {
  const n = ranges.length === 1 ? SIDE * 4 : SIDE;
  const at = ({ from, to }: Range, i: number) => from + ((to - from) * (i + 0.5)) / n;
  const line = Array.from({ length: n }, (_, i) => i);
  const [x, y] = ranges;
  return y ? line.flatMap((j) => line.map((i) => [at(x, i), at(y, j)])) : line.map((i) => [at(x, i)]);
}

/** The request for the outputs there: as probabilities where the loss takes logits. */
export function requestOfPlane(request: GradientsRequest, points: number[][]): GradientsRequest {
  const { layers } = request.network;
  const last = layers[layers.length - 1];
  const links: Record<string, 'sigmoid' | 'softmax'> = { binary_cross_entropy_with_logits: 'sigmoid', cross_entropy: 'softmax' };
  const link = links[nameOf(request.loss ?? 'mse')];
  const isOpen = nameOf(last.activation ?? 'identity') === 'identity';
  const targets = points.map(() => last.weights.map(() => 0));
  return {
    network: { layers: link && isOpen ? layers.with(-1, { ...last, activation: link }) : layers },
    batch: { inputs: points, targets },
    loss: 'mse',
    include: ['outputs'],
  };
}

/** What is shown of outputs at a point: the one output, or the class of the largest. */
export function decisionOf(outputs: readonly number[]): number {
  return outputs.length === 1 ? outputs[0] : outputs.indexOf(Math.max(...outputs));
}
