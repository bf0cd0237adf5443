// Measures the errors of activations and losses against exact values by mpmath, and PyTorch's errors beside them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activate, linearize, pullBack } from '../../src/backprop/activation.ts';
import { buildActivation } from '../../src/backprop/activations.ts';
import { bindLoss } from '../../src/backprop/losses.ts';
import { Dense } from '../../src/linalg/dense.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import { runCommand } from '../support/languages.ts';
import { uniform } from '../support/workloads.ts';

/** A function of one variable: an activation, or a loss of one output with a fixed target. */
interface Case {
  readonly name: string;
  readonly options?: object;
  readonly target?: number;
  /** Where the function is defined; by default everywhere. */
  readonly domain?: (z: number) => boolean;
}

export const activationCases: readonly Case[] = [
  ...['tanh', 'sigmoid', 'relu', 'relu6', 'leaky_relu', 'elu', 'selu', 'celu', 'gelu', 'silu', 'mish', 'softplus', 'softsign'],
  ...['hardtanh', 'hardsigmoid', 'hardswish', 'logsigmoid', 'tanhshrink', 'softshrink', 'hardshrink', 'exp'],
  // Of two units, z and 0: output and derivative of the first one.
  ...['softmax', 'log_softmax'],
]
  .map((name): Case => ({ name }))
  .concat(
    { name: 'gelu', options: { approximate: 'tanh' } },
    { name: 'elu', options: { alpha: 0.5 } },
    { name: 'celu', options: { alpha: 2 } },
    { name: 'softplus', options: { beta: 2, threshold: 1000 } },
  );

const probability = (y: number) => y >= 0 && y <= 1;

export const lossCases: readonly Case[] = [
  { name: 'mse', target: 0.5 },
  { name: 'l1', target: 0.5 },
  { name: 'log_cosh', target: 0 },
  { name: 'smooth_l1', target: 0.5 },
  { name: 'smooth_l1', options: { beta: 0.25 }, target: 0 },
  { name: 'huber', target: 0.5 },
  { name: 'huber', options: { delta: 2.5 }, target: 0 },
  ...[0, 0.25, 1].map((target) => ({ name: 'binary_cross_entropy', target, domain: probability })),
  ...[0, 0.25, 1].map((target) => ({ name: 'binary_cross_entropy_with_logits', target })),
  // Of two logits, y and 0; the target is the first class.
  { name: 'cross_entropy', target: 0 },
  { name: 'kl_div', target: 0.25 },
  { name: 'poisson_nll', target: 3 },
  { name: 'poisson_nll', options: { log_input: false }, target: 3, domain: (y) => y >= 0 },
  ...['soft_margin', 'hinge', 'squared_hinge'].flatMap((name) => [-1, 1].map((target) => ({ name, target }))),
];

/** Numbers of every decade of float64, of both signs: more in those where functions change most, and some around `centre`. */
function pointsAround(centre: number): number[] {
  const random = uniform(1);
  const points = [0];
  for (let decade = -320; decade <= 308; decade++) {
    for (let n = Math.abs(decade) < 4 ? 40 : 4; n > 0; n--) {
      const size = (1 + 9 * Math.abs(random())) * 10 ** decade;
      if (size < Number.MAX_VALUE) points.push(size, -size);
    }
  }
  for (let exponent = -1; exponent >= -15; exponent--) points.push(centre + 10 ** exponent, centre - 10 ** exponent);
  return points;
}

/** An exact number: the nearest float64 and the rest; null if it is beyond float64. */
type Exact = readonly [number | null, number];

interface Reference {
  readonly value: Exact[];
  readonly derivative: Exact[];
  readonly second: Exact[];
  readonly torch: { readonly value: (number | null)[]; readonly derivative: (number | null)[] };
}

/** The largest errors in one decade of z, in units in the last place of the exact number. */
interface Decade {
  readonly z: number;
  /** The largest relative error. */
  relative: number;
  ours: number;
  /** Infinity if PyTorch's number is not finite. */
  torch: number;
}

export interface Errors {
  readonly label: string;
  readonly of: 'value' | 'derivative';
  readonly decades: Decade[];
}

/** The largest error of a second derivative in a decade, relative to the largest second derivative in it. */
export interface SecondErrors {
  readonly label: string;
  readonly decades: { readonly z: number; error: number; largest: number }[];
}

/** The errors in every decade in which the exact number is a normal float64. */
export async function measure(python: string): Promise<{ first: Errors[]; second: SecondErrors[] }> {
  const cases = [...activationCases, ...lossCases].map((item) => {
    const points = pointsAround(item.target ?? 0).filter(item.domain ?? (() => true));
    return { ...item, points };
  });
  const scratch = await mkdtemp(join(tmpdir(), 'accuracy-'));
  const input = join(scratch, 'cases.json');
  await writeFile(
    input,
    JSON.stringify(cases.map(({ name, options = {}, target, points }) => ({ name, options, target, points }))),
  );
  const program = new URL('reference.py', import.meta.url).pathname;
  const { code, stdout, stderr } = await runCommand([python, program, input]);
  await rm(scratch, { recursive: true });
  if (code !== 0) throw new Error(stderr);
  const references: Reference[] = JSON.parse(stdout);
  const ours = cases.map((item) => (item.target === undefined ? activated(item, item.points) : lost(item, item.points)));
  return {
    first: cases.flatMap((item, i) =>
      (['value', 'derivative'] as const).map((of) => ({
        label: labelOf(item),
        of,
        decades: decadesOf(item.points, ours[i][of], references[i][of], references[i].torch[of]),
      })),
    ),
    second: cases.map((item, i) => ({
      label: labelOf(item),
      decades: secondDecadesOf(item.points, ours[i].second, references[i].second),
    })),
  };
}

