// Wrong programs: constant factors, and the gradient of the loss.
import {
  geluCe,
  geluMse,
  reluBce,
  reluCe,
  reluMse,
  sigmoidCe,
  sigmoidMse,
  softplusBce,
  softplusMse,
  tanhBce,
  tanhCe,
  tanhMse,
  type Wrong,
  wrong,
} from './corpus.ts';
import { dot, map, minus, scale, softmaxRows, sum0, T, times } from './numpy.ts';
import { lossTerms, type Problem, probabilities, problem, rightLines, sigmoid } from './program.ts';

const right = rightLines;
/** dY of the right program, and the loss, multiplied by c. */
const both = (c: (p: Problem) => number): Partial<typeof rightLines> => ({
  dY: (p, Y) => scale(c(p), right.dY(p, Y)),
  loss: (p, Y) => c(p) * right.loss(p, Y),
});
const n = (p: Problem) => p.X.length;
const outputs = (p: Problem) => p.W[p.W.length - 1].length;

const factors: Wrong[] = [
  wrong(
    'summed-not-averaged',
    tanhMse,
    both((p) => n(p) * outputs(p)),
  ),
  wrong('summed-not-averaged', reluCe, both(n)),
  wrong('mean-over-samples-only', sigmoidMse, { dY: (p, Y) => map(Y, (y, i, j) => (2 * (y - p.T[i][j])) / n(p)) }),
  wrong('mean-over-samples-only', problem(101, [3, 4, 3], ['relu', 'identity'], 'mse'), both(outputs)),
  wrong(
    'mean-over-outputs-too',
    { ...tanhMse, lossOptions: { reduction: 'sum' } },
    both((p) => 1 / n(p) / outputs(p)),
  ),
  wrong(
    'mean-over-outputs-too',
    { ...reluMse, lossOptions: { reduction: 'batchmean' } },
    both(() => 1 / 2),
  ),
  wrong('factor-half', softplusMse, { dY: (p, Y) => map(Y, (y, i, j) => (y - p.T[i][j]) / n(p) / 2) }),
  wrong(
    'factor-half',
    geluMse,
    both(() => 0.5),
  ),
  wrong('factor-two', tanhCe, {}, ({ gradients }) => ({
    gradients: gradients.map(({ weights, biases }) => ({
      weights: scale(2, weights),
      biases: (biases as number[]).map((x) => 2 * x),
    })),
  })),
  wrong('factor-two', sigmoidCe, { dY: (p, Y) => scale(2, right.dY(p, Y)) }),
  wrong('sign-reversed', tanhMse, { dY: (p, Y) => map(Y, (y, i, j) => (2 * (p.T[i][j] - y)) / n(p) / 2) }),
  wrong('sign-reversed', geluCe, { dY: (p, Y) => scale(-1, right.dY(p, Y)) }),
  wrong('mean-over-outputs-only', tanhMse, { dY: (p, Y) => map(Y, (y, i, j) => (2 * (y - p.T[i][j])) / outputs(p)) }),
  wrong('mean-over-outputs-only', reluBce, { dY: (p, Y) => scale(n(p), right.dY(p, Y)) }),
  wrong('averaged-twice', softplusMse, {
    dW: (at) => scale(1 / n(at.p), right.dW(at)),
    db: (at) => sum0(at.dZ).map((x) => x / n(at.p)),
  }),
  wrong('averaged-twice', sigmoidCe, { db: (at) => sum0(at.dZ).map((x) => x / n(at.p)) }),
  wrong('averaged-twice', tanhBce, { dY: (p, Y) => scale(1 / n(p), right.dY(p, Y)) }),
  wrong(
    'logarithm-base',
    tanhCe,
    both(() => 1 / Math.LN2),
  ),
  wrong('logarithm-base', softplusBce, { loss: (p, Y) => right.loss(p, Y) / Math.LN2 }),
  wrong(
    'logarithm-base-10',
    reluCe,
    both(() => 1 / Math.LN10),
  ),
  wrong('logarithm-base-10', sigmoidCe, { loss: (p, Y) => right.loss(p, Y) / Math.LN10 }),
  wrong('constant-factor', tanhMse, {
    dW: (at) => scale(0.01, right.dW(at)),
    db: (at) => sum0(at.dZ).map((x) => 0.01 * x),
  }),
  wrong('constant-factor', reluCe, { dY: (p, Y) => scale(-0.3, right.dY(p, Y)) }),
  wrong('constant-factor', geluMse, { dX: (at) => scale(1 / at.W[at.k][0].length, dot(at.dZ, at.W[at.k])) }),
  ...[tanhMse, reluCe].map((p) =>
    wrong(
      'mean-in-parameters-only',
      p,
      {
        dY: (q, Y) => scale(lossTerms(q, Y).divisor, right.dY(q, Y)),
        dW: (at) => scale(1 / lossTerms(at.p, at.A[at.A.length - 1]).divisor, right.dW(at)),
        db: (at) => sum0(at.dZ).map((x) => x / lossTerms(at.p, at.A[at.A.length - 1]).divisor),
      },
      undefined,
      true,
    ),
  ),
];

