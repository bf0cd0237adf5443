// The backward pass: from the gradient of the outputs, last layer first, to the gradients of the parameters and of the inputs.
import type { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import { pullBack } from './activation.ts';
import type { Forward } from './forward.ts';
import type { Layer } from './network.ts';

/** The gradients of the loss at the parameters of one layer. */
export interface ParameterGradients {
  /** With respect to the weights: outputs x inputs. */
  readonly dW: Dense;
  /** With respect to the biases: outputs. */
  readonly db: Float64Array | undefined;
}

/** The gradients of the loss at one layer. */
export interface Backward extends ParameterGradients {
  /** With respect to the outputs: samples x outputs. */
  readonly dA: Dense;
  /** With respect to the pre-activations: samples x outputs. */
  readonly dZ: Dense;
  /** With respect to the inputs: samples x inputs. For the first layer only with `wantInputGradients`. */
  readonly dX: Dense | undefined;
}

/**
 * Backpropagates dY = ∂loss/∂outputs through `layers`. Returns the gradients of each layer, first layer first.
 * Unless `keep`, dZ may overwrite dA.
 */
export function backward(
  layers: readonly Layer[],
  steps: readonly Forward[],
  dY: Dense,
  engine: Engine,
  wantInputGradients: boolean,
  keep: boolean,
): Backward[] {
  const gradients = new Array<Backward>(layers.length);
  for (const { k, ...deltas } of pullThrough(layers, steps, dY, engine, wantInputGradients, keep)) {
    const { dZ } = deltas;
    const dW = engine.weightGradient(dZ, steps[k].X);
    gradients[k] = { ...deltas, dW, db: layers[k].b && dZ.sumOfRows(engine.scratch) };
  }
  return gradients;
}

/** The values that flow back through layer k. */
export interface Deltas extends Pick<Backward, 'dA' | 'dZ' | 'dX'> {
  readonly k: number;
}

/** Backpropagates dY without the gradients of parameters, last layer first. */
export function* pullThrough(
  layers: readonly Layer[],
  steps: readonly Forward[],
  dY: Dense,
  engine: Engine,
  wantInputGradients: boolean,
  keep: boolean,
): Generator<Deltas> {
  let dA = dY;
  for (let k = layers.length - 1; k >= 0; k--) {
    const { W, f } = layers[k];
    const { Z, A } = steps[k];
    const dZ = pullBack(f, dA, Z, A, engine.scratch, !keep);
    const dX = k > 0 || wantInputGradients ? engine.inputGradient(dZ, W) : undefined;
    yield { k, dA, dZ, dX };
    if (dX) dA = dX;
  }
}
