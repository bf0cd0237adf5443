// Derivatives of many samples: by tiles, by parts and by a team they are those of the samples, and have the same bits.
import t, { type Test } from 'tap';
import { asTensor, isTensor, type Tensor, tensor } from '../../schemas/numbers.ts';
import { finishDivisor, NO_TERMS } from '../../src/backprop/reduction.ts';
import { loadEngine } from '../../src/linalg/engines.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import { planHessian, planHessianParts, planHvp, planHvpParts } from '../../src/work/curvature.ts';
import { planJacobian, planJvp, planVjp } from '../../src/work/derivatives.ts';
import type { PartSize, Parts, Plan } from '../../src/work/plan.ts';
import { ARITY } from '../../src/work/sums.ts';
import { tasks } from '../../src/work/tasks.ts';
import type { Team } from '../../src/work/team.ts';
import { copyOf, wave } from '../support/numbers.ts';

const engine = loadEngine({ name: 'portable' }, new Scratch(true));

/** Computes every part as if in another thread. */
const elsewhere: Team = {
  run(count, _compute, task) {
    const { name, argument } = task();
    const compute = tasks[name](structuredClone(argument), engine, { inTurn: (_part, work) => work() });
    for (let part = 0; part < count; part++) compute(part);
  },
  inTurn: (_part, work) => work(),
};

type Request = Record<string, unknown>;

const plans: Record<string, (request: never) => Plan<object>> = {
  hvp: planHvp,
  gauss_newton: planHvp,
  hessian: planHessian,
  vjp: planVjp,
  jvp: planJvp,
  'jacobian of inputs': planJacobian,
  'jacobian of parameters': planJacobian,
};

interface Shape {
  readonly samples: number;
  readonly features: number;
  readonly hidden: number;
  readonly outputs: number;
  readonly columns?: boolean;
}

function requestOf(name: string, { samples, features, hidden, outputs, columns = false }: Shape): Request {
  const rows = (width: number, seed: number) =>
    tensor(columns ? [width, samples] : [samples, width], wave(samples * width, seed));
  const scaled = (n: number, seed: number, inputs: number) => wave(n, seed).map((value) => value / Math.sqrt(inputs));
  const layers = [
    { weights: tensor([hidden, features], scaled(hidden * features, 1, features)), biases: wave(hidden, 2), activation: 'gelu' },
    { weights: tensor([outputs, hidden], scaled(outputs * hidden, 3, hidden)), activation: 'log_softmax' },
  ];
  const orientation = columns ? { samples: 'columns' } : {};
  const inputs = rows(features, 4);
  const withLoss = {
    network: { layers },
    batch: { inputs, targets: rows(outputs, 5), sample_weights: wave(samples, 6).map(Math.abs), ...orientation },
    penalty: { l2: 0.25 },
  };
  const plain = { network: { layers }, batch: { inputs, ...orientation } };
  const vector = [
    { weights: tensor([hidden, features], wave(hidden * features, 7)) },
    { weights: tensor([outputs, hidden], wave(outputs * hidden, 8)) },
  ];
  const requests: Record<string, Request> = {
    hvp: { ...withLoss, vector },
    gauss_newton: { ...withLoss, vector, matrix: 'gauss_newton' },
    hessian: { ...withLoss, damping: Float64Array.of(0.5, 2) },
    vjp: { ...plain, cotangents: rows(outputs, 9) },
    jvp: { ...plain, tangents: { parameters: vector, inputs: rows(features, 10) } },
    'jacobian of inputs': { ...plain, of: 'inputs' },
    'jacobian of parameters': { ...plain, of: 'parameters' },
  };
  return requests[name];
}

const recycled = <Result>(work: () => Result) => engine.scratch.recycle(work);
const run = (name: string, request: Request, team?: Team) =>
  recycled(() => copyOf(plans[name](request as never).run(engine, team)) as Request);

/** All arrays and numbers of a result. */
function arraysIn(value: unknown): Float64Array[] {
  if (typeof value === 'number') return [Float64Array.of(value)];
  const found = asTensor(value);
  return found ? [found.data] : Object.values(value as object).flatMap(arraysIn);
}

