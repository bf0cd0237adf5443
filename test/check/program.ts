// A multilayer perceptron as students write it, line by line. A wrong program replaces one line.
import {
  addRow,
  dot,
  erf,
  type Matrix,
  map,
  minus,
  plus,
  random,
  scale,
  softmaxRows,
  sum0,
  T,
  times,
  type Vector,
} from './numpy.ts';

const phi = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
export const Phi = (z: number) => (1 + erf(z / Math.SQRT2)) / 2;
export const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

const C = Math.sqrt(2 / Math.PI);
const geluTanh = (z: number) => 0.5 * z * (1 + Math.tanh(C * (z + 0.044715 * z ** 3)));

/** Activations and their derivatives, at z. */
export const f: Record<string, (z: number) => number> = {
  identity: (z) => z,
  tanh: Math.tanh,
  sigmoid,
  relu: (z) => Math.max(0, z),
  leaky_relu: (z) => (z > 0 ? z : 0.2 * z),
  softplus: (z) => Math.log(1 + Math.exp(z)),
  gelu: (z) => z * Phi(z),
  silu: (z) => z * sigmoid(z),
  softsign: (z) => z / (1 + Math.abs(z)),
  elu: (z) => (z > 0 ? z : Math.exp(z) - 1),
  exp: Math.exp,
  logsigmoid: (z) => -Math.log(1 + Math.exp(-z)),
  mish: (z) => z * Math.tanh(Math.log(1 + Math.exp(z))),
  gelu_tanh: geluTanh,
};
export const df: Record<string, (z: number) => number> = {
  identity: () => 1,
  tanh: (z) => 1 - Math.tanh(z) ** 2,
  sigmoid: (z) => sigmoid(z) * (1 - sigmoid(z)),
  relu: (z) => (z > 0 ? 1 : 0),
  leaky_relu: (z) => (z > 0 ? 1 : 0.2),
  softplus: sigmoid,
  gelu: (z) => Phi(z) + z * phi(z),
  silu: (z) => sigmoid(z) + z * sigmoid(z) * (1 - sigmoid(z)),
  softsign: (z) => 1 / (1 + Math.abs(z)) ** 2,
  elu: (z) => (z > 0 ? 1 : Math.exp(z)),
  exp: Math.exp,
  logsigmoid: (z) => sigmoid(-z),
  mish(z) {
    const t = Math.tanh(Math.log(1 + Math.exp(z)));
    return t + z * (1 - t * t) * sigmoid(z);
  },
  gelu_tanh(z) {
    const t = Math.tanh(C * (z + 0.044715 * z ** 3));
    return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * C * (1 + 3 * 0.044715 * z * z);
  },
};

export interface Problem {
  readonly W: Matrix[];
  readonly b: Vector[];
  readonly activations: string[];
  readonly X: Matrix;
  readonly T: Matrix;
  readonly classes: number[];
  readonly s: Vector | undefined;
  readonly loss: string;
  readonly lossOptions: {
    weight?: Vector;
    pos_weight?: Vector;
    label_smoothing?: number;
    ignore_index?: number;
    reduction?: string;
  };
  readonly penalty: { l1?: number; l2?: number; biases?: boolean } | undefined;
}

/** What a program knows at layer k of the backward pass. */
export interface At {
  readonly p: Problem;
  readonly k: number;
  readonly dA: Matrix;
  readonly dZ: Matrix;
  readonly Z: Matrix[];
  /** A[0] are the inputs, A[k + 1] the outputs of layer k. */
  readonly A: Matrix[];
  readonly W: Matrix[];
}

/** The lines of the program. */
export interface Lines {
  Z(p: Problem, k: number, X: Matrix): Matrix;
  A(p: Problem, k: number, Z: Matrix): Matrix;
  loss(p: Problem, Y: Matrix): number;
  dY(p: Problem, Y: Matrix): Matrix;
  dZ(at: Omit<At, 'dZ'>): Matrix;
  dW(at: At): Matrix;
  db(at: At): Vector | Matrix | number;
  dX(at: At & { readonly dW: Matrix }): Matrix;
}

