// Why a gradient is 0, in sentences, from the slopes that the service computed and the numbers on both sides of it.
import { flatUnit } from '../network/slopes.ts';
import type { Computed } from '../request/computed.ts';
import { short } from '../ui/matrix.ts';
import type { StepsText } from './explain.ts';
import type { NumberOf } from './step.ts';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The reasons why a number is 0; none for one that is not, and for those that are no gradients. `nameOf` names a unit. */
export function whyZero(
  run: Computed,
  of: NumberOf,
  value: number,
  t: StepsText,
  nameOf: (column: number, unit: number) => string,
): string[] {
  if (value !== 0) return [];
  const { layer, i, j } = of;
  const dead = (unit: number) => {
    const flat = flatUnit(run, layer, unit);
    return flat?.kind === 'dead' ? t.zero.deadUnit(nameOf(layer + 1, unit), run.samples, short(flat.greatest)) : undefined;
  };
  const ofUnit = (unit: number) => dead(unit) ?? t.zero.noUnitGradient(run.samples);
  switch (of.kind) {
    case 'dZ':
      return ofWeightedSum(run, layer, ...run.place(i, j), t, dead(run.place(i, j)[1]));
    case 'dW': {
      const xs = range(run.samples).map((sample) => run.value('inputs', layer, sample, j));
      const dzs = range(run.samples).map((sample) => run.value('pre_activation_gradients', layer, sample, i));
      const reasons = [...(isZero(dzs) ? [ofUnit(i)] : []), ...(isZero(xs) ? [t.zero.noInput(run.samples)] : [])];
      if (reasons.length > 0) return reasons;
      return [xs.every((x, sample) => x === 0 || dzs[sample] === 0) ? t.zero.noOverlap : t.zero.cancels];
    }
    case 'db': {
      const unit = run.columns ? i : j;
      const all = range(run.samples).map((sample) => run.value('pre_activation_gradients', layer, sample, unit));
      return [isZero(all) ? ofUnit(unit) : t.zero.cancels];
    }
    case 'dX': {
      const [sample, input] = run.place(i, j);
      const terms = range(run.units[layer]).map(
        (unit) => run.value('pre_activation_gradients', layer, sample, unit) * run.weight(layer, unit, input),
      );
      return [isZero(terms) ? t.zero.noneComesBack : t.zero.cancels];
    }
    case 'dY':
      return [t.zero.targetReached];
    default:
      return [];
  }
}

function isZero(values: readonly number[]): boolean {
  return values.every((value) => value === 0);
}

function ofWeightedSum(
  run: Computed,
  layer: number,
  sample: number,
  unit: number,
  t: StepsText,
  dead: string | undefined,
): string[] {
  const reasons: string[] = [];
  if (dead) reasons.push(dead);
  else if (run.slope(layer, sample, unit) === 0)
    reasons.push(t.zero.flat(short(run.value('pre_activations', layer, sample, unit))));
  if (run.value('output_gradients', layer, sample, unit) === 0) reasons.push(t.zero.noOutputGradient);
  return reasons;
}
