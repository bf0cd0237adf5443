// Wrong programs: derivatives of activations, gradients of parameters, what is passed back, and the forward pass.
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
  squareRelu,
  squareSigmoid,
  squareTanh,
  tanhBce,
  tanhCe,
  tanhMse,
  type Wrong,
  wrong,
} from './corpus.ts';
import {
  addRow,
  dot,
  type Matrix,
  map,
  outer,
  plus,
  scale,
  softmaxRows,
  sum0,
  sum1,
  sumAll,
  T,
  times,
  zerosLike,
} from './numpy.ts';
import { type At, df, f, Phi, type Problem, problem, rightLines, sigmoid } from './program.ts';

const right = rightLines;
type Slope = (at: Omit<At, 'dZ'>) => Matrix;
/** Another slope in all layers that are not linear. */
const slopes = (slope: Slope): Partial<typeof rightLines> => ({
  dZ: (at) => (at.p.activations[at.k] === 'identity' ? at.dA : times(at.dA, slope(at))),
});
/** Another slope in one layer. */
const slopesAt = (k: number, slope: Slope): Partial<typeof rightLines> => ({
  dZ: (at) => (at.k === k ? times(at.dA, slope(at)) : right.dZ(at)),
});
const own = (at: Omit<At, 'dZ'>) => at.p.activations[at.k];
const zOf =
  (g: (z: number) => number): Slope =>
  (at) =>
    map(at.Z[at.k], g);
const aOf =
  (g: (a: number) => number): Slope =>
  (at) =>
    map(at.A[at.k + 1], g);
const silu = (seed: number) => problem(seed, [3, 4, 5, 2], ['silu', 'silu', 'identity'], 'mse');
const leaky = (seed: number) => problem(seed, [3, 8, 7, 2], ['leaky_relu', 'leaky_relu', 'identity'], 'mse');
const mixed = (seed: number) => problem(seed, [3, 4, 5, 2], ['tanh', 'sigmoid', 'identity'], 'mse');
const softmaxMse = (seed: number) => problem(seed, [3, 4, 3], ['tanh', 'softmax'], 'mse');
/** Some inputs are 0, and so are the first layer's biases: some pre-activations are exactly 0. */
const withZeros = (p: Problem): Problem => ({
  ...p,
  X: p.X.map((x, i) => (i < 2 ? x.map(() => 0) : x)),
  b: p.b.map((b, k) => (k ? b : b.map(() => 0))),
});

