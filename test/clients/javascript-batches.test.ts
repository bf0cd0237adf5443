// Batches in parts: the answers of a running service to the parts merge to that to the whole.
import type { ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import {
  Client,
  type Extra,
  type Loss,
  type Operation,
  type Problem,
  type Requests,
  Tensor,
  writeSafetensors,
} from '../../clients/javascript/src/index.ts';
import { GradientsRequest } from '../../schemas/gradients.ts';
import { namesOf } from '../../schemas/names.ts';
import { startService } from '../support/process.ts';
import { answer, refusal, startStub } from './command.ts';

const service = await startService({ keep: () => false });
t.teardown(() => service.process.kill('SIGKILL'));
const whole = new Client({ url: service.url });
const parts = new Client({ url: service.url, maxBatch: 3, connections: 2 });

/** Numbers from -1 to 1 without a pattern. */
function wave(rows: number, columns: number, seed: number): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => Math.sin(seed + 12.9898 * i + 78.233 * j)),
  );
}
const transposed = (matrix: readonly number[][]) => matrix[0].map((_, j) => matrix.map((row) => row[j]));
const tensor = (matrix: readonly number[][]) => new Tensor(Float64Array.from(matrix.flat()), [matrix.length, matrix[0].length]);

const inputs = wave(10, 4, 1);
const targets = wave(10, 2, 2);
const classes = [0, 1, 1, 0, 1, -100, -100, -100, 1, 0];
/** Of three samples at a time, the second part counts for nothing. */
const weights = [1, 0, 2, 0, 0, 0, 0.5, 1, 0, 3];
const layers = [
  { weights: wave(3, 4, 3), biases: wave(1, 3, 4)[0], activation: 'tanh' as const },
  { weights: wave(2, 3, 5), activation: 'softplus' as const },
];
const network = { layers };
const all = namesOf(GradientsRequest.properties.include.items) as Extra[];
const penalty = { l1: 0.1, l2: 0.5 };

/** Where two answers differ: their numbers by more than the tolerance, or anything else. */
function differences(ours: unknown, theirs: unknown, tolerance: number, path = ''): string[] {
  if (typeof theirs === 'number') {
    const error = Math.abs((ours as number) - theirs);
    return error <= tolerance * (1 + Math.abs(theirs)) ? [] : [`${path}: ${ours}, expected ${theirs}`];
  }
  if (typeof theirs !== 'object' || theirs === null) return ours === theirs ? [] : [`${path}: ${ours}, expected ${theirs}`];
  const [keys, expected] = [ours, theirs].map((value) => Object.keys(value as object).sort());
  if (`${keys}` !== `${expected}`) return [`${path} has ${keys}, expected ${expected}`];
  return Object.entries(theirs).flatMap(([key, value]) =>
    differences((ours as Record<string, unknown>)[key], value, tolerance, `${path}/${key}`),
  );
}

async function same<Name extends Operation>(t: Test, operation: Name, request: Requests[Name], tolerance = 1e-12) {
  const [ours, theirs] = await Promise.all([parts.ask(operation, request), whole.ask(operation, request)]);
  t.strictSame(differences(ours, theirs, tolerance), [], operation);
}

t.test('every extra value, reduction and layout', async (t) => {
  const batches: Record<string, Requests['gradients']['batch']> = {
    plain: { inputs, targets },
    tensors: { inputs: tensor(inputs), targets: tensor(targets), sample_weights: Float64Array.from(weights) },
    'typed rows': { inputs: inputs.map((row) => Float64Array.from(row)), targets, sample_weights: weights },
    columns: { inputs: transposed(inputs), targets: transposed(targets), sample_weights: weights, samples: 'columns' },
    'only the last': { inputs, targets, sample_weights: weights.map((_, i) => Math.floor(i / 9)) },
  };
  for (const [name, batch] of Object.entries(batches)) {
    await t.test(name, async (t) => {
      for (const reduction of ['mean', 'sum', 'batchmean'] as const) {
        for (const include of [all, [], ['gradient_norms', 'squared_gradients'] as const]) {
          await same(t, 'gradients', { network, batch, loss: { type: 'huber', reduction }, penalty, include });
        }
      }
      await same(t, 'gradients', { network, batch });
    });
  }
});

