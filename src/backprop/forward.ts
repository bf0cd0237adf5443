// The forward pass. Keeps the values of every layer for the backward pass.
import type { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import { activate } from './activation.ts';
import type { Layer } from './network.ts';

/** The values of one layer: samples x inputs or samples x outputs. */
export interface Forward {
  /** Inputs: the outputs of the previous layer. */
  readonly X: Dense;
  /** Pre-activations, X Wᵀ + b. */
  readonly Z: Dense;
  /** Outputs, f(Z). */
  readonly A: Dense;
}

/** Computes all layers. Unless `keep`, A may overwrite Z if the backward pass does not need Z. */
export function forward(layers: readonly Layer[], inputs: Dense, engine: Engine, keep: boolean): Forward[] {
  const steps: Forward[] = [];
  let X = inputs;
  for (const { W, b, f } of layers) {
    const Z = engine.forward(X, W, b);
    const A = activate(f, Z, engine.scratch, !keep);
    steps.push({ X, Z, A });
    X = A;
  }
  return steps;
}