function sameBits(t: Test, actual: unknown, expected: unknown, what: string): void {
  const bytes = (value: unknown) => arraysIn(value).map((data) => Buffer.from(Float64Array.from(data).buffer));
  t.strictSame(bytes(actual), bytes(expected), what);
}

/** The same request for some of its samples, in rows. */
function samplesOf(request: Request, first: number, end: number): Request {
  const part = (value: unknown): unknown => {
    const found = asTensor(value) as Tensor;
    const { shape, data } = found;
    const width = data.length / shape[0];
    const rows = data.subarray(first * width, end * width);
    return isTensor(value) ? tensor([end - first, ...shape.slice(1)], rows) : rows;
  };
  const batch = Object.fromEntries(Object.entries(request.batch as object).map(([key, value]) => [key, part(value)]));
  const { cotangents, tangents } = request as { cotangents?: unknown; tangents?: { inputs: unknown } };
  return {
    ...request,
    batch,
    ...(cotangents ? { cotangents: part(cotangents) } : {}),
    ...(tangents && { tangents: { ...tangents, inputs: part(tangents.inputs) } }),
  };
}

/** The smallest tiles: 3 of 512 samples and one more. */
const MANY = { samples: 1600, features: 64, hidden: 3, outputs: 2 };

for (const name of Object.keys(plans)) {
  t.test(`${name}: tiles`, async (t) => {
    const small = name === 'hessian' ? { ...MANY, features: 66, hidden: 1 } : MANY;
    const request = requestOf(name, small);
    const whole = run(name, request);
    sameBits(t, run(name, request, elsewhere), whole, 'computed by other threads');
    const turned = run(name, requestOf(name, { ...small, columns: true }));
    const { outputs } = whole as { outputs?: Tensor };
    if (outputs) {
      t.strictSame((turned.outputs as Tensor).shape, [2, 1600], 'samples in columns');
      const part = run(name, samplesOf(request, 1000, 1100)) as Record<string, Tensor>;
      for (const key of ['outputs', 'output_tangents', 'input_gradients']) {
        if (!part[key]) continue;
        const { data, shape } = whole[key] as Tensor;
        const expected = data.subarray(1000 * shape[1], 1100 * shape[1]);
        const far = part[key].data.findIndex((value, i) => Math.abs(value - expected[i]) > 1e-14 * Math.max(1, Math.abs(value)));
        t.equal(far, -1, key);
      }
    }
    const halves = [run(name, samplesOf(request, 0, 700)), run(name, samplesOf(request, 700, 1600))];
    const sumOf = (key: string, weights: readonly number[]) => {
      const [a, b] = halves.map((half) => arraysIn(half[key]));
      return a.map((data, i) => data.map((value, j) => weights[0] * value + weights[1] * b[i][j]));
    };
    const divisors = halves.map(({ divisor }) => divisor as number);
    const shares = divisors.map((divisor) => divisor / (whole.divisor as number));
    const keys = outputs ? ['gradients'] : ['products', 'hessian'];
    for (const key of keys.filter((key) => key in whole)) {
      const expected = sumOf(key, outputs ? [1, 1] : shares);
      arraysIn(whole[key]).forEach((data, i) => {
        const scale = Math.max(...expected[i].map(Math.abs));
        const worst = Math.max(...data.map((value, j) => Math.abs(value - expected[i][j])));
        t.ok(worst <= 1e-13 * scale, `${key} of the parts add up: ${worst}`);
      });
    }
    sameBits(t, turned.divisor ?? 0, whole.divisor ?? 0, 'the divisor');
  });

  if (!/hessian|jacobian/.test(name))
    t.test(`${name}: products and activations by a team`, async (t) => {
      const request = requestOf(name, { samples: 512, features: 256, hidden: 256, outputs: 160 });
      sameBits(t, run(name, request, elsewhere), run(name, request), 'the same bits');
    });
}

/** The default of JOB_PART_FLOPS. */
const SIZE: PartSize = { flops: 2 ** 37 };