const bceSigmoid = (seed: number) => problem(seed, [3, 4, 5, 2], ['tanh', 'tanh', 'sigmoid'], 'binary_cross_entropy');
const oneOutput = (seed: number, loss: string) => problem(seed, [3, 4, 1], ['tanh', 'identity'], loss);
/** (p M - q) with other probabilities. */
const withP = (P: (p: Problem, Y: number[][]) => number[][]) => (p: Problem, Y: number[][]) => {
  const { s, divisor, q } = lossTerms(p, Y);
  const other = P(p, Y);
  return map(Y, (_, i, j) => {
    const total = p.loss === 'cross_entropy' ? q[i].reduce((a, b) => a + b, 0) : 1 - p.T[i][j] + q[i][j];
    return (s[i] * (other[i][j] * total - q[i][j])) / divisor;
  });
};
const jacobian = (P: number[][], D: number[][]) =>
  P.map((row, i) => {
    const total = row.reduce((sum, x, j) => sum + x * D[i][j], 0);
    return row.map((x, j) => x * (D[i][j] - total));
  });

const losses: Wrong[] = [
  ...[tanhCe, reluBce].map((p) =>
    wrong('sigmoid-derivative-on-top', p, {
      dY: (q, Y) =>
        times(
          right.dY(q, Y),
          map(probabilities(q, Y), (x) => x * (1 - x)),
        ),
    }),
  ),
  ...[reluCe, geluCe].map((p) =>
    wrong('softmax-derivative-on-top', p, { dY: (q, Y) => jacobian(softmaxRows(Y), right.dY(q, Y)) }),
  ),
  wrong('link-derivative-left-out', sigmoidCe, {
    dY: (p, Y) => map(softmaxRows(Y), (x, i, j) => (p.classes[i] === j ? -1 / x / n(p) : 0)),
  }),
  wrong('link-derivative-left-out', tanhBce, {
    dY: (p, Y) => map(map(Y, sigmoid), (x, i, j) => (x - p.T[i][j]) / (x * (1 - x)) / n(p) / outputs(p)),
  }),
  ...[tanhCe, softplusBce].map((p) => wrong('logits-as-probabilities', p, { dY: withP((_, Y) => Y) })),
  wrong('probabilities-as-logits', reluCe, {
    loss: (p, Y) => right.loss(p, softmaxRows(Y)),
    dY: (p, Y) => jacobian(softmaxRows(Y), right.dY(p, softmaxRows(Y))),
  }),
  wrong('probabilities-as-logits', tanhBce, {
    loss: (p, Y) => right.loss(p, map(Y, sigmoid)),
    dY: (p, Y) =>
      times(
        right.dY(p, map(Y, sigmoid)),
        map(Y, (y) => sigmoid(y) * (1 - sigmoid(y))),
      ),
  }),
  ...[110, 111].map((seed) =>
    wrong('output-derivative-doubled', bceSigmoid(seed), {
      dY: (p, Y) => map(Y, (y, i, j) => (y - p.T[i][j]) / n(p) / outputs(p)),
    }),
  ),
  ...[reluCe, tanhCe].map((p) => wrong('softmax-over-samples', p, { dY: withP((_, Y) => T(softmaxRows(T(Y)))) })),
  ...[sigmoidCe, geluCe].map((p) =>
    wrong('true-class-only', p, { dY: (q, Y) => map(softmaxRows(Y), (x, i, j) => (q.classes[i] === j ? (x - 1) / n(q) : 0)) }),
  ),
  wrong('target-not-subtracted', tanhMse, { dY: (p, Y) => scale(2 / n(p) / outputs(p), Y) }),
  wrong('target-not-subtracted', reluCe, { dY: (p, Y) => scale(1 / n(p), softmaxRows(Y)) }),
  wrong('target-not-subtracted', reluBce, { dY: (p, Y) => scale(1 / n(p) / outputs(p), map(Y, sigmoid)) }),
  ...[tanhCe, reluCe].map((p, by) =>
    wrong('class-index-off-by-one', p, {
      dY: (q, Y) =>
        map(
          softmaxRows(Y),
          (x, i, j) => (x - ((q.classes[i] + (by ? 1 : q.W[2].length - 1)) % q.W[2].length === j ? 1 : 0)) / n(q),
        ),
    }),
  ),
  ...['mse', 'binary_cross_entropy_with_logits'].map((loss, i) =>
    wrong('targets-broadcast', oneOutput(120 + i, loss), {
      dY: (p, Y) => {
        // (n, 1) - (n,): n x n differences.
        const D = Y.map(([y]) => p.T.map(([t]) => (loss === 'mse' ? 2 * (y - t) : sigmoid(y) - t) / n(p) ** 2));
        return D.map((row) => [row.reduce((a, b) => a + b, 0)]);
      },
    }),
  ),
  ...[tanhMse, reluMse].map((p) =>
    wrong('loss-in-place-of-derivative', p, { dY: (q, Y) => map(Y, (y, i, j) => (y - q.T[i][j]) ** 2 / n(q) / outputs(q)) }),
  ),
  wrong('another-loss', softplusMse, { dY: (p, Y) => map(Y, (y, i, j) => Math.sign(y - p.T[i][j]) / n(p) / outputs(p)) }),
  wrong('another-loss', reluBce, { dY: (p, Y) => map(Y, (y, i, j) => (2 * (y - p.T[i][j])) / n(p) / outputs(p)) }),
];

