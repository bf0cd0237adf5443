// Mistakes with the weights of samples and classes, ignored samples and label smoothing.
import { Dense } from '../../linalg/dense.ts';
import type { Change, LossLine, LossValue, Mistake } from './change.ts';
import { divisorWith, lossWith, mapped, optionsOf, probabilitiesOf, withOptions } from './loss-values.ts';

type LossMistake = Mistake<LossLine, LossValue>;

const nothing: readonly Change<LossValue>[] = [];

const onesFor = ({ Y }: LossLine): Float64Array => new Float64Array(Y.rows).fill(1);

/** A mistake with the weights of samples. */
function ofSamples(detail: string, compute: (line: LossLine) => LossValue): LossMistake {
  return {
    changes: (line) =>
      line.setting.isWeighted ? [{ detail, pointer: '/batch/sample_weights', compute: () => compute(line) }] : nothing,
  };
}

/** A mistake with an option of the loss that has a value. */
function ofOption(option: string, detail: string, compute: (line: LossLine, value: never) => LossValue): LossMistake {
  return {
    changes(line) {
      const value = optionsOf(line.setting)[option];
      return value ? [{ detail, pointer: `/loss/${option}`, compute: () => compute(line, value as never) }] : nothing;
    },
  };
}

export const weightMistakes = {
  'sample-weights-left-out': ofSamples('every sample counts as if it weighed 1', (line) => {
    const s = onesFor(line);
    return lossWith(line, { s, divisor: divisorWith(line, { s }) });
  }),
  'sample-weights-not-in-divisor': ofSamples(
    'the sum was divided by the number of samples; the divisor is the sum of the sample weights',
    (line) => lossWith(line, { divisor: divisorWith(line, { s: onesFor(line) }) }),
  ),
  'sample-weights-only-in-divisor': ofSamples(
    'the sum was divided by the sum of the sample weights, but the samples were not multiplied by them',
    (line) => lossWith(line, { s: onesFor(line) }),
  ),
  'class-weights-left-out': ofOption('weight', 'every class counts as if it weighed 1', (line) => {
    const given = withOptions(line.setting, { weight: undefined });
    return lossWith(line, { given, divisor: divisorWith(line, { given }) });
  }),
  'class-weights-not-in-divisor': ofOption(
    'weight',
    'the sum was divided by the number of samples; with class indices the divisor of a mean is the sum of their class weights',
    (line) => lossWith(line, { divisor: divisorWith(line, { given: withOptions(line.setting, { weight: undefined }) }) }),
  ),
  'class-weights-only-in-divisor': ofOption(
    'weight',
    'the sum was divided by the sum of the class weights, but the samples were not multiplied by them',
    (line) => lossWith(line, { given: withOptions(line.setting, { weight: undefined }) }),
  ),
  'pos-weight-left-out': ofOption('pos_weight', 'positive targets count as if they weighed 1', (line) =>
    lossWith(line, { given: withOptions(line.setting, { pos_weight: undefined }) }),
  ),
  'pos-weight-on-all-targets': ofOption(
    'pos_weight',
    'both terms of the loss were multiplied by pos_weight; it belongs to the one of positive targets',
    (line, weights: Float64Array) => {
      const { dY } = lossWith(line, { given: withOptions(line.setting, { pos_weight: undefined }) });
      return { dY: mapped(dY, (d, at) => d * weights[at % dY.columns]) };
    },
  ),
  'label-smoothing-left-out': ofOption('label_smoothing', 'the targets were not smoothed', (line) =>
    lossWith(line, { given: withOptions(line.setting, { label_smoothing: 0 }) }),
  ),
  'label-smoothing-on-other-classes': ofOption(
    'label_smoothing',
    'the smoothing was shared among the other classes only: e / (C - 1); it is e / C for every class, the true one included',
    (line, smoothing: number) => {
      const { targets } = line.setting;
      const { rows, columns } = line.Y;
      const smoothed = new Dense(rows, columns);
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          const t = targets instanceof Float64Array ? Number(targets[i] === j) : targets.get(i, j);
          smoothed.set(i, j, t * (1 - smoothing) + ((1 - t) * smoothing) / Math.max(1, columns - 1));
        }
      return lossWith(line, { given: withOptions(line.setting, { label_smoothing: 0 }), targets: smoothed });
    },
  ),
  'ignored-samples-counted': {
    changes(line) {
      const { targets, bound, s } = line.setting;
      const ignored = bound.loss.classes?.ignoreIndex;
      if (!(targets instanceof Float64Array) || !targets.includes(ignored as number)) return nothing;
      const { columns } = line.Y;
      const pointer = '/loss/ignore_index';
      const isClass = (ignored as number) >= 0 && (ignored as number) < columns;
      const given = withOptions(line.setting, { ignore_index: -101 });
      const asClass = (k: number) => () => {
        const all = targets.map((t) => (t === ignored ? k : t));
        return lossWith(line, { given, targets: all, divisor: divisorWith(line, { given, targets: all, s }) });
      };
      const changes: Change<LossValue>[] = [
        {
          detail: `samples of class ${ignored}, the ignored one, count as those of any other class`,
          pointer,
          compute: asClass(isClass ? (ignored as number) : columns - 1),
        },
      ];
      if (bound.name === 'cross_entropy' && !isClass)
        changes.push({
          key: 'no-target',
          detail: `samples with the target ${ignored} have the gradient p, as if they had no true class; they count for nothing`,
          pointer,
          compute() {
            const P = probabilitiesOf(line.setting, line.Y);
            const factor = bound.reduction === 'sum' ? 1 : 1 / targets.length;
            const { dY } = lossWith(line, { divisor: 1 / factor });
            return { dY: mapped(dY, (d, at) => (targets[Math.floor(at / columns)] === ignored ? P.data[at] * factor : d)) };
          },
        });
      return changes;
    },
  },
  'ignored-samples-in-divisor': {
    changes(line) {
      const { targets, bound, s } = line.setting;
      if (!(targets instanceof Float64Array) || !targets.includes(bound.loss.classes?.ignoreIndex as number)) return nothing;
      const all = targets.map((t) => (t === bound.loss.classes?.ignoreIndex ? 0 : t));
      return [
        {
          detail: 'the sum was divided by the number of all samples; ignored ones do not belong to the divisor',
          pointer: '/loss/ignore_index',
          compute: () => lossWith(line, { divisor: divisorWith(line, { targets: all, s }) }),
        },
      ];
    },
  },
} satisfies Record<string, LossMistake>;