const ofSlopes: Wrong[] = [
  wrong('derivative-at-pre-activation', tanhMse, slopes(zOf((z) => 1 - z * z))),
  wrong(
    'derivative-at-pre-activation',
    sigmoidCe,
    slopesAt(
      0,
      zOf((z) => z * (1 - z)),
    ),
  ),
  wrong(
    'derivative-at-pre-activation',
    sigmoidMse,
    slopesAt(
      2,
      zOf((z) => z * (1 - z)),
    ),
  ),
  wrong(
    'derivative-at-output',
    sigmoidMse,
    slopes((at) => map(at.A[at.k + 1], df.sigmoid)),
  ),
  wrong(
    'derivative-at-output',
    geluCe,
    slopes((at) => map(at.A[at.k + 1], df.gelu)),
  ),
  wrong('derivative-at-output', softplusBce, slopesAt(1, aOf(sigmoid))),
  wrong('derivative-left-out', tanhCe, slopes(zOf(() => 1))),
  wrong(
    'derivative-left-out',
    reluMse,
    slopesAt(
      0,
      zOf(() => 1),
    ),
  ),
  wrong('derivative-left-out', sigmoidMse, { dZ: (at) => (at.k === 2 ? at.dA : right.dZ(at)) }),
  wrong('derivative-twice', softplusMse, slopes(zOf((z) => df.softplus(z) ** 2))),
  wrong(
    'derivative-twice',
    geluMse,
    slopesAt(
      1,
      zOf((z) => df.gelu(z) ** 2),
    ),
  ),
  wrong(
    'output-in-place-of-derivative',
    reluMse,
    slopes((at) => at.A[at.k + 1]),
  ),
  wrong(
    'output-in-place-of-derivative',
    tanhBce,
    slopesAt(0, (at) => at.A[at.k + 1]),
  ),
  wrong(
    'pre-activation-in-place-of-derivative',
    tanhMse,
    slopes((at) => at.Z[at.k]),
  ),
  wrong(
    'pre-activation-in-place-of-derivative',
    reluCe,
    slopesAt(1, (at) => at.Z[at.k]),
  ),
  wrong('square-left-out', tanhMse, slopes(aOf((a) => 1 - a))),
  wrong(
    'square-left-out',
    tanhCe,
    slopesAt(
      0,
      aOf((a) => 1 - a),
    ),
  ),
  wrong(
    'factor-left-out',
    sigmoidMse,
    slopesAt(
      1,
      aOf((a) => 1 - a),
    ),
  ),
  wrong('factor-left-out', sigmoidCe, slopes(aOf((a) => 1 - a))),
  wrong('sign-inside-derivative', tanhBce, slopes(aOf((a) => 1 + a * a))),
  wrong(
    'sign-inside-derivative',
    sigmoidMse,
    slopesAt(
      0,
      aOf((a) => a * (1 + a)),
    ),
  ),
  wrong(
    'slope-1-at-0',
    withZeros(reluMse),
    slopesAt(
      0,
      zOf((z) => (z >= 0 ? 1 : 0)),
    ),
  ),
  wrong('slope-1-at-0', withZeros(reluCe), slopes(zOf((z) => (z >= 0 ? 1 : 0)))),
  wrong('mask-inverted', reluMse, slopes(zOf((z) => (z > 0 ? 0 : 1)))),
  wrong(
    'mask-inverted',
    reluCe,
    slopesAt(
      1,
      zOf((z) => (z > 0 ? 0 : 1)),
    ),
  ),
  ...[reluMse, reluBce].map((p) =>
    wrong('mask-by-gradient', p, { dZ: (at) => (own(at) === 'relu' ? map(at.dA, (d) => Math.max(0, d)) : at.dA) }),
  ),
  ...[tanhMse, sigmoidCe].map((p) =>
    wrong('activation-applied-to-gradient', p, { dZ: (at) => (at.k < 2 ? map(at.dA, f[own(at)]) : at.dA) }),
  ),
  wrong('options-left-out-of-derivative', leaky(30), slopes(zOf((z) => (z > 0 ? 1 : 0.01)))),
  wrong(
    'options-left-out-of-derivative',
    leaky(31),
    slopesAt(
      1,
      zOf((z) => (z > 0 ? 1 : 0.01)),
    ),
  ),
  ...[geluMse, geluCe].map((p) =>
    wrong(
      'gelu-derivative-of-other-form',
      p,
      slopes(
        zOf((z) => {
          const c = Math.sqrt(2 / Math.PI);
          const t = Math.tanh(c * (z + 0.044715 * z ** 3));
          return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z);
        }),
      ),
    ),
  ),
  wrong('product-rule-left-out', geluMse, slopes(zOf(Phi))),
  wrong('product-rule-left-out', silu(32), slopes(zOf(sigmoid))),
  wrong('derivative-of-neighbouring-layer', mixed(33), slopesAt(0, zOf(df.sigmoid))),
  wrong('derivative-of-neighbouring-layer', mixed(34), slopesAt(1, zOf(df.tanh))),
  wrong(
    'slopes-of-another-layer',
    squareTanh,
    slopesAt(1, (at) => map(at.Z[0], df.tanh)),
  ),
  wrong(
    'slopes-of-another-layer',
    squareSigmoid,
    slopesAt(0, (at) => map(at.Z[1], df.sigmoid)),
  ),
  wrong('derivative-of-another-activation', tanhMse, slopes(aOf((a) => a * (1 - a)))),
  wrong('derivative-of-another-activation', sigmoidCe, slopes(zOf(df.tanh))),
  wrong('derivative-of-another-activation', reluBce, slopes(zOf(df.sigmoid))),
  wrong('derivative-of-another-activation', softplusMse, slopes(zOf(df.relu))),
  ...[35, 36].map((seed) =>
    wrong(
      'softmax-diagonal-only',
      softmaxMse(seed),
      slopesAt(
        1,
        aOf((a) => a * (1 - a)),
      ),
    ),
  ),
  ...[37, 38].map((seed) =>
    wrong('softmax-derivative-over-samples', softmaxMse(seed), {
      dZ(at) {
        if (at.k === 0) return right.dZ(at);
        const a = at.A[2];
        const total = sum0(times(a, at.dA));
        return map(a, (x, i, j) => x * (at.dA[i][j] - total[j]));
      },
    }),
  ),
];

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
const ofPenalty = (
  mistake: 'penalty-left-out' | 'penalty-doubled' | 'penalty-averaged' | 'penalty-subtracted' | 'penalty-of-other-kind',
  problems: Problem[],
  add: (w: number, p: Problem) => number,
) => problems.map((p) => wrong(mistake, p, {}, penalty(add)(p).finish));

const ofParameters: Wrong[] = [
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
];

const forwardOf = (k: number, lines: Partial<typeof rightLines>): Partial<typeof rightLines> => ({
  Z: (p, j, X) => (j === k ? (lines.Z ?? right.Z)(p, j, X) : right.Z(p, j, X)),
  A: (p, j, Z) => (j === k ? (lines.A ?? right.A)(p, j, Z) : right.A(p, j, Z)),
  dZ: (at) => (at.k === k ? (lines.dZ ?? right.dZ)(at) : right.dZ(at)),
});
const geluTanh = (z: number) => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)));
const dGeluTanh = (z: number) => (geluTanh(z + 1e-5) - geluTanh(z - 1e-5)) / 2e-5;