/** Rounds of merging, as a job does them. */
function byParts<Result extends object>(
  plan: (request: never, samples: number | undefined, size: PartSize) => Parts<Result>,
  request: Request,
): Result | undefined {
  const { samples } = plan(request as never, undefined, SIZE).sizes;
  const whole = plan(samplesOf(request, 0, 0) as never, samples, SIZE);
  const of = (i: number) => {
    const { first, end } = whole.samplesOf(i);
    return plan(samplesOf(request, first, end) as never, samples, SIZE);
  };
  const indices = Array.from({ length: whole.count }, (_, i) => i);
  const divisor = whole.divisor ?? finishDivisor(indices.reduce((state, i) => of(i).addToDivisor(state), NO_TERMS));
  let nodes = indices.map((i) => recycled(() => of(i).compute(i, divisor as never, engine)));
  while (nodes.length > 1)
    nodes = Array.from({ length: Math.ceil(nodes.length / ARITY) }, (_, i) =>
      whole.merge(nodes.slice(i * ARITY, (i + 1) * ARITY)),
    );
  t.ok(whole.count > 1, `${whole.count} parts`);
  return whole.result(divisor as never, nodes[0]);
}

t.test('by parts', async (t) => {
  const wide = { samples: 5000, features: 700, hidden: 2, outputs: 2 };
  for (const name of ['hvp', 'gauss_newton']) {
    const request = requestOf(name, wide);
    sameBits(t, byParts(planHvpParts, request), run(name, request), `${name}: the bits of the whole`);
  }
  const { damping: _, ...request } = requestOf('hessian', { samples: 34_000, features: 64, hidden: 1, outputs: 1 });
  const narrow = { ...request, network: { layers: [{ weights: tensor([1, 64], wave(64, 1)) }] } };
  sameBits(t, byParts(planHessianParts, narrow), run('hessian', narrow), 'hessian: the bits of the whole');
});

t.test('the first value that is not finite, in the last of several tiles', async (t) => {
  for (const name of ['vjp', 'jvp', 'jacobian of inputs', 'hvp']) {
    const request = requestOf(name, { samples: 1600, features: 64, hidden: 64, outputs: 2 });
    ((request.batch as { inputs: Tensor }).inputs.data as Float64Array).fill(1.7e308, 1599 * 64);
    const detail = /^[a-z_ ]+\[1599\]\[\d+\] of layer 0 is (-?Infinity|NaN), the first value that is not finite$/;
    try {
      run(name, request);
      t.fail(name);
    } catch (error) {
      t.match(error, { type: 'non-finite-result', refused: { errors: [{ detail }] } }, name);
    }
  }
});

t.test('the first value that is not finite, of the backward pass of the last of several tiles', async (t) => {
  const request = requestOf('vjp', { samples: 1600, features: 64, hidden: 64, outputs: 2 });
  const { cotangents, network, batch } = request as {
    cotangents: Tensor;
    network: { layers: { weights: Tensor }[] };
    batch: { inputs: Tensor };
  };
  (cotangents.data as Float64Array).fill(1e300, 1599 * 2);
  (batch.inputs.data as Float64Array).fill(0, 1599 * 64);
  const weights = network.layers[0].weights.data as Float64Array;
  for (let i = 0; i < weights.length; i++) weights[i] *= 1e12;
  const detail = /^input_gradients\[1599\]\[\d+\] of layer 0 is (-?Infinity|NaN), the first value that is not finite$/;
  try {
    run('vjp', request);
    t.fail('computed');
  } catch (error) {
    t.match(error, { type: 'non-finite-result', refused: { errors: [{ detail }] } });
  }
});

t.test('the memory of sums over many samples', async (t) => {
  const keptBy = (samples: number) =>
    plans.hvp(requestOf('hvp', { samples, features: 1, hidden: 2, outputs: 1 }) as never).cost.keptNumbers;
  t.equal(keptBy(513) - keptBy(512) - (keptBy(512) - keptBy(511)), 4 * (2 + 2), 'blocks, with their rounding errors');
});
