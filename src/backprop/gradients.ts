// Backpropagation from a request to its result, step by step.
import type { Batch as GivenBatch } from '../../schemas/batch.ts';
import type { DecodedRequest, Extra, GradientsRequest, GradientsResult } from '../../schemas/gradients.ts';
import { defaultLoss } from '../../schemas/loss.ts';
import type { Network } from '../../schemas/network.ts';
import { areFinite, type Tensors } from '../../schemas/numbers.ts';
import type { Engine } from '../linalg/engine.ts';
import { backward } from './backward.ts';
import { type Batch, buildBatch } from './batch.ts';
import { costOf } from './cost.ts';
import { checkDomains, checkOutputs } from './domains.ts';
import { extrasOf } from './extras.ts';
import { allFinite, type Computed, nonFinite } from './finite.ts';
import { forward } from './forward.ts';
import { type BoundLoss, bindLoss, reduce } from './losses.ts';
import { buildLayers, type Layer } from './network.ts';
import type { Plan } from './plan.ts';
import { checkShapes } from './shapes.ts';

/**
 * Checks the shapes of a request, and estimates its cost. The plan's `run` computes the loss of the batch and its gradients.
 * @throws Refusal `shape-mismatch`; `run` throws `out-of-domain` or `non-finite-result`.
 */
export function planGradients(request: DecodedRequest): Plan<GradientsResult> {
  const include = [...new Set(request.include)];
  const bound = bindLoss(request.loss ?? defaultLoss);
  const sizes = checkShapes(request, bound);
  // checkShapes has excluded ragged matrices.
  const { network, batch } = request as Tensors<GradientsRequest>;
  return { sizes, cost: costOf(sizes, include), run: (engine) => compute(network, batch, include, bound, engine) };
}

function compute(
  network: Tensors<Network>,
  given: Tensors<GivenBatch>,
  include: readonly Extra[],
  bound: BoundLoss,
  engine: Engine,
): GradientsResult {
  const layers = buildLayers(network);
  checkDomains(given, bound, layers[layers.length - 1].W.rows);
  const batch = buildBatch(given, engine.scratch);
  const wantInputGradients = include.includes('input_gradients') || include.includes('trace');
  const pass = (keep: boolean) => passes(layers, batch, bound, engine, wantInputGradients, keep);
  const computed = pass(include.includes('trace'));
  const extras = extrasOf(computed, include, given.samples === 'columns');
  // Computes once more and keeps all values, to find the first non-finite one.
  if (!isFiniteResult(computed) || !allFinite(extras)) throw nonFinite(pass(true));
  const { reduced, gradients } = computed;
  return {
    loss: reduced.loss,
    gradients: gradients.map(({ dW, db }) => (db ? { weights: dW, biases: db } : { weights: dW })),
    divisor: reduced.divisor,
    ...extras,
  };
}

/** The forward and the backward pass. Unless `keep`, values that are not needed later are overwritten. */
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
  const reduced = reduce(bound.loss.unreduced(Y, targets, engine.scratch), s, bound.reduction, engine.scratch);
  return { steps, reduced, gradients: backward(layers, steps, reduced.dY, engine, wantInputGradients, keep) };
}

/** Whether loss, divisor and gradients are finite. */
function isFiniteResult({ reduced, gradients }: Computed): boolean {
  if (!Number.isFinite(reduced.loss) || !Number.isFinite(reduced.divisor)) return false;
  return gradients.every(({ dW, db }) => areFinite(dW.data) && (db === undefined || areFinite(db)));
}
