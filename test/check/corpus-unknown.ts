// Wrong programs whose mistakes are not in the catalogue: they must not be taken for one that is.
import {
  geluMse,
  type Results,
  reluBce,
  reluCe,
  reluMse,
  sigmoidCe,
  sigmoidMse,
  softplusMse,
  squareTanh,
  tanhBce,
  tanhCe,
  tanhMse,
} from './corpus.ts';
import { dot, type Matrix, map, random, sum0, T, times } from './numpy.ts';
import { df, type Lines, type Problem, rightLines } from './program.ts';

export interface Unknown {
  readonly what: string;
  readonly p: Problem;
  readonly lines: Partial<Lines>;
  readonly finish?: (results: Results) => Partial<Results>;
}

const right = rightLines;
const noise = random(77);
const noisy = (A: Matrix, size: number) => map(A, (x) => x * (1 + size * (noise() - 0.5)));
/** Changes the weights' gradient of one layer at last. */
const inLayer =
  (k: number, change: (dW: Matrix) => Matrix) =>
  ({ gradients }: Results): Partial<Results> => ({
    gradients: gradients.map((one, j) => (j === k ? { ...one, weights: change(one.weights) } : one)),
  });
const slopes = (slope: (z: number, a: number) => number): Partial<Lines> => ({
  dZ: (at) =>
    at.k < 2
      ? times(
          at.dA,
          map(at.Z[at.k], (z, i, j) => slope(z, at.A[at.k + 1][i][j])),
        )
      : right.dZ(at),
});

