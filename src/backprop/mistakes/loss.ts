// Mistakes in the gradient of the loss with respect to the outputs, and in the loss itself.
import { type LossName, losses } from '../../../schemas/loss.ts';
import { Dense } from '../../linalg/dense.ts';
import { buildActivation } from '../activations.ts';
import { bindLoss } from '../losses.ts';
import type { Change, LossLine, LossValue, Mistake } from './change.ts';
import { divisorWith, lossWith, mapped, onlyRow, probabilitiesOf, takesLogits, termsOf } from './loss-values.ts';

type LossMistake = Mistake<LossLine, LossValue>;

const nothing: readonly Change<LossValue>[] = [];

const lossNameOf = ({ setting }: LossLine): LossName => setting.bound.name;

/** The word for what turns outputs into probabilities. */
const linkOf = (line: LossLine): string => (lossNameOf(line) === 'cross_entropy' ? 'softmax' : 'sigmoid');

/** Multiplies ∂loss/∂P by the derivative of the probabilities P: those of a softmax, or of sigmoids. */
function throughLink(line: LossLine, dP: Dense, P: Dense): Dense {
  if (lossNameOf(line) !== 'cross_entropy') return mapped(dP, (d, at) => d * P.data[at] * (1 - P.data[at]));
  const dY = new Dense(dP.rows, dP.columns);
  buildActivation('softmax')?.pullback(dP, P, P, dY);
  return dY;
}

/** Losses of logits only: the gradient is p M - q. */
function ofLogits(
  detail: (link: string) => string,
  compute: (terms: { M: Dense; q: Dense; P: Dense }, line: LossLine) => Dense | undefined,
): LossMistake {
  return {
    changes(line) {
      if (!takesLogits(line.setting)) return nothing;
      return [
        {
          detail: detail(linkOf(line)),
          compute() {
            const dY = compute({ ...termsOf(line), P: probabilitiesOf(line.setting, line.Y) }, line);
            return dY && { dY };
          },
        },
      ];
    },
  };
}

/** The samples but one are left out. */
function oneSample(which: 'first' | 'last'): LossMistake {
  return {
    changes: (line) =>
      line.Y.rows < 2
        ? nothing
        : [
            {
              detail: `only the ${which} of ${line.Y.rows} samples counts; the gradients are sums over all samples`,
              pointer: '/batch/inputs',
              compute() {
                const { dY } = lossWith(line, {});
                const i = which === 'first' ? 0 : dY.rows - 1;
                const s = new Float64Array(dY.rows);
                s[i] = line.setting.s[i];
                return { loss: lossWith(line, { s }).loss as number, dY: onlyRow(dY, i) };
              },
            },
          ],
  };
}

/** Losses that could be meant in place of another one. */
const OTHER_LOSSES: readonly LossName[] = [
  'mse',
  'l1',
  'huber',
  'smooth_l1',
  'log_cosh',
  'binary_cross_entropy_with_logits',
  'binary_cross_entropy',
  'cross_entropy',
  'hinge',
  'squared_hinge',
  'soft_margin',
];