const ofFlow: Wrong[] = [
  ...[tanhMse, reluCe].map((p) => wrong('inputs-from-output-gradients', p, { dX: (at) => dot(at.dA, at.W[at.k]) })),
  ...[squareTanh, squareRelu].map((p) =>
    wrong('weights-not-transposed-backward', p, { dX: (at) => dot(at.dZ, at.k < 2 ? T(at.W[at.k]) : at.W[at.k]) }),
  ),
  ...[tanhMse, reluBce, geluCe].map((p, i) =>
    wrong('weights-after-update', p, { dX: (at) => dot(at.dZ, plus(at.W[at.k], scale(-[0.1, 0.5, 0.01][i], at.dW))) }),
  ),
  ...[squareTanh, squareSigmoid].map((p) =>
    wrong('weights-of-another-layer', p, { dX: (at) => dot(at.dZ, at.W[at.k === 1 ? 0 : at.k]) }),
  ),
  ...[squareTanh, squareRelu].map((p) =>
    wrong('weights-left-out-backward', p, { dX: (at) => (at.k === 1 ? at.dZ : dot(at.dZ, at.W[at.k])) }),
  ),
  ...[tanhMse, reluCe].map((p) =>
    wrong('gradient-stopped', p, { dX: (at) => (at.k === 2 ? zerosLike(at.A[2]) : dot(at.dZ, at.W[at.k])) }),
  ),
  wrong('bias-left-out', tanhMse, { Z: (p, k, X) => dot(X, T(p.W[k])) }),
  wrong('bias-left-out', reluCe, forwardOf(1, { Z: (p, k, X) => dot(X, T(p.W[k])) })),
  wrong('activation-left-out', tanhBce, forwardOf(1, { A: (_p, _k, Z) => Z, dZ: (at) => at.dA })),
  wrong('activation-left-out', sigmoidMse, forwardOf(2, { A: (_p, _k, Z) => Z, dZ: (at) => at.dA })),
  wrong(
    'another-activation',
    tanhMse,
    forwardOf(0, { A: (_p, _k, Z) => map(Z, f.relu), dZ: (at) => times(at.dA, map(at.Z[0], df.relu)) }),
  ),
  wrong('another-activation', geluMse, {
    A: (_p, k, Z) => map(Z, k < 2 ? f.relu : f.identity),
    dZ: (at) => times(at.dA, map(at.Z[at.k], at.k < 2 ? df.relu : df.identity)),
  }),
  ...[40, 41].map((seed) =>
    wrong('activation-options-left-out', leaky(seed), {
      A: (_p, k, Z) => map(Z, (z) => (k < 2 && z < 0 ? 0.01 * z : z)),
      dZ: (at) =>
        times(
          at.dA,
          map(at.Z[at.k], (z) => (at.k < 2 && z < 0 ? 0.01 : 1)),
        ),
    }),
  ),
  ...[geluMse, geluCe].map((p) =>
    wrong('gelu-of-other-form', p, {
      A: (_p, k, Z) => map(Z, k < 2 ? geluTanh : f.identity),
      dZ: (at) => times(at.dA, map(at.Z[at.k], at.k < 2 ? dGeluTanh : df.identity)),
    }),
  ),
  wrong('weights-not-transposed-forward', squareTanh, forwardOf(0, { Z: (p, k, X) => addRow(dot(X, p.W[k]), p.b[k]) })),
  wrong('weights-not-transposed-forward', squareRelu, {
    Z: (p, k, X) => addRow(dot(X, k < 2 ? p.W[k] : T(p.W[k])), p.b[k]),
  }),
  ...[42, 43].map((seed) =>
    wrong('softmax-over-samples-forward', softmaxMse(seed), forwardOf(1, { A: (_p, _k, Z) => T(softmaxRows(T(Z))) })),
  ),
  ...[tanhMse, geluCe].map((p) => wrong('layers-reversed', p, {}, ({ gradients }) => ({ gradients: gradients.toReversed() }))),
  ...[tanhMse, reluCe].map((p) => wrong('samples-as-columns', p, {}, ({ outputs }) => ({ outputs: T(outputs) }), true)),
  ...[tanhMse, sigmoidCe].map((p) =>
    wrong('float32', p, {}, ({ gradients }) => ({
      loss: Math.fround(right.loss(p, outputsOf(p)) * (1 + 3e-6)),
      gradients: gradients.map(({ weights, biases }, k) => ({
        weights: map(weights, (x, i) => Math.fround(x * (1 + (i + k) * 2e-6))),
        biases: (biases as number[]).map(Math.fround),
      })),
    })),
  ),
];

function outputsOf(p: Problem): Matrix {
  let X = p.X;
  p.W.forEach((_, k) => {
    X = right.A(p, k, right.Z(p, k, X));
  });
  return X;
}

export const wrongLayers = [...ofSlopes, ...ofParameters, ...ofFlow];
