// Identities between the derivatives: adjoints, symmetry, columns of the Jacobian, Gauss-Newton; and a run of Levenberg and Marquardt.
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import type { HessianAnswer, HvpAnswer } from '../../schemas/curvature.ts';
import type { JacobianAnswer, JvpAnswer, LayerJacobian, VjpAnswer } from '../../schemas/derivatives.ts';
import type { GradientsRequest } from '../../schemas/gradients.ts';
import { type LossName, losses } from '../../schemas/loss.ts';
import { post, startApp } from '../support/app.ts';
import { sameNumbers } from '../support/numbers.ts';
import { forRandomRequests } from '../support/random-request.ts';
import { uniform } from '../support/workloads.ts';

const random = uniform(11);

async function ask<Answer>(app: FastifyInstance, name: string, request: object): Promise<Answer> {
  const response = await post(app, request, {}, `/${name}`);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${response.body}`);
  return response.json();
}

type Layers = GradientsRequest['network']['layers'];
type Vector = { weights: number[][]; biases?: number[] }[];

const vectorFor = (layers: Layers): Vector =>
  layers.map(({ weights, biases }) => ({
    weights: weights.map((row) => row.map(() => random())),
    ...(biases && { biases: biases.map(() => random()) }),
  }));
const numbersOf = (vector: Vector) => vector.flatMap(({ weights, biases }) => [...weights.flat(), ...(biases ?? [])]);
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const near = (a: number, b: number, scale: number) => Math.abs(a - b) <= 1e-11 * Math.max(1, scale);

/** Random requests of all losses. */
function requestsOf(name: LossName): GradientsRequest[] {
  const requests: GradientsRequest[] = [];
  forRandomRequests(name, (request) => {
    requests.push(request);
  });
  return requests.slice(0, 12);
}

t.test('adjoints and symmetry on random networks', async (t) => {
  const app = await startApp();
  for (const name of Object.keys(losses) as LossName[]) {
    for (const { network, batch, loss } of requestsOf(name)) {
      const { layers } = network;
      const inputs = { inputs: batch.inputs };
      const [v, w] = [vectorFor(layers), vectorFor(layers)];
      const directionOfInputs = batch.inputs.map((row) => row.map(() => random()));
      const tangents = { parameters: v, inputs: directionOfInputs };
      const { output_tangents } = await ask<JvpAnswer>(app, 'jvp', { network, batch: inputs, tangents });
      const cotangents = output_tangents.map((row) => row.map(() => random()));
      const { gradients, input_gradients } = await ask<VjpAnswer>(app, 'vjp', { network, batch: inputs, cotangents });
      const forward = dot(cotangents.flat(), output_tangents.flat());
      const back = dot(numbersOf(gradients), numbersOf(v)) + dot(input_gradients.flat(), directionOfInputs.flat());
      t.ok(near(forward, back, Math.abs(forward)), `${name}: v (J w) = (J' v) w`);
      for (const matrix of ['hessian', 'gauss_newton']) {
        const ofV = await ask<HvpAnswer>(app, 'hvp', { network, batch, loss, vector: v, matrix });
        const ofW = await ask<HvpAnswer>(app, 'hvp', { network, batch, loss, vector: w, matrix });
        const [left, right] = [dot(numbersOf(w), numbersOf(ofV.products)), dot(numbersOf(v), numbersOf(ofW.products))];
        t.ok(near(left, right, Math.abs(left)), `${name}, ${matrix}: w (M v) = v (M w)`);
        t.ok(matrix === 'hessian' || ofV.curvature >= 0, `${name}: a Gauss-Newton curvature is not negative`);
        if (numbersOf(v).length > 40) continue;
        const { hessian } = await ask<HessianAnswer>(app, 'hessian', { network, batch, loss, matrix });
        const products = hessian.map((row) => dot(row, numbersOf(v)));
        sameNumbers(t, products, numbersOf(ofV.products), `${name}, ${matrix}: the matrix times v`, {
          tolerance: 1e-10,
          scales: [1],
        });
        t.ok(
          hessian.every((row, i) => row.every((value, j) => value === hessian[j][i])),
          'symmetric to the last bit',
        );
      }
    }
  }
});

