// Derivatives beyond the gradient, against PyTorch 1.13: every activation with every loss, samples in rows and in columns.
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { operations } from '../../src/operations/registry.ts';
import cases from '../derivatives/derivatives.json' with { type: 'json' };
import { post, startApp } from '../support/app.ts';
import { sameNumbers } from '../support/numbers.ts';

/** Relative to the largest number of an array. */
const TOLERANCE = 1e-12;

type Rows = number[][];

const turned = (rows: Rows): Rows => rows[0].map((_, j) => rows.map((row) => row[j]));

/** Posts a request that must succeed. */
async function ask(app: FastifyInstance, name: string, request: object) {
  const response = await post(app, request, {}, `/${name}`);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${response.body}`);
  return response.json();
}

t.test('every activation with every loss', async (t) => {
  const app = await startApp();
  for (const [i, { name, layers, inputs, targets, loss, vector, cotangents, tangents, expected, ...rest }] of cases.entries()) {
    const columns = i % 3 === 1;
    const oriented = (rows: Rows) => (columns ? turned(rows) : rows);
    const samples = columns ? { samples: 'columns' } : {};
    const network = { layers };
    const { sample_weights, penalty } = rest as { sample_weights?: number[]; penalty?: object };
    const isMatrix = Array.isArray(targets[0]);
    const batch = {
      inputs: oriented(inputs),
      targets: isMatrix ? oriented(targets as Rows) : targets,
      ...samples,
      ...(sample_weights && { sample_weights }),
    };
    const withLoss = { network, batch, loss, ...(penalty && { penalty }) };
    const same = (got: { penalty?: number }, wanted: { penalty?: number }, what: string) =>
      sameNumbers(t, { ...got, penalty: got.penalty ?? 0 }, { ...wanted, penalty: wanted.penalty ?? 0 }, `${what} of ${name}`, {
        tolerance: TOLERANCE,
        scales: { curvature: 1, loss: 1 },
      });
    same(await ask(app, 'hvp', { ...withLoss, vector }), expected.hvp, 'hvp');
    same(
      await ask(app, 'hvp', { ...withLoss, vector, matrix: 'gauss_newton' }),
      { ...expected.hvp, ...expected.gauss_newton },
      'gauss_newton',
    );
    const plain = { network, batch: { inputs: oriented(inputs), ...samples } };
    const vjp = {
      ...expected.vjp,
      outputs: oriented(expected.vjp.outputs),
      input_gradients: oriented(expected.vjp.input_gradients),
    };
    sameNumbers(t, await ask(app, 'vjp', { ...plain, cotangents: oriented(cotangents) }), vjp, `vjp of ${name}`);
    const jvp = { outputs: vjp.outputs, output_tangents: oriented(expected.jvp.output_tangents) };
    const direction = { parameters: vector, inputs: oriented(tangents) };
    sameNumbers(t, await ask(app, 'jvp', { ...plain, tangents: direction }), jvp, `jvp of ${name}`);
    const { hessian, jacobian } = expected as { hessian?: Rows; jacobian?: Record<string, unknown> };
    if (hessian) same({ hessian: (await ask(app, 'hessian', withLoss)).hessian } as object, { hessian } as object, 'hessian');
    for (const wanted of ['inputs', 'parameters'] as const)
      if (jacobian)
        sameNumbers(
          t,
          (await ask(app, 'jacobian', { ...plain, of: wanted })).jacobian,
          jacobian[wanted],
          `jacobian of ${name}, ${wanted}`,
        );
  }
});

t.test('the examples of the documentation', async (t) => {
  const app = await startApp();
  for (const { name, examples } of operations)
    for (const [key, { request, answer }] of Object.entries(examples))
      t.strictSame(await ask(app, name, request), answer, `${name}: ${key}`);
});
