// A batch computed by parts, in any order, has the bits of the whole.
import t, { type Test } from 'tap';
import type { Batch } from '../../schemas/batch.ts';
import type { DecodedRequest, Extra, GradientsResult } from '../../schemas/gradients.ts';
import { asTensor, type Tensor, tensor } from '../../schemas/numbers.ts';
import type { Penalty } from '../../schemas/penalty.ts';
import { type Divisor, finishDivisor, NO_TERMS } from '../../src/backprop/reduction.ts';
import { loadEngine } from '../../src/linalg/engines.ts';
import type { Refusal } from '../../src/refusal.ts';
import { planGradientParts, planGradients } from '../../src/work/gradients.ts';
import type { PartSize } from '../../src/work/plan.ts';
import { ARITY } from '../../src/work/sums.ts';
import { copyOf, wave } from '../support/numbers.ts';

const engine = loadEngine({ name: 'portable' });

/** A part has 8 tiles of 512 samples. */
const FEATURES = 700;
const PART = 8 * 512;

interface Variant {
  readonly samples: number;
  readonly loss: object;
  readonly classes?: boolean;
  readonly weights?: Float64Array;
  readonly scale?: number;
  readonly penalty?: Penalty;
  readonly include?: readonly Extra[];
}

function requestFor({ samples, loss, classes, weights, scale = 1, penalty, include = [] }: Variant): DecodedRequest {
  const targets = classes
    ? { classes: Float64Array.from({ length: samples }, (_, i) => (i % 7 === 0 ? -100 : i % 3)) }
    : { targets: tensor([samples, 3], wave(samples * 3, 5)) };
  return {
    network: {
      layers: [
        { weights: tensor([4, FEATURES], wave(4 * FEATURES, 1)), biases: wave(4, 2), activation: 'tanh' },
        {
          weights: tensor(
            [3, 4],
            wave(12, 3).map((w) => w * scale),
          ),
        },
      ],
    },
    batch: {
      inputs: tensor([samples, FEATURES], wave(samples * FEATURES, 4)),
      ...targets,
      ...(weights && { sample_weights: weights }),
    },
    loss,
    ...(penalty && { penalty }),
    include: ['gradient_norms', ...include],
  } as unknown as DecodedRequest;
}

/** The same request with the samples of a part only. */
function rowsOf(request: DecodedRequest, first: number, end: number): DecodedRequest {
  const rows = (value: Tensor | Float64Array) => {
    const { shape, data } = asTensor(value) as Tensor;
    const width = data.length / shape[0];
    const part = data.subarray(first * width, end * width);
    return shape.length === 1 ? part : tensor([end - first, width], part);
  };
  const { inputs, targets, classes, sample_weights } = request.batch as unknown as Record<keyof Batch, Tensor | undefined>;
  const batch = Object.fromEntries(
    Object.entries({ inputs, targets, classes, sample_weights }).flatMap(([key, value]) => (value ? [[key, rows(value)]] : [])),
  );
  return { ...request, batch } as unknown as DecodedRequest;
}

/** The default of JOB_PART_FLOPS. */
const SIZE = { flops: 2 ** 37 };

const recycled = <Result>(work: () => Result) => engine.scratch.recycle(work);

function divisorBy(request: DecodedRequest, samples: number, size: PartSize = SIZE): Divisor {
  const { divisor, count, samplesOf } = planGradientParts(rowsOf(request, 0, 0), samples, size);
  if (divisor) return divisor;
  let state = NO_TERMS;
  for (;;) {
    for (let i = 0; i < count; i++) {
      const { first, end } = samplesOf(i);
      state = planGradientParts(rowsOf(request, first, end), samples, size).addToDivisor(state);
    }
    const result = finishDivisor(state);
    if ('factor' in result) return result;
    state = result;
  }
}

/** The root of the tree, whose parts are computed from the last to the first. */
function rootBy(request: DecodedRequest, samples: number, divisor: Divisor, size: PartSize = SIZE): Float64Array {
  const whole = planGradientParts(rowsOf(request, 0, 0), samples, size);
  let nodes = Array.from({ length: whole.count }, (_, i) => i)
    .toReversed()
    .map((i) => {
      const { first, end } = whole.samplesOf(i);
      const part = planGradientParts(rowsOf(request, first, end), samples, size);
      return recycled(() => part.compute(i, divisor, engine));
    })
    .toReversed();
  while (nodes.length > 1)
    nodes = Array.from({ length: Math.ceil(nodes.length / ARITY) }, (_, i) =>
      whole.merge(nodes.slice(i * ARITY, (i + 1) * ARITY)),
    );
  return nodes[0];
}

