// From a request to its result: the whole of backpropagation, in the order in which it goes.
import type { Extra, GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { defaultLoss } from '../../schemas/loss.ts';
import type { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Tensor, Tensors } from '../linalg/tensor.ts';
import { Findings } from '../refusal.ts';
import { type Backward, backward } from './backward.ts';
import { buildBatch, checkBatchDomain, checkDomain, transposed, weight } from './batch.ts';
import { allFinite, nonFinite } from './finite.ts';
import { type Forward, forward } from './forward.ts';
import { buildLoss, type Loss, type Reduced, reduce } from './losses.ts';
import { checkMemory, type Memory } from './memory.ts';
import { buildLayers } from './network.ts';
import { checkShapes } from './shapes.ts';

/** The answer, its arrays as flat float64. */
export type GradientsResult = Tensors<GradientsAnswer>;

/**
 * Computes the loss of a batch and its gradients.
 * @throws Refusal `shape-mismatch`, `out-of-domain`, `too-much-memory` or `non-finite-result`.
 */
export function computeGradients(request: GradientsRequest, engine: Engine, memory: Memory): GradientsResult {
  const { network, batch: given } = request;
  const include = new Set(request.include);
  const built = buildLoss(request.loss ?? defaultLoss);
  const { loss, options } = built;
  const sizes = checkShapes(network, given, built);
  checkMemory(sizes, include, memory);
  checkDomains(request, built);

  const layers = buildLayers(network);
  const batch = buildBatch(given);
  const steps = forward(layers, batch.X, engine);
  const Y = steps[steps.length - 1].A;
  checkOutputs(Y, loss, built.name, steps.length - 1);
  const reduced = reduce(loss.unreduced(Y, batch.targets), batch.s, options.reduction);
  const wantInputGradients = include.has('input_gradients') || include.has('trace');
  const gradients = backward(layers, steps, reduced.dY, engine, wantInputGradients);

  const result = answer(steps, reduced, gradients, include, given.samples === 'columns');
  if (!allFinite(result)) throw nonFinite(steps, reduced, gradients);
  return result;
}

function checkDomains({ network, batch }: GradientsRequest, { loss, options }: ReturnType<typeof buildLoss>): void {
  const findings = new Findings();
  checkBatchDomain(batch, loss, network.layers[network.layers.length - 1].weights.length, findings);
  for (const [key, value] of Object.entries(options)) {
    if (Array.isArray(value)) checkDomain(value, weight, `/loss/${key}`, findings);
  }
  findings.refuse('out-of-domain');
}

/** Refuses outputs for which the loss is not defined. Where they are not finite, `non-finite-result` says more. */
function checkOutputs(Y: Dense, { outputs }: Loss, name: string, layer: number): void {
  const at = outputs ? Y.data.findIndex((y) => Number.isFinite(y) && !outputs.holds(y)) : -1;
  if (at < 0) return;
  const findings = new Findings();
  const [i, j] = [Math.floor(at / Y.columns), at % Y.columns];
  findings.add(
    `/network/layers/${layer}`,
    `expected outputs that are each ${outputs?.expected}, for ${name}, got ${Y.data[at]} for sample ${i}, unit ${j}`,
  );
  findings.refuse('out-of-domain');
}

function answer(
  steps: Forward[],
  { loss, divisor, shares }: Reduced,
  gradients: Backward[],
  include: ReadonlySet<Extra>,
  columns: boolean,
): GradientsResult {
  const oriented = (matrix: Dense) => (columns ? transposed(matrix) : matrix);
  const extras: { [Name in Extra]: () => NonNullable<GradientsResult[Name]> } = {
    outputs: () => oriented(steps[steps.length - 1].A),
    input_gradients: () => oriented(gradients[0].dX as Dense),
    per_sample_losses: () => shares,
    per_sample_gradients: () => gradients.map(({ dZ, db }, k) => sampleGradients(dZ, steps[k].X, db !== undefined)),
    gradient_norms: () => norms(gradients),
    trace: () =>
      steps.map(({ X, Z, A }, k) => ({
        inputs: oriented(X),
        pre_activations: oriented(Z),
        outputs: oriented(A),
        output_gradients: oriented(gradients[k].dA),
        pre_activation_gradients: oriented(gradients[k].dZ),
        input_gradients: oriented(gradients[k].dX as Dense),
      })),
  };
  return {
    loss,
    gradients: gradients.map(({ dW, db }) => ({ weights: dW, ...(db && { biases: db }) })),
    divisor,
    ...Object.fromEntries(Array.from(include, (name) => [name, extras[name]()])),
  };
}

/** Each sample's share of a layer's gradient: the outer product of its rows of dZ and X. */
function sampleGradients(dZ: Dense, X: Dense, biases: boolean): { weights: Tensor; biases?: Tensor } {
  const data = new Float64Array(dZ.rows * dZ.columns * X.columns);
  let at = 0;
  for (let i = 0; i < dZ.rows; i++) {
    const x = X.row(i);
    for (const dz of dZ.row(i)) for (let j = 0; j < x.length; j++) data[at++] = dz * x[j];
  }
  return { weights: { shape: [dZ.rows, dZ.columns, X.columns], data }, ...(biases && { biases: dZ }) };
}

function norms(gradients: Backward[]): { layers: { weights: number; biases?: number }[]; total: number } {
  const layers = gradients.map(({ dW, db }) => ({ weights: norm(dW.data), ...(db && { biases: norm(db) }) }));
  return { layers, total: norm(Float64Array.from(layers.flatMap((layer) => Object.values(layer)))) };
}

/** The L2 norm. Values are scaled by the largest, so that no square overflows or vanishes (as BLAS's nrm2 does). */
function norm(values: Float64Array): number {
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (largest === 0) return 0;
  return largest * Math.sqrt(values.reduce((sum, value) => sum + (value / largest) ** 2, 0));
}
