// Units through which no gradient or hardly any comes, by the slopes of their activations.
import type { Computed } from '../request/computed.ts';

/** A slope of at most this part of the largest that the activation has is flat. */
const FLAT = 0.01;

/** A unit whose slope is 0 for every sample is dead; one whose slope is nearly 0 for every sample is saturated. */
export interface FlatUnit {
  readonly kind: 'dead' | 'saturated';
  /** The range of its weighted sums. */
  readonly least: number;
  readonly greatest: number;
  /** The largest of its slopes, in absolute value. */
  readonly slope: number;
}

/** What holds back the gradient at a unit; undefined if nothing does. */
export function flatUnit(run: Computed, layer: number, unit: number): FlatUnit | undefined {
  let [least, greatest, slope] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let sample = 0; sample < run.samples; sample++) {
    const of = run.slope(layer, sample, unit);
    if (of === undefined || Math.abs(of) > FLAT) return undefined;
    const z = run.value('pre_activations', layer, sample, unit);
    [least, greatest, slope] = [Math.min(least, z), Math.max(greatest, z), Math.max(slope, Math.abs(of))];
  }
  return { kind: slope === 0 ? 'dead' : 'saturated', least, greatest, slope };
}