export const lossMistakes = {
  'only-last-sample': oneSample('last'),
  'only-first-sample': oneSample('first'),
  'sigmoid-derivative-on-top': ofLogits(
    (link) =>
      `the gradient of ${link} with cross entropy was multiplied by p (1 - p) once more; p - t is the gradient at the logits`,
    (_, line) => {
      const P = probabilitiesOf(line.setting, line.Y);
      return mapped(lossWith(line, {}).dY, (d, at) => d * P.data[at] * (1 - P.data[at]));
    },
  ),
  'softmax-derivative-on-top': {
    changes: (line) =>
      lossNameOf(line) !== 'cross_entropy'
        ? nothing
        : [
            {
              detail: "p - t was multiplied by the softmax's Jacobian once more; p - t is the gradient at the logits",
              compute: () => ({ dY: throughLink(line, lossWith(line, {}).dY, probabilitiesOf(line.setting, line.Y)) }),
            },
          ],
  },
  'link-derivative-left-out': ofLogits(
    (link) =>
      `the gradient with respect to the probabilities was taken for that with respect to the logits: the derivative of ${link} is missing`,
    ({ q, P, M }, line) =>
      lossNameOf(line) === 'cross_entropy'
        ? mapped(q, (x, at) => (x === 0 ? 0 : -x / P.data[at]))
        : mapped(q, (x, at) => (P.data[at] * M.data[at] - x) / (P.data[at] * (1 - P.data[at]))),
  ),
  'logits-as-probabilities': ofLogits(
    (link) => `the outputs y were taken for probabilities: y - t in place of ${link}(y) - t`,
    ({ q, M }, line) => mapped(q, (x, at) => line.Y.data[at] * M.data[at] - x),
  ),
  'probabilities-as-logits': {
    changes(line) {
      if (!takesLogits(line.setting)) return nothing;
      const link = linkOf(line);
      const value = (withChain: boolean) => () => {
        const P = probabilitiesOf(line.setting, line.Y);
        const { loss, dY } = lossWith({ ...line, Y: P }, {});
        return { loss: loss as number, dY: withChain ? throughLink(line, dY, P) : dY };
      };
      return [
        { detail: `the loss on logits was given ${link}(y): ${link} is applied twice`, compute: value(true) },
        {
          key: 'short',
          detail: `the loss on logits was given ${link}(y), and the derivative of that ${link} is missing, too`,
          compute: value(false),
        },
      ];
    },
  },
  'output-derivative-doubled': {
    changes: (line) =>
      lossNameOf(line) !== 'binary_cross_entropy'
        ? nothing
        : [
            {
              detail:
                'y - t was taken for the gradient with respect to the outputs y; it is that with respect to the logits, and contains the ' +
                "sigmoid's derivative already",
              compute: () => ({
                dY: mapped(lossWith(line, {}).dY, (d, at) => d * line.Y.data[at] * (1 - line.Y.data[at])),
              }),
            },
          ],
  },
  'softmax-over-samples': {
    changes: (line) =>
      lossNameOf(line) !== 'cross_entropy' || line.Y.rows < 2
        ? nothing
        : [
            {
              detail: 'softmax was taken over the samples (axis 0); it is over the classes of a sample (axis 1)',
              compute() {
                const { M, q } = termsOf(line);
                const P = probabilitiesOf(line.setting, line.Y.transposed()).transposed();
                return { dY: mapped(q, (x, at) => P.data[at] * M.data[at] - x) };
              },
            },
          ],
  },
  'true-class-only': {
    changes: (line) =>
      lossNameOf(line) !== 'cross_entropy'
        ? nothing
        : [
            {
              detail: 'p - t was computed for the true class only; the other classes have the gradient p',
              compute() {
                const { q } = termsOf(line);
                return { dY: mapped(lossWith(line, {}).dY, (d, at) => (q.data[at] === 0 ? 0 : d)) };
              },
            },
          ],
  },
  'target-not-subtracted': {
    changes(line) {
      const name = lossNameOf(line);
      if (name !== 'mse' && !takesLogits(line.setting)) return nothing;
      const right = name === 'mse' ? 'y - t' : 'p - t';
      return [
        {
          detail: `the target was not subtracted: ${right[0]} in place of ${right}`,
          compute() {
            if (name === 'mse') return { dY: lossWith(line, { targets: new Dense(line.Y.rows, line.Y.columns) }).dY };
            const { M } = termsOf(line);
            return { dY: mapped(probabilitiesOf(line.setting, line.Y), (p, at) => p * M.data[at]) };
          },
        },
      ];
    },
  },
  'class-index-off-by-one': {
    changes(line) {
      const { targets, bound } = line.setting;
      if (!(targets instanceof Float64Array)) return nothing;
      const { columns } = line.Y;
      return [1, -1].map((by) => ({
        key: `${by}`,
        detail: `class k was taken for class k ${by > 0 ? '+' : '-'} 1; classes are counted from 0`,
        pointer: '/batch/targets',
        compute: () =>
          lossWith(line, {
            targets: targets.map((t) => (t === bound.loss.classes?.ignoreIndex ? t : (t + by + columns) % columns)),
          }),
      }));
    },
  },
  'targets-broadcast': {
    changes(line) {
      const { targets } = line.setting;
      const { rows, columns } = line.Y;
      const isLinear = ['mse', 'binary_cross_entropy', 'binary_cross_entropy_with_logits'].includes(lossNameOf(line));
      if (targets instanceof Float64Array || columns !== 1 || rows < 2 || !isLinear) return nothing;
      return [
        {
          detail: `outputs of shape (${rows}, 1) and targets of shape (${rows},) were broadcast to ${rows} x ${rows} differences`,
          pointer: '/batch/targets',
          compute() {
            const mean = targets.data.reduce((sum, t) => sum + t, 0) / rows;
            const { loss, dY } = lossWith(line, { targets: mapped(targets, () => mean) });
            const variance = targets.data.reduce((sum, t) => sum + (t - mean) ** 2, 0) / rows;
            const spread = lossNameOf(line) === 'mse' ? (variance * rows) / line.setting.divisor : 0;
            return { loss: (loss as number) + spread, dY };
          },
        },
      ];
    },
  },
  'loss-in-place-of-derivative': {
    changes: (line) =>
      lossNameOf(line) !== 'mse'
        ? nothing
        : [
            {
              detail: '(y - t)^2 was taken for the derivative; it is 2 (y - t)',
              compute: () => ({
                dY: mapped(
                  lossWith(line, {}).dY,
                  (d, at) => (d / 2) * (line.Y.data[at] - (line.setting.targets as Dense).data[at]),
                ),
              }),
            },
          ],
  },
  'another-loss': {
    changes(line) {
      const { targets, s } = line.setting;
      const own = lossNameOf(line);
      const { reduction } = line.setting.bound;
      return OTHER_LOSSES.filter((name) => name !== own && name in losses).flatMap((name) => {
        const given = { type: name, reduction };
        const { values, outputs, classes } = bindLoss(given).loss;
        const fits =
          targets instanceof Float64Array
            ? classes !== undefined
            : values !== undefined && targets.data.every((t) => values.holds(t));
        if (!fits || !line.Y.data.every((y) => outputs?.holds(y) ?? true)) return [];
        return [
          {
            key: name,
            detail: `the gradient is that of ${name}, not of ${own}`,
            compute() {
              const value = lossWith(line, { given, divisor: divisorWith(line, { given, s }) });
              // Without a gradient at all, it would explain all that is 0.
              return value.dY.data.every((d) => d === 0) ? undefined : value;
            },
          },
        ];
      });
    },
  },
} satisfies Record<string, LossMistake>;
