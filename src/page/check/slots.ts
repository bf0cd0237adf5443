// The places of a candidate for POST /check, with their shapes for a request.

import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { type TracedArray, tracedArrays } from '../../../schemas/traced-arrays.ts';

/** What an array of the candidate is. */
export type Kind = 'loss' | 'network_outputs' | 'weights' | 'biases' | TracedArray;

export interface Slot {
  readonly kind: Kind;
  /** From 0; undefined for what belongs to no layer. */
  readonly layer: number | undefined;
  /** A JSON pointer into the request to /check. */
  readonly pointer: string;
  readonly shape: readonly number[];
}

/** The places of the candidate for a request with arrays: loss, outputs, gradients layer by layer, then the trace. */
export function slotsOf({ network: { layers }, batch }: GradientsRequest): Slot[] {
  const columns = batch.samples === 'columns';
  const samples = columns ? batch.inputs[0].length : batch.inputs.length;
  const ofSamples = (width: number) => (columns ? [width, samples] : [samples, width]);
  const units = layers[layers.length - 1].weights.length;
  return [
    { kind: 'loss', layer: undefined, pointer: '/candidate/loss', shape: [] },
    { kind: 'network_outputs', layer: undefined, pointer: '/candidate/outputs', shape: ofSamples(units) },
    ...layers.flatMap(({ weights, biases }, layer): Slot[] => [
      { kind: 'weights', layer, pointer: `/candidate/gradients/${layer}/weights`, shape: [weights.length, weights[0].length] },
      ...(biases
        ? [{ kind: 'biases' as const, layer, pointer: `/candidate/gradients/${layer}/biases`, shape: [biases.length] }]
        : []),
    ]),
    ...layers.flatMap(({ weights }, layer): Slot[] =>
      (Object.keys(tracedArrays) as TracedArray[]).map((kind) => ({
        kind,
        layer,
        pointer: `/candidate/trace/${layer}/${kind}`,
        shape: ofSamples(tracedArrays[kind] === 'samples x inputs' ? weights[0].length : weights.length),
      })),
    ),
  ];
}

/** Whether an array of this shape holds what a place expects: as it is, transposed, or a vector as a row or a column. */
export function fits(shape: readonly number[], { shape: expected }: Slot): boolean {
  return isSame(shape, expected) || isSame([...shape].reverse(), expected) || isFlat(shape, expected);
}

export function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Whether both are one row, one column, a list or a number, of the same length. */
export function isFlat(a: readonly number[], b: readonly number[]): boolean {
  const count = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
  const isLine = (shape: readonly number[]) => shape.filter((n) => n !== 1).length <= 1;
  return isLine(a) && isLine(b) && count(a) === count(b);
}
