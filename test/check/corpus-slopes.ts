// Wrong programs: derivatives of activations.
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
  squareSigmoid,
  squareTanh,
  tanhBce,
  tanhCe,
  tanhMse,
  type Wrong,
  wrong,
} from './corpus.ts';
import { type Matrix, map, sum0, times } from './numpy.ts';
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

export const wrongSlopes: Wrong[] = [
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
