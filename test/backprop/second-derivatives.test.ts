// The second derivatives of activations and losses agree with central differences of the first ones, along any direction.
import t from 'tap';
import { type ActivationName, activations } from '../../schemas/activation.ts';
import { type LossName, losses } from '../../schemas/loss.ts';
import { type Activation, activate, linearize, pullBack } from '../../src/backprop/activation.ts';
import { buildActivation } from '../../src/backprop/activations.ts';
import type { Targets } from '../../src/backprop/loss.ts';
import { bindLoss } from '../../src/backprop/losses.ts';
import { Dense } from '../../src/linalg/dense.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import { uniform } from '../support/workloads.ts';

const scratch = new Scratch();
const STEP = 1e-5;
const TOLERANCE = 1e-8;

const random = uniform(7);
const matrixOf = (rows: number, columns: number, value: (i: number) => number) =>
  new Dense(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, (_, i) => value(i)),
  );
const like = ({ rows, columns }: Dense) => matrixOf(rows, columns, () => random());
const along = (M: Dense, direction: Dense, step: number) =>
  matrixOf(M.rows, M.columns, (i) => M.data[i] + step * direction.data[i]);

/** The central difference of f at Z along R. */
function difference(f: (Z: Dense) => Dense, Z: Dense, R: Dense): Float64Array {
  const [ahead, behind] = [f(along(Z, R, STEP)).data.slice(), f(along(Z, R, -STEP)).data.slice()];
  return ahead.map((value, i) => (value - behind[i]) / (2 * STEP));
}

/** Relative to the largest number, or 1. */
function largestDifference(actual: Float64Array, expected: Float64Array): number {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0) / scale;
}

const withOptions: { [Name in ActivationName]?: object[] } = {
  leaky_relu: [{ negative_slope: 0.3 }],
  elu: [{ alpha: 1.7 }, { alpha: 0 }],
  celu: [{ alpha: 0.5 }],
  gelu: [{ approximate: 'tanh' }],
  softplus: [{ beta: 2.5, threshold: 1 }],
  hardtanh: [{ min_val: -0.3, max_val: 2 }],
};

/** Away from all kinks. */
const POINTS = [-30, -7.3, -3.6, -2.2, -1.1, -0.7, -0.2, -0.01, 0.003, 0.15, 0.8, 1.3, 2.6, 4.1, 6.9, 25];

for (const name of Object.keys(activations) as ActivationName[])
  t.test(`second derivative of ${name}`, async (t) => {
    for (const options of [{}, ...(withOptions[name] ?? [])]) {
      const f = buildActivation({ type: name, ...options }) as Activation;
      if (!f) continue;
      const Z = matrixOf(4, 4, (i) => POINTS[i]);
      const [RZ, dA] = [like(Z), like(Z)];
      const A = activate(f, Z, scratch, false);
      const linear = linearize(f, Z, A, dA, scratch);
      const RA = linear.push(RZ).data;
      const values = difference((Z) => activate(f, Z, scratch, false), Z, RZ);
      t.ok(largestDifference(RA, values) < TOLERANCE, `first along a direction ${JSON.stringify(options)}`);
      const RdZ = linear.pull(undefined, RZ) ?? new Dense(4, 4);
      const pulled = difference((Z) => pullBack(f, dA, Z, activate(f, Z, scratch, false), scratch, false), Z, RZ);
      t.ok(largestDifference(RdZ.data, pulled) < TOLERANCE, `second ${JSON.stringify(options)}`);
      const RdA = like(Z);
      const first = pullBack(f, RdA, Z, A, scratch, false).data;
      const both = linear.pull(new Dense(4, 4, RdA.data.slice()), RZ) as Dense;
      const sum = RdZ.data.map((value, i) => value + first[i]);
      t.ok(largestDifference(both.data, sum) < 1e-14, 'along directions of Z and of dA');
      const alone = linear.pull(new Dense(4, 4, RdA.data.slice()), undefined) as Dense;
      t.ok(largestDifference(alone.data, first) < 1e-14, 'along a direction of dA');
    }
  });

t.test('second derivatives far from 0 are finite, and 0 where the activation is a line', async (t) => {
  for (const name of Object.keys(activations) as ActivationName[]) {
    const f = buildActivation(name);
    if (!f?.second || name.endsWith('softmax')) continue;
    const Z = matrixOf(1, 6, (i) => [-1e308, -1e160, -800, 45, 1e160, 1e308][i]);
    const ones = matrixOf(1, 6, () => 1);
    const RdZ = linearize(f, Z, activate(f, Z, scratch, false), ones, scratch).pull(undefined, ones) as Dense;
    const finite = name === 'exp' ? RdZ.data.subarray(0, 4) : RdZ.data;
    t.ok(finite.every(Number.isFinite), `${name}: ${RdZ.data}`);
    t.equal(Math.abs(RdZ.data[0]), 0, name);
  }
});

