// The way forward: every layer's values are kept, because the way back needs them.
import type { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import type { Layer } from './network.ts';

/** What a layer computed; all are samples x units. */
export interface Forward {
  /** The layer's inputs: the outputs of the layer before. */
  readonly X: Dense;
  /** Pre-activations, X Wᵀ + b. */
  readonly Z: Dense;
  /** Outputs, f(Z). */
  readonly A: Dense;
}

/** Unless everything is to be kept, A may take the place of a Z that the way back does not need. */
export function forward(layers: readonly Layer[], inputs: Dense, engine: Engine, keep: boolean): Forward[] {
  const steps: Forward[] = [];
  let X = inputs;
  for (const { W, b, f } of layers) {
    const Z = engine.forward(X, W, b);
    const A = f.value(Z, !keep);
    steps.push({ X, Z, A });
    X = A;
  }
  return steps;
}