const curve = {
  network: {
    layers: [
      { weights: [[0.4], [-0.9], [0.2]], biases: [0.1, 0.5, -0.3], activation: 'tanh' },
      { weights: [[0.3, -0.7, 0.6]], biases: [0.05] },
    ],
  },
  batch: { inputs: [[-2], [-1.2], [-0.5], [0], [0.7], [1.1], [1.8], [2.5]] },
};
const size = 10;

t.test("the Jacobian's columns are tangents; Gauss-Newton of mse with sum is 2 J'J", async (t) => {
  const app = await startApp();
  const { jacobian } = await ask<JacobianAnswer>(app, 'jacobian', { ...curve, of: 'parameters' });
  const parts = jacobian as LayerJacobian[];
  // One output: a row of the Jacobian per sample.
  const rows = curve.batch.inputs.map((_, i) =>
    parts.flatMap(({ weights, biases }) => [...weights[i][0].flat(), ...(biases?.[i][0] ?? [])]),
  );
  for (let p = 0; p < size; p++) {
    let at = 0;
    const unit = curve.network.layers.map(({ weights, biases }) => ({
      weights: weights.map((row) => row.map(() => Number(at++ === p))),
      biases: biases.map(() => Number(at++ === p)),
    }));
    const { output_tangents } = await ask<JvpAnswer>(app, 'jvp', { ...curve, tangents: { parameters: unit } });
    sameNumbers(
      t,
      output_tangents.flat(),
      rows.map((row) => row[p]),
      `parameter ${p}`,
    );
  }
  const targets = curve.batch.inputs.map(([x]) => [Math.sin(x)]);
  const { hessian } = await ask<HessianAnswer>(app, 'hessian', {
    network: curve.network,
    batch: { ...curve.batch, targets },
    loss: { type: 'mse', reduction: 'sum' },
    matrix: 'gauss_newton',
  });
  const squares = hessian.map((_, p) =>
    hessian.map(
      (_, q) =>
        2 *
        dot(
          rows.map((row) => row[p]),
          rows.map((row) => row[q]),
        ),
    ),
  );
  sameNumbers(t, hessian, squares, "2 J'J");
  const { jacobian: ofInputs } = await ask<JacobianAnswer>(app, 'jacobian', { ...curve, of: 'inputs' });
  const tangents = { inputs: curve.batch.inputs.map(() => [1]) };
  const { output_tangents } = await ask<JvpAnswer>(app, 'jvp', { ...curve, tangents });
  sameNumbers(
    t,
    (ofInputs as number[][][]).map(([row]) => row),
    output_tangents,
    'of the inputs',
  );
});

/** By scipy 1.10: least_squares(residuals, method='lm', xtol=ftol=gtol=1e-15) from the same start. */
const LEAST_SQUARES = JSON.parse(readFileSync(new URL('../derivatives/least-squares.json', import.meta.url), 'utf8')) as {
  readonly loss: number;
};

t.test("Levenberg and Marquardt's method ends at the loss of scipy's least_squares", async (t) => {
  const app = await startApp();
  const inputs = Array.from({ length: 20 }, (_, i) => [(i - 10) / 4]);
  const batch = { inputs, targets: inputs.map(([x]) => [Math.sin(1.3 * x) + 0.1 * x * x]) };
  let { network } = curve;
  let damping = [1e-3, 1e-1, 10];
  let loss = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 300; n++) {
    const request = { network, batch, loss: { type: 'mse', reduction: 'sum' }, matrix: 'gauss_newton', damping };
    const answer = await ask<HessianAnswer>(app, 'hessian', request);
    const best = (answer.steps ?? []).reduce((a, b) => ((b.loss ?? Infinity) < (a.loss ?? Infinity) ? b : a));
    if ((best.loss ?? Infinity) >= answer.loss) {
      damping = damping.map((mu) => mu * 10);
      if (damping[0] > 1e6) break;
      continue;
    }
    loss = best.loss as number;
    damping = [best.damping / 10, best.damping, best.damping * 10];
    network = {
      layers: network.layers.map(({ weights, biases, ...layer }, k) => ({
        ...layer,
        weights: weights.map((row, o) => row.map((value, i) => value + best.step[k].weights[o][i])),
        biases: biases.map((value, o) => value + (best.step[k].biases as number[])[o]),
      })),
    } as typeof network;
  }
  t.ok(Math.abs(loss - LEAST_SQUARES.loss) <= 1e-9 * LEAST_SQUARES.loss, `${loss} and ${LEAST_SQUARES.loss}`);
});