function secondDecadesOf(points: number[], ours: Float64Array, exact: Exact[]): SecondErrors['decades'] {
  const decades = new Map<string, SecondErrors['decades'][number]>();
  for (const [i, [nearest, rest]] of exact.entries()) {
    const z = points[i];
    if (nearest === null) continue;
    const key = decadeOf(z);
    const decade = decades.get(key) ?? { z, error: 0, largest: 0 };
    decades.set(key, decade);
    decade.error = Math.max(decade.error, Math.abs(ours[i] - nearest - rest));
    decade.largest = Math.max(decade.largest, Math.abs(nearest));
  }
  return [...decades.values()];
}

function decadeOf(z: number): string {
  return z === 0 ? '0' : `${Math.sign(z)} ${Math.floor(Math.log10(Math.abs(z)))}`;
}

function labelOf({ name, options = {}, target }: Case): string {
  const settings = Object.entries(options).map(([key, value]) => `${key} ${value}`);
  return [name, ...settings, ...(target === undefined ? [] : [`target ${target}`])].join(', ');
}

interface Computed {
  readonly value: Float64Array;
  readonly derivative: Float64Array;
  readonly second: Float64Array;
}

/** An activation of all points: computed in long rows, in which some activations have faster code, and one by one. */
function activated({ name, options }: Case, points: number[]): Computed {
  const f = buildActivation({ type: name, ...options });
  const scratch = new Scratch();
  const of = (z: readonly number[], units: number) => {
    const Z = new Dense(z.length / units, units, Float64Array.from(z));
    const A = activate(f, Z, scratch, false);
    const dA = new Dense(
      Z.rows,
      units,
      Float64Array.from(z, (_, i) => (i % units === 0 || units > 2 ? 1 : 0)),
    );
    const second = linearize(f, Z, A, dA, scratch).pull(undefined, dA) ?? new Dense(Z.rows, units);
    return { value: A.data, derivative: pullBack(f, dA, Z, A, scratch, true).data, second: second.data };
  };
  if (name.endsWith('softmax')) {
    const both = of(
      points.flatMap((z) => [z, 0]),
      2,
    );
    const first = (numbers: Float64Array) => numbers.filter((_, i) => i % 2 === 0);
    return { value: first(both.value), derivative: first(both.derivative), second: first(both.second) };
  }
  const together = of(points, points.length);
  const single = points.map((z) => of([z], 1));
  // Half of the numbers of each, of both signs: points of opposite signs alternate.
  const merged = (key: keyof Computed) => together[key].map((number, i) => (i % 4 < 2 ? number : single[i][key][0]));
  return { value: merged('value'), derivative: merged('derivative'), second: merged('second') };
}

function lost({ name, options, target = 0 }: Case, points: number[]): Computed {
  const { loss } = bindLoss({ type: name, ...options });
  const units = name === 'cross_entropy' ? 2 : 1;
  const Y = new Dense(points.length, units, Float64Array.from(points.flatMap((y) => [y, 0].slice(0, units))));
  const targets = Float64Array.from(points, () => target);
  const given = units === 2 ? targets : new Dense(points.length, 1, targets);
  const { losses, dY, exponents } = loss.unreduced(Y, given, new Scratch());
  const firstOf = ({ data }: Dense) => data.filter((_, i) => i % units === 0);
  const RY = new Dense(
    points.length,
    units,
    Float64Array.from(Y.data, (_, i) => (i % units === 0 ? 1 : 0)),
  );
  const RdY = loss.curvature(Y, given, RY, exponents, new Scratch());
  const scaled = (numbers: Float64Array) => numbers.map((number, i) => number * 2 ** (exponents?.[i] ?? 0));
  return { value: scaled(losses), derivative: scaled(firstOf(dY)), second: scaled(firstOf(RdY)) };
}

function decadesOf(points: number[], ours: Float64Array, exact: Exact[], torch: (number | null)[]): Decade[] {
  const decades = new Map<string, Decade>();
  for (const [i, [nearest, rest]] of exact.entries()) {
    if (nearest === null || Math.abs(nearest) < MIN_NORMAL) continue;
    const z = points[i];
    const key = decadeOf(z);
    const decade = decades.get(key) ?? { z, relative: 0, ours: 0, torch: 0 };
    decades.set(key, decade);
    const error = Math.abs(ours[i] - nearest - rest);
    const unit = ulp(nearest);
    decade.relative = Math.max(decade.relative, error / Math.abs(nearest));
    decade.ours = Math.max(decade.ours, error / unit);
    const other = torch[i];
    decade.torch = Math.max(decade.torch, other === null ? Infinity : Math.abs(other - nearest - rest) / unit);
  }
  return [...decades.values()];
}

const MIN_NORMAL = 2 ** -1022;

/** The distance from |x| to the next larger float64, for normal x. */
function ulp(x: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  const power = 2 ** exponent;
  return (power > Math.abs(x) ? power / 2 : power) * 2 ** -52;
}
