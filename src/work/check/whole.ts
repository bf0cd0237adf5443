// Mistakes with the arrays as a whole: their order, their orientation, their precision.
import type { Diagnosis } from '../../../schemas/check.ts';
import type { Setting } from '../../backprop/mistakes/change.ts';
import { relativeError } from './compare.ts';
import type { Evidence, Item } from './evidence.ts';

/** The relative error of one operation in float32. */
const FLOAT32 = 2 ** -24;

/** By how much an array may differ that was computed in float32: some hundred roundings. */
const MOST_ROUNDINGS = 2_000;

/** The diagnoses of such mistakes, as far as they explain what disagrees. */
export function explainWhole({ layers }: Setting, evidence: Evidence, tolerance: number): Diagnosis[] {
  const reversed = inReverse(layers.length, evidence, tolerance);
  if (reversed) return [reversed];
  const float32 = inFloat32(evidence, tolerance);
  if (float32) return [float32];
  const turned = evidence.wrong.filter(
    ({ isTurned, numbers, right }) => isTurned && relativeError(numbers as Float64Array, right) <= tolerance,
  );
  if (turned.length === 0) return [];
  return [
    {
      mistake: 'samples-as-columns',
      pointer: '/batch/samples',
      explains: turned.map(({ pointer }) => pointer),
      detail: 'the matrices of samples are transposed: samples and features are exchanged',
      residual: worst(turned.map(({ numbers, right }) => relativeError(numbers as Float64Array, right))),
      alternatives: [],
    },
  ];
}

/** The gradients with the last layer first. */
function inReverse(layers: number, evidence: Evidence, tolerance: number): Diagnosis | undefined {
  if (layers < 2) return undefined;
  const errors: number[] = [];
  const explains: string[] = [];
  for (let k = 0; k < layers; k++)
    for (const name of ['weights', 'biases'] as const) {
      const [given, other] = [evidence.at(k, name), evidence.at(layers - 1 - k, name)];
      if (given && !other) return undefined;
      if (!given || !other) continue;
      const { numbers } = given;
      const shape = other.check.expected_shape ?? other.shape;
      if (!numbers || given.shape.length !== shape.length || !given.shape.every((n, i) => n === shape[i])) return undefined;
      const error = relativeError(numbers, other.right);
      if (error > tolerance) return undefined;
      errors.push(error);
      if (!given.agrees) explains.push(given.pointer);
    }
  if (explains.length === 0 || explains.length < evidence.wrong.length) return undefined;
  return {
    mistake: 'layers-reversed',
    pointer: '/network/layers',
    explains,
    detail: 'the gradients are in the order of the backward pass, those of the last layer first',
    residual: worst(errors),
    alternatives: [],
  };
}

/** Whether all numbers are float32, or as inexact as if they were, and none is further off. */
function inFloat32({ items, wrong }: Evidence, tolerance: number): Diagnosis | undefined {
  const error = (item: Item) => (item.isShaped ? relativeError(item.numbers as Float64Array, item.right) : Infinity);
  const most = worst(items.map(error));
  if (most > MOST_ROUNDINGS * FLOAT32 || tolerance >= MOST_ROUNDINGS * FLOAT32) return undefined;
  const isRounded = wrong.every(({ numbers }) => (numbers as Float64Array).every((x) => Math.fround(x) === x));
  if (!isRounded) return undefined;
  return {
    mistake: 'float32',
    pointer: '/network',
    explains: wrong.map(({ pointer }) => pointer),
    detail: `all numbers are float32, and differ by at most ${Number(most.toPrecision(2))} of the largest: send a tolerance above that`,
    residual: most,
    alternatives: [],
  };
}

function worst(errors: readonly number[]): number {
  return errors.reduce((most, error) => Math.max(most, error), 0);
}