/** What the derivative of the loss needs, and the loss: as M p - q for losses of logits. */
export function lossTerms(p: Problem, Y: Matrix) {
  const { weight, pos_weight, label_smoothing = 0, ignore_index = -100, reduction = 'mean' } = p.lossOptions;
  const s = p.s ?? p.X.map(() => 1);
  const n = Y[0].length;
  const isIgnored = (i: number) => p.loss === 'cross_entropy' && p.classes[i] === ignore_index;
  const counts = p.X.map((_, i) => (isIgnored(i) ? 0 : s[i] * (p.loss === 'cross_entropy' ? (weight?.[p.classes[i]] ?? 1) : 1)));
  const total = counts.reduce((a, b) => a + b, 0);
  const divisor =
    reduction === 'sum'
      ? 1
      : reduction === 'batchmean'
        ? s.reduce((a, b) => a + b, 0)
        : total * (p.loss === 'cross_entropy' ? 1 : n);
  const q = map(Y, (_, i, j) => {
    if (p.loss !== 'cross_entropy') return (pos_weight?.[j] ?? 1) * p.T[i][j];
    return isIgnored(i) ? 0 : ((p.classes[i] === j ? 1 - label_smoothing : 0) + label_smoothing / n) * (weight?.[j] ?? 1);
  });
  return { s, divisor, q, isIgnored };
}

export function probabilities(p: Problem, Y: Matrix): Matrix {
  return p.loss === 'cross_entropy' ? softmaxRows(Y) : map(Y, sigmoid);
}

export const rightLines: Lines = {
  Z: (p, k, X) => addRow(dot(X, T(p.W[k])), p.b[k]),
  A: (p, k, Z) => (p.activations[k] === 'softmax' ? softmaxRows(Z) : map(Z, f[p.activations[k]])),
  loss(p, Y) {
    const { s, divisor, q } = lossTerms(p, Y);
    let loss = 0;
    Y.forEach((y, i) => {
      const log = p.loss === 'cross_entropy' ? softmaxRows([y])[0].map(Math.log) : [];
      y.forEach((x, j) => {
        if (p.loss === 'mse') loss += s[i] * (x - p.T[i][j]) ** 2;
        else if (p.loss === 'cross_entropy') loss -= s[i] * q[i][j] * log[j];
        else if (p.loss === 'binary_cross_entropy') loss -= s[i] * (p.T[i][j] * Math.log(x) + (1 - p.T[i][j]) * Math.log(1 - x));
        else loss += s[i] * (q[i][j] * Math.log(1 + Math.exp(-x)) + (1 - p.T[i][j]) * Math.log(1 + Math.exp(x)));
      });
    });
    return loss / divisor;
  },
  dY(p, Y) {
    const { s, divisor, q } = lossTerms(p, Y);
    if (p.loss === 'mse') return map(Y, (y, i, j) => (2 * s[i] * (y - p.T[i][j])) / divisor);
    if (p.loss === 'binary_cross_entropy') return map(Y, (y, i, j) => (s[i] * (y - p.T[i][j])) / (y * (1 - y)) / divisor);
    const P = probabilities(p, Y);
    return map(Y, (_, i, j) => {
      const total = p.loss === 'cross_entropy' ? q[i].reduce((a, b) => a + b, 0) : 1 - p.T[i][j] + q[i][j];
      return (s[i] * (P[i][j] * total - q[i][j])) / divisor;
    });
  },
  dZ({ p, k, dA, Z, A }) {
    if (p.activations[k] !== 'softmax') return times(dA, map(Z[k], df[p.activations[k]]));
    return A[k + 1].map((a, i) => {
      const total = a.reduce((sum, x, j) => sum + x * dA[i][j], 0);
      return a.map((x, j) => x * (dA[i][j] - total));
    });
  },
  dW: ({ k, dZ, A }) => dot(T(dZ), A[k]),
  db: ({ dZ }) => sum0(dZ),
  dX: ({ k, dZ, W }) => dot(dZ, W[k]),
};