t.test('classes', async (t) => {
  const losses: Loss[] = [
    'cross_entropy',
    { type: 'cross_entropy', weight: [0, 2], reduction: 'sum' },
    { type: 'cross_entropy', weight: [0, 2] },
    { type: 'nll', reduction: 'batchmean' },
    { type: 'cross_entropy', weight: Float32Array.of(1, 2), ignore_index: 1, label_smoothing: 0.1 },
  ];
  for (const loss of losses) {
    const indices = typeof loss === 'object' && 'ignore_index' in loss ? classes.map((index) => Math.max(index, 0)) : classes;
    for (const batch of [
      { inputs, targets: indices },
      { inputs, classes: BigInt64Array.from(indices, BigInt) },
      { inputs: transposed(inputs), classes: indices, sample_weights: weights.toReversed(), samples: 'columns' as const },
    ]) {
      await same(t, 'gradients', { network, batch, loss, include: all });
      await same(t, 'gradients', { network, batch, loss });
    }
  }
});

t.test('a sum over ignored classes', async (t) => {
  const batch = { inputs, classes: classes.map(() => -100) };
  await same(t, 'gradients', { network, batch, loss: { type: 'nll', reduction: 'sum' }, penalty, include: all });
});

t.test('the other operations', async (t) => {
  const vector = wave(1, 21, 6)[0];
  const cotangents = wave(10, 2, 7);
  const [rows, columns] = [{ inputs }, { inputs: transposed(inputs), samples: 'columns' as const }];
  const weighted = { inputs, targets, sample_weights: weights };
  await same(t, 'vjp', { network, batch: rows, cotangents });
  await same(t, 'vjp', { network, batch: columns, cotangents: transposed(cotangents) });
  await same(t, 'jvp', { network, batch: rows, tangents: { parameters: vector, inputs } });
  await same(t, 'jvp', { network, batch: columns, tangents: { inputs: transposed(inputs) } });
  await same(t, 'jvp', { network, batch: rows, tangents: { parameters: vector } });
  await same(t, 'jacobian', { network, batch: rows, of: 'inputs' });
  await same(t, 'jacobian', { network, batch: columns, of: 'parameters' });
  await same(t, 'hvp', { network, batch: weighted, vector, penalty });
  await same(t, 'hessian', { network, batch: weighted, loss: { type: 'mse', reduction: 'sum' }, penalty });
  await same(t, 'hessian', { network, batch: { inputs, targets }, damping: [0.5] });
  await same(t, 'check', { network, batch: { inputs, targets }, candidate: { loss: 1 } });
});

t.test('float32', async (t) => {
  const single = layers.map((layer) => ({
    ...layer,
    weights: new Tensor(Float32Array.from(layer.weights.flat()), [layer.weights.length, layer.weights[0].length]),
  }));
  const request = { network: { layers: single }, batch: { inputs, targets }, include: all };
  t.equal((await parts.gradients(request)).gradients[0].weights.dtype, 'F32');
  await same(t, 'gradients', request, 1e-6);
});

t.test('a batch over the limit of the service', async (t) => {
  const batch = {
    inputs: new Tensor(new Float64Array(40_000 * 256).fill(1), [40_000, 256]),
    targets: new Tensor(new Float64Array(40_000), [40_000, 1]),
  };
  const wide = { layers: [{ weights: [Array(256).fill(0.5)] }] };
  await t.rejects(whole.gradients({ network: wide, batch }), { status: 413 } as unknown as Error);
  const { loss, divisor, gradients } = await new Client({ url: service.url, maxBatch: 10_000 }).gradients({
    network: wide,
    batch,
  });
  t.strictSame([loss, divisor], [128 ** 2, 40_000]);
  t.ok(gradients[0].weights.data.every((value) => Math.abs(value / 256 - 1) < 1e-13));
});

/** The problem of a refused request. */
async function problem(client: Client, request: object): Promise<Problem> {
  return client.gradients({ network, ...request } as unknown as Requests['gradients']).then(
    () => t.fail('it is refused'),
    (error) => error,
  );
}

