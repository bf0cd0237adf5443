// Constant factors that have a name.
import type { Setting } from './change.ts';
import { divisorWith, optionsOf, withOptions } from './loss-values.ts';

/** Where a factor applies: from the loss on, from the inputs of a layer back, or to gradients of parameters only. */
export type FactorPlace = 'loss' | 'inputs' | 'parameters';

interface NamedFactor {
  /** By what the right numbers are multiplied; undefined where it makes no sense. */
  readonly factor: (setting: Setting) => number | undefined;
  readonly detail: string;
  /** Left out: everywhere. */
  readonly places?: readonly FactorPlace[];
}

const samplesOf = ({ X }: Setting) => X.rows;
const outputsOf = ({ layers }: Setting) => (layers.at(-1) as Setting['layers'][0]).W.rows;

/** By how much the numbers are larger with another reduction. */
function byReduction(setting: Setting, reduction: string): number | undefined {
  const { X, layers, divisor } = setting;
  if (optionsOf(setting).reduction === reduction) return undefined;
  const Y = { rows: X.rows, columns: layers[layers.length - 1].W.rows };
  return divisor / divisorWith({ setting, Y } as never, { given: withOptions(setting, { reduction }) });
}

const isLogarithmic = ({ bound }: Setting): boolean => /entropy|nll|kl_div|soft_margin/.test(bound.name);

export const factorMistakes = {
  'summed-not-averaged': {
    factor: (setting) => byReduction(setting, 'sum'),
    detail: 'the sum over the samples was not divided by the divisor of the reduction',
    places: ['loss', 'parameters'],
  },
  'mean-over-samples-only': {
    factor: (setting) => byReduction(setting, 'batchmean'),
    detail: "the sum was divided by the number of samples only: the reduction batchmean; the request's is another one",
    places: ['loss', 'parameters'],
  },
  'mean-over-outputs-too': {
    factor: (setting) => byReduction(setting, 'mean'),
    detail: "the sum was divided by the divisor of the reduction mean; the request's reduction is another one",
    places: ['loss', 'parameters'],
  },
  'factor-half': {
    factor: () => 0.5,
    detail: 'everything is half as large, as with (y - t)^2 / 2 in place of (y - t)^2, or without the 2 of its derivative',
  },
  'factor-two': { factor: () => 2, detail: 'everything is twice as large, as if it had been added twice' },
  'sign-reversed': { factor: () => -1, detail: 'the sign is reversed, as with t - y in place of y - t' },
  'mean-over-outputs-only': {
    factor: (setting) => {
      const ratio = samplesOf(setting);
      return optionsOf(setting).reduction === 'mean' && outputsOf(setting) > 1 ? ratio : undefined;
    },
    detail: 'the sum was divided by the number of outputs, but not by the number of samples',
    places: ['loss', 'parameters'],
  },
  'averaged-twice': {
    factor: (setting) => 1 / samplesOf(setting),
    detail: 'the sum was divided by the number of samples once more',
  },
  'logarithm-base': {
    factor: (setting) => (isLogarithmic(setting) ? Math.LOG2E : undefined),
    detail: 'the logarithm is that to base 2; it is the natural one',
    places: ['loss'],
  },
  'logarithm-base-10': {
    factor: (setting) => (isLogarithmic(setting) ? Math.LOG10E : undefined),
    detail: 'the logarithm is that to base 10; it is the natural one',
    places: ['loss'],
  },
} satisfies Record<string, NamedFactor>;

export type FactorName = keyof typeof factorMistakes | 'constant-factor';

/** The names of a factor, the likeliest first; `constant-factor` if it has no other. */
export function namesOfFactor(
  factor: number,
  place: FactorPlace,
  setting: Setting,
  tolerance: number,
): { readonly name: FactorName; readonly detail: string }[] {
  const named = Object.entries(factorMistakes as Record<string, NamedFactor>).flatMap(
    ([name, { factor: known, detail, places }]) => {
      const value = known(setting);
      const is = value !== undefined && value !== 1 && Math.abs(factor / value - 1) <= tolerance;
      return is && (places?.includes(place) ?? true) ? [{ name: name as FactorName, detail }] : [];
    },
  );
  if (named.length > 0) return named;
  const detail = `everything is multiplied by ${Number(factor.toPrecision(9))}, as by a learning rate`;
  return [{ name: 'constant-factor', detail }];
}
