// The network as matrices.
import { defaultActivation, type Activation as GivenActivation } from '../../schemas/activation.ts';
import type { Network } from '../../schemas/network.ts';
import type { Tensors } from '../../schemas/numbers.ts';
import { Dense } from '../linalg/dense.ts';
import type { Activation } from './activation.ts';
import { buildActivation } from './activations.ts';

/** A layer computes f(X Wᵀ + b). */
export interface Layer {
  /** outputs x inputs. */
  readonly W: Dense;
  /** outputs. */
  readonly b: Float64Array | undefined;
  /** Undefined for identity. */
  readonly f: Activation | undefined;
  /** The activation as given in the request. */
  readonly activation: GivenActivation;
}

/** Builds the layers of a network whose shapes have been checked. */
export function buildLayers({ layers }: Tensors<Network>): Layer[] {
  return layers.map(({ weights, biases, activation: given }) => {
    const activation = given ?? defaultActivation;
    return { W: Dense.of(weights), b: biases, f: buildActivation(activation), activation };
  });
}