export const unknown: readonly Unknown[] = [
  { what: 'noise in all gradients', p: tanhMse, lines: { dW: (at) => noisy(right.dW(at), 0.1) } },
  { what: 'noise of 1e-4', p: reluCe, lines: { dY: (p, Y) => noisy(right.dY(p, Y), 1e-4) } },
  { what: 'noise in one layer', p: geluMse, lines: {}, finish: inLayer(1, (dW) => noisy(dW, 0.5)) },
  { what: 'random numbers', p: sigmoidCe, lines: { dZ: (at) => map(at.dA, () => noise() - 0.5) } },
  { what: 'one number', p: tanhMse, lines: {}, finish: inLayer(0, (dW) => map(dW, (x, i, j) => (i + j ? x : x + 0.1))) },
  { what: 'one row is 0', p: softplusMse, lines: {}, finish: inLayer(1, (dW) => map(dW, (x, i) => (i === 1 ? 0 : x))) },
  { what: 'rows permuted', p: tanhCe, lines: {}, finish: inLayer(1, (dW) => [...dW.slice(1), dW[0]]) },
  { what: 'columns reversed', p: reluMse, lines: {}, finish: inLayer(2, (dW) => dW.map((row) => row.toReversed())) },
  { what: 'magnitudes', p: tanhMse, lines: {}, finish: inLayer(1, (dW) => map(dW, Math.abs)) },
  { what: 'squares', p: tanhBce, lines: {}, finish: inLayer(0, (dW) => map(dW, (x) => x * x)) },
  { what: 'signs', p: geluMse, lines: {}, finish: inLayer(1, (dW) => map(dW, Math.sign)) },
  {
    what: 'a sample in the middle is missing',
    p: tanhMse,
    lines: { dY: (p, Y) => map(right.dY(p, Y), (d, i) => (i === 2 ? 0 : d)) },
  },
  { what: 'a sample counts twice', p: reluCe, lines: { dY: (p, Y) => map(right.dY(p, Y), (d, i) => (i === 3 ? 2 * d : d)) } },
  {
    what: 'targets of the next sample',
    p: softplusMse,
    lines: { dY: (p, Y) => right.dY({ ...p, T: [...p.T.slice(1), p.T[0]] }, Y) },
  },
  { what: 'targets reversed', p: tanhBce, lines: { dY: (p, Y) => right.dY({ ...p, T: p.T.toReversed() }, Y) } },
  { what: 'outputs weighted', p: tanhMse, lines: { dY: (p, Y) => map(right.dY(p, Y), (d, _, j) => d * (1 + j)) } },
  { what: 'samples weighted', p: reluBce, lines: { dY: (p, Y) => map(right.dY(p, Y), (d, i) => d * (1 + 0.2 * i)) } },
  {
    what: 'softmax with a temperature',
    p: tanhCe,
    lines: {
      dY: (p, Y) =>
        right.dY(
          p,
          map(Y, (y) => y / 2),
        ),
    },
  },
  { what: 'cube of the difference', p: tanhMse, lines: { dY: (p, Y) => map(Y, (y, i, j) => (y - p.T[i][j]) ** 3) } },
  { what: 'slope 0.3 below 0', p: reluMse, lines: slopes((z) => (z > 0 ? 1 : 0.3)) },
  { what: 'slope plus 0.1', p: tanhMse, lines: slopes((z) => df.tanh(z) + 0.1) },
  { what: 'slope at z / 2', p: sigmoidMse, lines: slopes((z) => df.sigmoid(z / 2)) },
  { what: 'slope to the power 1.5', p: sigmoidCe, lines: slopes((z) => df.sigmoid(z) ** 1.5) },
  { what: '1 - a^3', p: tanhCe, lines: slopes((_, a) => 1 - a ** 3) },
  { what: 'second derivative', p: tanhMse, lines: slopes((z, a) => -2 * a * df.tanh(z)) },
  {
    what: 'dropout',
    p: tanhMse,
    lines: { dZ: (at) => (at.k === 1 ? map(right.dZ(at), (d, i, j) => ((i + j) % 2 ? 2 * d : 0)) : right.dZ(at)) },
  },
  {
    what: 'normalised dZ',
    p: geluMse,
    lines: { dZ: (at) => right.dZ(at).map((row) => row.map((x) => x / (1 + Math.hypot(...row)))) },
  },
  { what: 'magnitudes of the weights backward', p: tanhMse, lines: { dX: (at) => dot(at.dZ, map(at.W[at.k], Math.abs)) } },
  {
    what: 'random weights backward',
    p: reluCe,
    lines: {
      dX: (at) =>
        dot(
          at.dZ,
          map(at.W[at.k], () => noise() - 0.5),
        ),
    },
  },
  { what: 'weights reversed backward', p: squareTanh, lines: { dX: (at) => dot(at.dZ, at.W[at.k].toReversed()) } },
  {
    what: 'biases backward',
    p: softplusMse,
    lines: { dX: (at) => map(dot(at.dZ, at.W[at.k]), (x, i, j) => x + 0.01 * (i + j)) },
  },
  { what: 'maximum of dZ for db', p: tanhMse, lines: { db: (at) => T(at.dZ).map((column) => Math.max(...column)) } },
  { what: 'db without the middle', p: reluCe, lines: { db: (at) => sum0(at.dZ.filter((_, i) => i !== 2)) } },
  {
    what: 'squared inputs',
    p: geluMse,
    lines: {
      dW: (at) =>
        dot(
          T(at.dZ),
          map(at.A[at.k], (a) => a * a),
        ),
    },
  },
  {
    what: 'inputs plus 1',
    p: tanhBce,
    lines: {
      dW: (at) =>
        dot(
          T(at.dZ),
          map(at.A[at.k], (a) => a + 1),
        ),
    },
  },
  {
    what: 'centred inputs',
    p: tanhMse,
    lines: { Z: (p, k, X) => right.Z(p, k, k ? X : map(X, (x, _, j) => x - sum0(X)[j] / X.length)) },
  },
  {
    what: 'other weights forward',
    p: tanhCe,
    lines: { Z: (p, k, X) => right.Z({ ...p, W: p.W.map((W) => map(W, (w) => w + 0.01)) }, k, X) },
  },
  {
    what: 'momentum',
    p: tanhMse,
    lines: {},
    finish: ({ gradients }) => ({
      gradients: gradients.map(({ weights, biases }) => ({
        weights: map(weights, (x, i, j) => x + 0.1 * Math.cos(3 * i + j)),
        biases,
      })),
    }),
  },
];