t.test('pointers are those of the whole', async (t) => {
  const pointer = async (request: object) => (await problem(parts, request)).errors[0].pointer;
  const wrong = classes.map((_, i) => (i === 7 ? 5 : 0));
  t.equal(await pointer({ batch: { inputs, classes: wrong }, loss: 'nll' }), '/batch/classes/7');
  t.equal(await pointer({ batch: { inputs, targets: wrong }, loss: 'nll' }), '/batch/targets/7');
  const bits = inputs.map((_, i) => [i === 8 ? 1.5 : 0.5, 0.5]);
  const bounded = { network: { layers: [layers[0], { ...layers[1], activation: 'sigmoid' }] }, loss: 'binary_cross_entropy' };
  t.equal(await pointer({ ...bounded, batch: { inputs, targets: bits } }), '/batch/targets/8/0');
  const columns = { inputs: transposed(inputs), targets: transposed(bits), samples: 'columns' };
  t.equal(await pointer({ ...bounded, batch: columns }), '/batch/targets/0/8');
  t.equal(await pointer({ batch: { inputs, targets }, loss: 'mean_square' }), '/loss');
});

t.test('what does not fit together is left to the service', async (t) => {
  for (const batch of [
    { inputs, targets: targets.slice(1) },
    { inputs: inputs.map((row) => [row]), targets },
    { inputs: [...inputs.slice(1), [1]], targets },
    { inputs: inputs.map(([first]) => first), targets },
    { inputs, targets, sample_weights: weights.map(() => 0) },
    { inputs, classes: classes.map(() => -100) },
  ]) {
    const request = { batch, loss: 'classes' in batch ? 'nll' : 'mse' };
    t.equal((await problem(parts, request)).type, (await problem(whole, request)).type);
  }
  for (const [option, value] of [
    ['maxBatch', 0],
    ['connections', 1.5],
  ] as const) {
    const message = `expected ${option} to be a whole number of at least 1, got ${value}`;
    t.throws(() => new Client({ [option]: value }), new RangeError(message));
  }
});

t.test('datasets are not split', async (t) => {
  await whole.datasets.put('batches', { inputs, targets });
  await same(t, 'gradients', { network, batch: { dataset: 'batches' } });
  await whole.datasets.delete('batches');
});

t.test('parts run at the same time, and end with the first that fails', async (t) => {
  const body = Buffer.from(
    writeSafetensors({
      loss: new Tensor(Float64Array.of(0.5), []),
      divisor: new Tensor(Float64Array.of(2), []),
      'gradients.0.weights': new Tensor(Float64Array.of(2), [1, 1]),
    }),
  );
  const right = answer(200, 'application/vnd.safetensors', body);
  const request = {
    network: { layers: [{ weights: [[1]] }] },
    batch: { inputs: [[1], [1], [1], [1]], targets: [[0], [0], [0], [0]] },
  };
  const held: ServerResponse[] = [];
  const together = (response: ServerResponse) => {
    held.push(response);
    if (held.length === 2) for (const one of held) right(one, one.req);
  };
  const both = await startStub(t, together, together);
  t.equal((await new Client({ url: both.url, maxBatch: 2, connections: 2 }).gradients(request)).divisor, 4);

  const one = await startStub(t, right, refusal(422));
  await t.rejects(new Client({ url: one.url, maxBatch: 1, connections: 1 }).gradients(request), {
    status: 422,
  } as unknown as Error);
  t.equal(one.asked.length, 2, 'no further part is asked for');

  // The first is never answered: it must be ended by the failure of the second.
  const ended = Promise.withResolvers<void>();
  const stalls = (response: ServerResponse) => response.on('close', ended.resolve);
  const broken = await startStub(t, stalls, refusal(422));
  await t.rejects(new Client({ url: broken.url, maxBatch: 2 }).gradients(request), { status: 422 } as unknown as Error);
  await ended.promise;

  const stalled = await startStub(
    t,
    () => controller.abort(new Error('enough')),
    () => {},
  );
  const controller = new AbortController();
  const asked = new Client({ url: stalled.url, maxBatch: 2 }).gradients(request, { signal: controller.signal });
  await t.rejects(asked, new Error('enough'));
});