const weighted = (p: Problem): Problem => ({ ...p, s: p.X.map((_, i) => 0.5 + 0.3 * i) });
const withClassWeights = (p: Problem): Problem => ({ ...p, lossOptions: { weight: p.W[2].map((_, j) => 0.5 + 0.7 * j) } });
const withPosWeight = (p: Problem): Problem => ({ ...p, lossOptions: { pos_weight: p.W[2].map((_, j) => 2 + j) } });
const smoothed = (p: Problem): Problem => ({ ...p, lossOptions: { label_smoothing: 0.2 } });
const ignoring = (p: Problem, index: number): Problem => ({
  ...p,
  classes: p.classes.map((t, i) => (i % 3 === 1 ? index : t)),
  lossOptions: { ignore_index: index },
});
const instead = (change: (p: Problem) => Problem): Partial<typeof rightLines> => ({
  dY: (p, Y) => right.dY(change(p), Y),
  loss: (p, Y) => right.loss(change(p), Y),
});
/** With the divisor of another problem. */
const dividedAs = (change: (p: Problem) => Problem, own: (p: Problem) => Problem = (p) => p): Partial<typeof rightLines> => ({
  dY: (p, Y) => scale(lossTerms(own(p), Y).divisor / lossTerms(change(p), Y).divisor, right.dY(own(p), Y)),
});
const unweighted = (p: Problem): Problem => ({ ...p, s: undefined });
const noOptions = (p: Problem): Problem => ({ ...p, lossOptions: {} });

const weights: Wrong[] = [
  ...[tanhMse, reluCe].map((p) => wrong('sample-weights-left-out', weighted(p), instead(unweighted))),
  ...[sigmoidMse, tanhBce].map((p) => wrong('sample-weights-not-in-divisor', weighted(p), dividedAs(unweighted))),
  ...[geluMse, tanhCe].map((p) =>
    wrong(
      'sample-weights-only-in-divisor',
      weighted(p),
      dividedAs((q) => q, unweighted),
    ),
  ),
  ...[tanhCe, geluCe].map((p) => wrong('class-weights-left-out', withClassWeights(p), instead(noOptions))),
  ...[reluCe, sigmoidCe].map((p) => wrong('class-weights-not-in-divisor', withClassWeights(p), dividedAs(noOptions))),
  ...[tanhCe, reluCe].map((p) =>
    wrong(
      'class-weights-only-in-divisor',
      withClassWeights(p),
      dividedAs((q) => q, noOptions),
    ),
  ),
  ...[tanhBce, reluBce].map((p) => wrong('pos-weight-left-out', withPosWeight(p), instead(noOptions))),
  ...[softplusBce, reluBce].map((p) =>
    wrong('pos-weight-on-all-targets', withPosWeight(p), {
      dY: (q, Y) => map(right.dY(noOptions(q), Y), (d, _, j) => d * (q.lossOptions.pos_weight as number[])[j]),
    }),
  ),
  ...[tanhCe, reluCe].map((p) => wrong('label-smoothing-left-out', smoothed(p), instead(noOptions))),
  ...[sigmoidCe, geluCe].map((p) =>
    wrong('label-smoothing-on-other-classes', smoothed(p), {
      dY: (q, Y) => map(softmaxRows(Y), (x, i, j) => (x - (q.classes[i] === j ? 0.8 : 0.2 / (outputs(q) - 1))) / n(q)),
    }),
  ),
  wrong(
    'ignored-samples-counted',
    ignoring(tanhCe, 0),
    instead((p) => ({ ...p, lossOptions: {} })),
  ),
  wrong('ignored-samples-counted', ignoring(reluCe, -1), {
    dY: (p, Y) => map(softmaxRows(Y), (x, i, j) => (x - (p.classes[i] === j ? 1 : 0)) / n(p)),
  }),
  ...[geluCe, sigmoidCe].map((p) => wrong('ignored-samples-in-divisor', ignoring(p, 1), dividedAs(noOptions))),
  wrong('only-last-sample', tanhMse, {
    dY: (p, Y) => map(right.dY(p, Y), (d, i) => (i === n(p) - 1 ? d : 0)),
  }),
  wrong('only-last-sample', reluBce, { dY: (p, Y) => map(right.dY(p, Y), (d, i) => (i === n(p) - 1 ? n(p) * d : 0)) }),
  ...[softplusMse, tanhCe].map((p) =>
    wrong('only-first-sample', p, { dY: (q, Y) => map(right.dY(q, Y), (d, i) => (i === 0 ? d : 0)) }),
  ),
];

export const wrongLosses = [...factors, ...losses, ...weights];
export { minus };