function bitsOf(result: GradientsResult): Buffer[] {
  const numbers = [result.loss, result.divisor, result.penalty ?? 0, result.gradient_norms?.total as number];
  const arrays = [...result.gradients, ...(result.squared_gradients ?? [])].flatMap(({ weights, biases }) => [
    weights.data,
    ...(biases ? [biases] : []),
  ]);
  return [Float64Array.from(numbers), ...arrays].map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(Buffer.from(buffer, byteOffset, byteLength)),
  );
}

function sameBits(t: Test, variant: Variant, parts: number): void {
  const { samples } = variant;
  const request = requestFor(variant);
  const whole = recycled(() => bitsOf(copyOf(planGradients(request).run(engine))));
  const divisor = divisorBy(request, samples);
  const plan = planGradientParts(rowsOf(request, 0, 0), samples, SIZE);
  t.equal(plan.count, parts);
  const result = plan.result(divisor, rootBy(request, samples, divisor));
  t.strictSame(bitsOf(result as GradientsResult), whole);
}

t.test('a single tile, a part that is not full, full parts, and more than one level of nodes', async (t) => {
  for (const [samples, parts] of [
    [100, 1],
    [PART - 100, 1],
    [2 * PART, 2],
    [8 * PART + 513, 9],
  ] as const)
    sameBits(t, { samples, loss: { type: 'mse' } }, parts);
});

t.test('parts of another size have the same bits', async (t) => {
  const samples = 2 * PART + 1;
  const request = requestFor({ samples, loss: { type: 'mse' } });
  const whole = recycled(() => bitsOf(copyOf(planGradients(request).run(engine))));
  for (const [size, count] of [
    [{ flops: 1 }, 17],
    [{ flops: 1e15 }, 3],
    [{ samples: PART }, 3],
    [{ samples }, 1],
  ] as const) {
    const divisor = divisorBy(request, samples, size);
    const plan = planGradientParts(rowsOf(request, 0, 0), samples, size);
    t.equal(plan.count, count);
    t.strictSame(bitsOf(plan.result(divisor, rootBy(request, samples, divisor, size)) as GradientsResult), whole);
  }
});

t.test('classes, some of them ignored, and weights', async (t) => {
  const samples = 2 * PART + 1;
  const weights = Float64Array.from({ length: samples }, (_, i) => (i < PART ? 0 : i % 5));
  sameBits(t, { samples, loss: { type: 'cross_entropy' }, classes: true }, 3);
  sameBits(t, { samples, loss: { type: 'cross_entropy' }, classes: true, weights }, 3);
  sameBits(t, { samples, loss: { type: 'mse', reduction: 'sum' }, weights }, 3);
});

t.test('squares of gradients, and a penalty, which is counted once', async (t) => {
  const more = { penalty: { l1: 0.5, l2: 0.25, biases: true }, include: ['squared_gradients'] } as const;
  for (const [samples, parts] of [
    [100, 1],
    [8 * PART + 513, 9],
  ] as const)
    sameBits(t, { samples, loss: { type: 'mse' }, ...more }, parts);
  sameBits(t, { samples: 2 * PART, loss: { type: 'mse', reduction: 'sum' }, ...more }, 2);
});

t.test('weights so small that the divisor is rescaled', async (t) => {
  const samples = PART + 1;
  sameBits(t, { samples, loss: { type: 'mse' }, weights: wave(samples, 6).map((w) => Math.abs(w) * 1e-200) }, 2);
});

t.test('the refusals of the whole, with the part in which they arise', async (t) => {
  const samples = PART + 10;
  const request = requestFor({ samples, loss: { type: 'mse' }, scale: 1e200 });
  const expected = t.throws(() => recycled(() => planGradients(request).run(engine))) as Refusal;
  const divisor = divisorBy(request, samples);
  const root = rootBy(request, samples, divisor);
  const plan = planGradientParts(rowsOf(request, 0, 0), samples, SIZE);
  t.equal(plan.result(divisor, root.slice()), undefined);
  const { first, end } = plan.samplesOf(0);
  const found = recycled(() =>
    planGradientParts(rowsOf(request, first, end), samples, SIZE).find(0, divisor, root.slice(), engine),
  );
  t.strictSame(found.refusal.refused, expected.refused);

  const calm = requestFor({ samples, loss: { type: 'mse' } });
  const calmRoot = rootBy(calm, samples, divisor);
  t.equal(recycled(() => planGradientParts(calm, samples, SIZE).find(1, divisor, calmRoot, engine)).position, Infinity);

  const { type, message } = t.throws(() =>
    planGradientParts({ ...calm, include: ['outputs', 'trace'] }, samples, SIZE),
  ) as Refusal;
  t.equal(type, 'not-additive');
  t.match(message, /^expected no values per sample.*, got outputs, trace: leave them out/);
  const none = requestFor({ samples, loss: { type: 'mse' }, weights: new Float64Array(samples) });
  t.equal((t.throws(() => divisorBy(none, samples)) as Refusal).type, 'out-of-domain');
});
