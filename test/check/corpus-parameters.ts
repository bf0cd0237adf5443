// Wrong programs: gradients of weights and biases, and the penalty.
import type { MistakeName } from '../../schemas/mistake.ts';
import {
  geluCe,
  geluMse,
  reluBce,
  reluCe,
  reluMse,
  sigmoidCe,
  sigmoidMse,
  softplusMse,
  squareRelu,
  squareSigmoid,
  squareTanh,
  tanhBce,
  tanhCe,
  tanhMse,
  type Wrong,
  wrong,
} from './corpus.ts';
import { dot, map, outer, plus, scale, sum0, sum1, sumAll, T, zerosLike } from './numpy.ts';
import { type At, type Problem, rightLines, shareOf } from './program.ts';

const right = rightLines;
const n = (at: At) => at.dZ.length;
const penalised = (p: Problem, penalty: object): Problem => ({ ...p, penalty });
/** The program's gradients with another penalty. */
const penalty =
  (add: (w: number, p: Problem) => number, onBiases = false) =>
  (p: Problem) =>
    wrongPenalty(p, add, onBiases);
const wrongPenalty = (p: Problem, add: (w: number, p: Problem) => number, onBiases: boolean) => ({
  p,
  finish: (results: ReturnType<typeof import('./program.ts').run>) => ({
    gradients: results.gradients.map(({ weights, biases }, k) => ({
      weights: plus(
        weights,
        map(p.W[k], (w) => add(w, p) - own_(p, w)),
      ),
      biases: onBiases
        ? (biases as number[]).map((x, j) => x + add(p.b[k][j], p) - (p.penalty?.biases ? own_(p, p.b[k][j]) : 0))
        : biases,
    })),
  }),
});
const own_ = (p: Problem, w: number) => (p.penalty?.l1 ?? 0) * Math.sign(w) + (p.penalty?.l2 ?? 0) * w;
const ofPenalty = (mistake: MistakeName, problems: Problem[], add: (w: number, p: Problem) => number) =>
  problems.map((p) => wrong(mistake, p, {}, penalty(add)(p).finish));

