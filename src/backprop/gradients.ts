// From a request to its result: the whole of backpropagation, in the order in which it goes.
import type { DecodedRequest, Extra, GradientsResult } from '../../schemas/gradients.ts';
import { defaultLoss } from '../../schemas/loss.ts';
import { type Tensor, tensor } from '../../schemas/numbers.ts';
import type { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import { type Backward, backward } from './backward.ts';
import { type Batch, buildBatch, transposed } from './batch.ts';
import { type Cost, costOf } from './cost.ts';
import { checkDomains, checkOutputs } from './domains.ts';
import { allFinite, type Computed, nonFinite } from './finite.ts';
import { flat } from './flat.ts';
import { forward } from './forward.ts';
import { type BoundLoss, bindLoss, reduce } from './losses.ts';
import { buildLayers, type Layer } from './network.ts';
import { checkShapes, type Sizes } from './shapes.ts';

/**
 * Computes the loss of a batch and its gradients. What that will cost is known once the shapes are found to fit together:
 * `admit` is told, and may throw.
 * @throws Refusal `shape-mismatch`, `out-of-domain` or `non-finite-result`; and whatever `admit` throws.
 */
export function computeGradients(
  request: DecodedRequest,
  engine: Engine,
  admit: (cost: Cost, sizes: Sizes) => void,
): GradientsResult {
  const include = new Set(request.include);
  const bound = bindLoss(flat(request.loss ?? defaultLoss));
  const sizes = checkShapes(request.network, request.batch, bound);
  admit(costOf(sizes, include), sizes);
  const network = flat(request.network);
  const given = flat(request.batch);
  checkDomains(given, bound, sizes.units[sizes.units.length - 1]);

  const layers = buildLayers(network);
  const batch = buildBatch(given);
  const pass = (keep: boolean) => passes(layers, batch, bound, engine, wantsInputGradients(include), keep);
  const computed = pass(include.has('trace'));
  const result = answer(computed, include, given.samples === 'columns');
  // Only where every value has been kept can it be told where the first one arose that is not finite.
  if (!allFinite(result)) throw nonFinite(pass(true));
  return result;
}

function wantsInputGradients(include: ReadonlySet<Extra>): boolean {
  return include.has('input_gradients') || include.has('trace');
}

/** The way forward and back. Where `keep` is false, values that nothing needs later are overwritten. */
function passes(
  layers: readonly Layer[],
  { X, targets, s }: Batch,
  bound: BoundLoss,
  engine: Engine,
  wantInputGradients: boolean,
  keep: boolean,
): Computed {
  const steps = forward(layers, X, engine, keep);
  const Y = steps[steps.length - 1].A;
  checkOutputs(Y, bound, steps.length - 1);
  const reduced = reduce(bound.loss.unreduced(Y, targets), s, bound.reduction);
  return { steps, reduced, gradients: backward(layers, steps, reduced.dY, engine, wantInputGradients, keep) };
}

function answer({ steps, reduced, gradients }: Computed, include: ReadonlySet<Extra>, columns: boolean): GradientsResult {
  const { loss, divisor, shares } = reduced;
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
  return { weights: tensor([dZ.rows, dZ.columns, X.columns], data), ...(biases && { biases: dZ }) };
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