t.test('kinks: the second derivative is that of the piece from which the first one is taken', async (t) => {
  const second = (name: ActivationName, z: number) => {
    const Z = matrixOf(1, 1, () => z);
    const one = matrixOf(1, 1, () => 1);
    const f = buildActivation(name) as Activation;
    return linearize(f, Z, activate(f, Z, scratch, false), one, scratch).pull(undefined, one)?.data[0];
  };
  t.equal(second('elu', 0), 1);
  t.equal(second('hardswish', -3), 0);
  t.equal(second('hardswish', 3), 0);
  t.equal(second('softsign', 0), 0);
  t.equal(second('softplus', 20.5), 0);
});

const matrix = (...rows: number[][]) => Dense.fromRows(rows);
const OUTPUTS = matrix([0.4, 0.7, 0.1], [0.2, 0.35, 0.45]);
const TARGETS = matrix([0.9, 0.3, 0.25], [1, 0, 0.6]);
const SIGNS = matrix([1, -1, 1], [-1, -1, 1]);
const CLASSES = Float64Array.of(2, 0);

const lossCases: { [Name in LossName]: (readonly [options: object, targets: Targets])[] } = {
  mse: [[{}, TARGETS]],
  l1: [[{}, TARGETS]],
  log_cosh: [[{}, TARGETS]],
  smooth_l1: [[{ beta: 0.37 }, TARGETS]],
  huber: [[{ delta: 0.37 }, TARGETS]],
  binary_cross_entropy: [[{}, TARGETS]],
  binary_cross_entropy_with_logits: [
    [{}, TARGETS],
    [{ pos_weight: Float64Array.of(0.5, 2, 3) }, TARGETS],
  ],
  cross_entropy: [
    [{}, CLASSES],
    [{ weight: Float64Array.of(0.5, 2, 3), label_smoothing: 0.2 }, CLASSES],
    [{ weight: Float64Array.of(0.5, 2, 3) }, TARGETS],
    [{ ignore_index: 0 }, CLASSES],
  ],
  nll: [[{ weight: Float64Array.of(0.5, 2, 3) }, CLASSES]],
  kl_div: [
    [{}, TARGETS],
    [{ log_target: true }, TARGETS],
  ],
  poisson_nll: [
    [{}, TARGETS],
    [{ log_input: false }, TARGETS],
  ],
  soft_margin: [[{}, SIGNS]],
  hinge: [[{}, SIGNS]],
  squared_hinge: [[{}, SIGNS]],
};

for (const name of Object.keys(losses) as LossName[])
  t.test(`second derivative of ${name}`, async (t) => {
    for (const [options, targets] of lossCases[name]) {
      const { loss } = bindLoss({ type: name, ...options });
      const gradient = (Y: Dense) => {
        const { dY, exponents } = loss.unreduced(Y, targets, scratch);
        return matrixOf(Y.rows, Y.columns, (i) => dY.data[i] * 2 ** (exponents?.[Math.floor(i / Y.columns)] ?? 0));
      };
      const RY = like(OUTPUTS);
      const { exponents } = loss.unreduced(OUTPUTS, targets, scratch);
      const RdY = loss.curvature(OUTPUTS, targets, RY, exponents, scratch);
      const scaled = RdY.data.map((value, i) => value * 2 ** (exponents?.[Math.floor(i / 3)] ?? 0));
      t.ok(largestDifference(scaled, difference(gradient, OUTPUTS, RY)) < TOLERANCE, JSON.stringify(options));
    }
  });

t.test('losses beyond float64: their curvature is divided by the same power of 2', async (t) => {
  const { loss } = bindLoss('mse');
  const Y = matrix([1e200, 1], [1, 2]);
  const exponents = Int16Array.of(64, 0);
  const RdY = loss.curvature(Y, matrix([0, 0], [0, 0]), matrix([1, 1], [1, 1]), exponents, scratch);
  t.strictSame([...RdY.data], [2 ** -63, 2 ** -63, 2, 2]);
});

t.test('kinks of losses', async (t) => {
  const second = (given: string | { type: string }, y: number, target: number) =>
    bindLoss(given).loss.curvature(matrix([y]), matrix([target]), matrix([1]), undefined, scratch).data[0];
  t.equal(second('huber', 1, 0), 0);
  t.equal(second('smooth_l1', 1, 0), 0);
  t.equal(second({ type: 'smooth_l1', ...{ beta: 0 } }, 1, 1), 0);
  t.equal(second('squared_hinge', 1, 1), 2);
  t.equal(second('binary_cross_entropy', 0, 1), 1 / Math.fround(1e-12));
});
