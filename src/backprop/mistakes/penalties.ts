// Mistakes with the gradient of the penalty.
import { penaltyDefaults } from '../../../schemas/penalty.ts';
import { Dense } from '../../linalg/dense.ts';
import { addPenaltyGradients, type BoundPenalty } from '../penalty.ts';
import type { Change, GradientLine, Mistake } from './change.ts';

type GradientMistake = Mistake<GradientLine, Float64Array>;

/** a + factor · b. */
export const plus = (a: Float64Array, b: Float64Array | undefined, factor = 1): Float64Array =>
  b ? a.map((x, i) => x + factor * b[i]) : a;

/** The factor of `direction` in candidate = base + factor · direction, taken where the direction is largest. */
export function rateOf(candidate: Float64Array, base: Float64Array, direction: Float64Array): number {
  let most = 0;
  for (let i = 1; i < direction.length; i++) if (Math.abs(direction[i]) > Math.abs(direction[most])) most = i;
  return (candidate[most] - base[most]) / direction[most];
}

/** The gradient of the penalty with other options. */
function penaltyWith({ setting, parameters, of }: GradientLine, options: Partial<BoundPenalty>): Float64Array {
  const gradient = new Float64Array(parameters.length);
  const W = new Dense(1, parameters.length, parameters);
  const into = new Dense(1, gradient.length, gradient);
  const penalty = { ...(setting.penalty ?? penaltyDefaults), ...options };
  if (of === 'weights' || penalty.biases) addPenaltyGradients(penalty, [{ W, b: undefined }], [{ dW: into, db: undefined }]);
  return gradient;
}

/** A mistake with the gradient of the penalty. */
function ofPenalty(
  detail: string,
  gradient: (line: GradientLine) => Float64Array | undefined,
  isFor: (line: GradientLine) => boolean = ({ ofPenalty }) => ofPenalty !== undefined,
): GradientMistake {
  return {
    changes: (line) =>
      line.setting.penalty && isFor(line)
        ? [{ detail, pointer: '/penalty', compute: () => plus(line.ofLoss, gradient(line)) }]
        : [],
  };
}

/** How many of the numbers are not 0. */
const significant = (values: Float64Array): number => values.reduce((count, x) => count + Number(x !== 0), 0);

/** A penalty on the parameters that the request has not, of the strength that the candidate shows. */
function decay(line: GradientLine, kind: 'l1' | 'l2'): Change<Float64Array>[] {
  const { candidate, ofLoss } = line;
  const direction = penaltyWith(line, { [kind]: 1, biases: true });
  const strength = rateOf(candidate, ofLoss, direction);
  if (!(strength > 0 && strength < Infinity)) return [];
  const shown = Number(strength.toPrecision(4));
  return [
    {
      key: `${kind} ${shown}`,
      pointer: '/penalty',
      detail: `the gradient of an ${kind.toUpperCase()} penalty of strength ${shown} was added; the request has none`,
      fittedTo: significant(direction),
      penalty: { ...penaltyDefaults, [kind]: strength },
      compute: () => plus(ofLoss, direction, strength),
    },
  ];
}

export const penaltyMistakes = {
  'penalty-left-out': ofPenalty('the gradient of the penalty was not added', () => undefined),
  'penalty-doubled': ofPenalty('the gradient of l2 / 2 w^2 was computed as 2 l2 w; it is l2 w', ({ ofPenalty }) =>
    ofPenalty?.map((x) => 2 * x),
  ),
  'penalty-averaged': ofPenalty(
    'the penalty was divided by the number of samples; it is added after the reduction',
    ({ ofPenalty, setting }) => ofPenalty?.map((x) => x / setting.X.rows),
  ),
  'penalty-subtracted': ofPenalty('the gradient of the penalty was subtracted', ({ ofPenalty }) => ofPenalty?.map((x) => -x)),
  'penalty-on-biases': ofPenalty(
    'the penalty was applied to the biases; the request has it on weights only',
    (line) => penaltyWith(line, { biases: true }),
    ({ of, ofPenalty }) => of === 'biases' && ofPenalty === undefined,
  ),
  'penalty-not-on-biases': ofPenalty(
    'the penalty was not applied to the biases; the request has it on them, too',
    () => undefined,
    ({ of, ofPenalty }) => of === 'biases' && ofPenalty !== undefined,
  ),
  'penalty-of-other-kind': ofPenalty('l1 was applied as l2, or the reverse: l1 sign(w) + l2 w', (line) => {
    const { l1, l2 } = line.setting.penalty as { l1: number; l2: number };
    return penaltyWith(line, { l1: l2, l2: l1 });
  }),
  'penalty-of-other-strength': {
    changes({ setting, candidate, ofLoss, ofPenalty }) {
      const { penalty } = setting;
      if (!penalty || !ofPenalty) return [];
      const factor = rateOf(candidate, ofLoss, ofPenalty);
      // These have names of their own.
      const isNamed = [0, 1, 2, -1, 1 / setting.X.rows].some((known) => Math.abs(factor - known) < 1e-4);
      if (isNamed || !Number.isFinite(factor)) return [];
      const shown = Number(factor.toPrecision(4));
      return [
        {
          key: `${shown}`,
          pointer: '/penalty',
          detail: `the gradient of the penalty is ${shown} times that of the request's`,
          fittedTo: significant(ofPenalty),
          penalty: { ...penalty, l1: factor * penalty.l1, l2: factor * penalty.l2 },
          compute: () => plus(ofLoss, ofPenalty, factor),
        },
      ];
    },
  },
  'penalty-not-in-request': {
    changes: (line) => (line.setting.penalty ? [] : (['l2', 'l1'] as const).flatMap((kind) => decay(line, kind))),
  },
} satisfies Record<string, GradientMistake>;
