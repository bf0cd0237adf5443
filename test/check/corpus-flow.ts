// Wrong programs: what is passed back, the forward pass, and arrays as a whole.
import {
  geluCe,
  geluMse,
  reluBce,
  reluCe,
  sigmoidCe,
  sigmoidMse,
  squareRelu,
  squareSigmoid,
  squareTanh,
  tanhBce,
  tanhMse,
  type Wrong,
  wrong,
} from './corpus.ts';
import { addRow, dot, type Matrix, map, plus, scale, softmaxRows, T, times, zerosLike } from './numpy.ts';
import { df, f, type Problem, problem, rightLines } from './program.ts';

const right = rightLines;
const leaky = (seed: number) => problem(seed, [3, 8, 7, 2], ['leaky_relu', 'leaky_relu', 'identity'], 'mse');
const softmaxMse = (seed: number) => problem(seed, [3, 4, 3], ['tanh', 'softmax'], 'mse');
const forwardOf = (k: number, lines: Partial<typeof rightLines>): Partial<typeof rightLines> => ({
  Z: (p, j, X) => (j === k ? (lines.Z ?? right.Z)(p, j, X) : right.Z(p, j, X)),
  A: (p, j, Z) => (j === k ? (lines.A ?? right.A)(p, j, Z) : right.A(p, j, Z)),
  dZ: (at) => (at.k === k ? (lines.dZ ?? right.dZ)(at) : right.dZ(at)),
});
const geluTanh = (z: number) => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)));
const dGeluTanh = (z: number) => (geluTanh(z + 1e-5) - geluTanh(z - 1e-5)) / 2e-5;

export const wrongFlow: Wrong[] = [
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