export const wrongParameters: Wrong[] = [
  ...[tanhMse, reluCe].map((p) =>
    wrong('weights-from-pre-activations', p, { dW: (at) => dot(T(at.dZ), at.k ? at.Z[at.k - 1] : at.A[0]) }),
  ),
  ...[squareTanh, squareSigmoid].map((p) =>
    wrong('weights-from-own-outputs', p, { dW: (at) => (at.k < 2 ? dot(T(at.dZ), at.A[at.k + 1]) : right.dW(at)) }),
  ),
  ...[softplusMse, geluCe].map((p) => wrong('weights-from-output-gradients', p, { dW: (at) => dot(T(at.dA), at.A[at.k]) })),
  ...[squareTanh, squareRelu].map((p) =>
    wrong('weights-from-inputs-of-another-layer', p, { dW: (at) => dot(T(at.dZ), at.A[Math.max(0, at.k - 1)]) }),
  ),
  wrong('weights-transposed', squareTanh, { dW: (at) => (at.k < 2 ? dot(T(at.A[at.k]), at.dZ) : right.dW(at)) }),
  wrong('weights-transposed', reluCe, { dW: (at) => dot(T(at.A[at.k]), at.dZ) }),
  ...[tanhMse, reluBce].map((p) =>
    wrong('weights-of-one-sample', p, { dW: (at) => outer(at.dZ[n(at) - 1], at.A[at.k][n(at) - 1]) }),
  ),
  ...[sigmoidMse, geluMse].map((p) =>
    wrong('product-of-means', p, {
      dW: (at) =>
        outer(
          sum0(at.dZ),
          sum0(at.A[at.k]).map((x) => x / n(at)),
        ),
    }),
  ),
  wrong('bias-of-one-sample', tanhMse, { db: (at) => at.dZ[0] }),
  wrong('bias-of-one-sample', reluCe, { db: (at) => (at.k === 1 ? at.dZ[n(at) - 1] : sum0(at.dZ)) }),
  ...[softplusMse, sigmoidCe].map((p) => wrong('bias-from-output-gradients', p, { db: (at) => sum0(at.dA) })),
  wrong('bias-summed-over-units', tanhMse, { db: (at) => sumAll(at.dZ) }),
  wrong('bias-summed-over-units', geluMse, { db: (at) => sum0(at.dZ).map(() => sumAll(at.dZ)) }),
  ...[tanhBce, reluMse].map((p) => wrong('bias-summed-over-wrong-axis', p, { db: (at) => sum1(at.dZ) })),
  wrong('bias-kept-dimension', tanhMse, { db: (at) => [sum0(at.dZ)] }),
  wrong('bias-kept-dimension', reluCe, { db: (at) => sum0(at.dZ).map((x) => [x]) }),
  ...[sigmoidCe, geluMse].map((p) => wrong('bias-not-summed', p, { db: (at) => at.dZ })),
  wrong('gradient-zero', tanhMse, { db: (at) => sum0(at.dZ).map(() => 0) }),
  wrong('gradient-zero', reluCe, { dW: (at) => (at.k === 1 ? zerosLike(right.dW(at)) : right.dW(at)) }),
  ...[tanhMse, reluCe].map((p) =>
    wrong('gradient-clipped', p, {
      dW: (at) => (at.k === 2 ? map(right.dW(at), (x) => Math.max(-0.05, Math.min(0.05, x))) : right.dW(at)),
    }),
  ),
  ...[tanhCe, softplusMse].map((p) =>
    wrong('parameters-after-step', p, {
      dW: (at) => plus(at.W[at.k], scale(-0.1, right.dW(at))),
      db: (at) => sum0(at.dZ).map((x, j) => at.p.b[at.k][j] - 0.1 * x),
    }),
  ),
  ...ofPenalty('penalty-left-out', [penalised(tanhMse, { l2: 0.1 }), penalised(reluCe, { l1: 0.02, l2: 0.1 })], () => 0),
  ...ofPenalty('penalty-doubled', [penalised(tanhCe, { l2: 0.1 }), penalised(geluMse, { l2: 0.03 })], (w, p) => 2 * own_(p, w)),
  ...ofPenalty(
    'penalty-averaged',
    [penalised(tanhMse, { l2: 0.1 }), penalised(reluBce, { l2: 0.5 })],
    (w, p) => own_(p, w) / p.X.length,
  ),
  ...ofPenalty(
    'penalty-subtracted',
    [penalised(softplusMse, { l2: 0.1 }), penalised(sigmoidCe, { l1: 0.02 })],
    (w, p) => -own_(p, w),
  ),
  ...ofPenalty('penalty-of-other-kind', [penalised(tanhMse, { l1: 0.1 })], (w) => 0.1 * w),
  ...ofPenalty('penalty-of-other-kind', [penalised(reluMse, { l2: 0.1 })], (w) => 0.1 * Math.sign(w)),
  ...[penalised(tanhMse, { l2: 0.1 }), penalised(reluCe, { l2: 0.2 })].map((p) =>
    wrong('penalty-on-biases', p, {}, penalty((w) => own_(p, w), true)(p).finish),
  ),
  ...[penalised(tanhMse, { l2: 0.1, biases: true }), penalised(geluCe, { l2: 0.2, biases: true })].map((p) =>
    wrong('penalty-not-on-biases', p, {}, ({ gradients }) => ({
      gradients: gradients.map(({ weights, biases }, k) => ({
        weights,
        biases: (biases as number[]).map((x, j) => x - own_(p, p.b[k][j])),
      })),
    })),
  ),
  ...ofPenalty('penalty-of-other-strength', [penalised(tanhMse, { l2: 0.1 })], (w) => 0.01 * w),
  ...ofPenalty('penalty-of-other-strength', [penalised(reluBce, { l1: 0.02, l2: 0.3 })], (w, p) => 0.5 * own_(p, w)),
  wrong('penalty-of-other-strength', penalised(geluCe, { l2: 0.1, biases: true }), {}, (results) => ({
    ...penalty((w) => 0.03 * w, true)(penalised(geluCe, { l2: 0.1, biases: true })).finish(results),
    loss: results.loss - 0.7 * shareOf(penalised(geluCe, { l2: 0.1, biases: true })),
  })),
  wrong('penalty-not-in-request', tanhMse, {}, (results) => ({
    ...penalty((w) => 0.01 * w)(tanhMse).finish(results),
    loss: results.loss + shareOf(penalised(tanhMse, { l2: 0.01 })),
  })),
  wrong('penalty-not-in-request', sigmoidCe, {}, penalty((w) => 1e-4 * w)(sigmoidCe).finish),
  wrong('penalty-not-in-request', reluCe, {}, (results) => ({
    ...penalty((w) => 0.002 * Math.sign(w), true)(reluCe).finish(results),
    loss: results.loss + shareOf(penalised(reluCe, { l1: 0.002, biases: true })),
  })),
];