/** Runs a program: the right one, with some lines replaced. */
export function run(p: Problem, lines: Partial<Lines>) {
  const line = { ...rightLines, ...lines };
  const A = [p.X];
  const Z: Matrix[] = [];
  p.W.forEach((_, k) => {
    Z.push(line.Z(p, k, A[k]));
    A.push(line.A(p, k, Z[k]));
  });
  const Y = A[A.length - 1];
  const gradients: { weights: Matrix; biases: Vector | Matrix | number }[] = [];
  const trace: object[] = [];
  let dA = line.dY(p, Y);
  for (let k = p.W.length - 1; k >= 0; k--) {
    const before = { p, k, dA, Z, A, W: p.W };
    const dZ = line.dZ(before);
    const dW = line.dW({ ...before, dZ });
    const db = line.db({ ...before, dZ });
    const dX = line.dX({ ...before, dZ, dW });
    gradients.unshift({ weights: dW, biases: db });
    trace.unshift({
      inputs: A[k],
      pre_activations: Z[k],
      outputs: A[k + 1],
      output_gradients: dA,
      pre_activation_gradients: dZ,
      input_gradients: dX,
    });
    dA = dX;
  }
  return { loss: line.loss(p, Y) + shareOf(p), outputs: Y, gradients: withPenalty(p, gradients), trace };
}

/** The penalty's share of the loss. */
export function shareOf({ penalty, W, b }: Pick<Problem, 'penalty' | 'W' | 'b'>): number {
  const { l1 = 0, l2 = 0, biases = false } = penalty ?? {};
  const all = [...W.flat(2), ...(biases ? b.flat() : [])];
  return all.reduce((sum, w) => sum + l1 * Math.abs(w) + (l2 / 2) * w * w, 0);
}

function withPenalty({ penalty, W, b }: Problem, gradients: { weights: Matrix; biases: Vector | Matrix | number }[]) {
  if (!penalty) return gradients;
  const { l1 = 0, l2 = 0, biases = false } = penalty;
  return gradients.map((one, k) => ({
    weights: plus(
      one.weights,
      map(W[k], (w) => l1 * Math.sign(w) + l2 * w),
    ),
    biases: biases ? (one.biases as Vector).map((x, j) => x + l1 * Math.sign(b[k][j]) + l2 * b[k][j]) : one.biases,
  }));
}

/** A random problem with layers of these sizes. */
export function problem(
  seed: number,
  sizes: readonly number[],
  activations: string[],
  loss: string,
  more: Partial<Problem> & { readonly samples?: number } = {},
): Problem {
  const next = random(seed);
  const numbers = (n: number, low = -1, high = 1) => Array.from({ length: n }, () => low + (high - low) * next());
  const matrix = (rows: number, columns: number, low?: number, high?: number) =>
    Array.from({ length: rows }, () => numbers(columns, low, high));
  const { samples = 6, ...rest } = more;
  const outputs = sizes[sizes.length - 1];
  return {
    W: sizes.slice(1).map((n, k) => matrix(n, sizes[k])),
    b: sizes.slice(1).map((n) => numbers(n)),
    activations,
    X: matrix(samples, sizes[0], -1.5, 1.5),
    T: loss === 'mse' ? matrix(samples, outputs) : map(matrix(samples, outputs), (x) => (x > 0 ? 1 : 0)),
    classes: numbers(samples, 0, outputs).map(Math.floor),
    s: undefined,
    loss,
    lossOptions: {},
    penalty: undefined,
    ...rest,
  };
}

/** Activations with options. */
const OPTIONS: Record<string, object> = {
  leaky_relu: { type: 'leaky_relu', negative_slope: 0.2 },
  gelu_tanh: { type: 'gelu', approximate: 'tanh' },
};

/** The request to /gradients or /check for a problem, without the candidate. */
export function requestOf(p: Problem) {
  const { weight, ...options } = p.lossOptions;
  return {
    network: {
      layers: p.W.map((weights, k) => ({
        weights,
        biases: p.b[k],
        activation: OPTIONS[p.activations[k]] ?? p.activations[k],
      })),
    },
    batch: {
      inputs: p.X,
      ...(p.loss === 'cross_entropy' ? { classes: p.classes } : { targets: p.T }),
      ...(p.s && { sample_weights: p.s }),
    },
    loss: { type: p.loss, ...options, ...(weight && { weight }) },
    ...(p.penalty && { penalty: p.penalty }),
  };
}

export { minus, scale };
