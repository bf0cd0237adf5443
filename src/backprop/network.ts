// The network, ready to compute with.
import { defaultActivation } from '../../schemas/activation.ts';
import type { Network } from '../../schemas/network.ts';
import type { Tensors } from '../../schemas/numbers.ts';
import { Dense } from '../linalg/dense.ts';
import { type Activation, buildActivation } from './activations.ts';

/** A layer computes f(A Wᵀ + b). */
export interface Layer {
  /** outputs x inputs. */
  readonly W: Dense;
  /** outputs. */
  readonly b?: Float64Array;
  readonly f: Activation;
}

/** Builds the layers of a network whose shapes have been checked. */
export function buildLayers({ layers }: Tensors<Network>): Layer[] {
  return layers.map(({ weights, biases, activation }) => ({
    W: Dense.of(weights),
    ...(biases && { b: biases }),
    f: buildActivation(activation ?? defaultActivation),
  }));
}
