// Derivatives of the forward and the backward pass along a direction of the parameters and the inputs. R of a value is its derivative
// along that direction; undefined is 0 everywhere. B. Pearlmutter, Fast Exact Multiplication by the Hessian (1994).
import type { Tensors } from '../../schemas/numbers.ts';
import type { Parameters } from '../../schemas/parameters.ts';
import { Dense } from '../linalg/dense.ts';
import type { Engine } from '../linalg/engine.ts';
import { type Linear, linearize } from './activation.ts';
import type { Backward, ParameterGradients } from './backward.ts';
import type { Forward } from './forward.ts';
import type { Layer } from './network.ts';

/** The part of a direction in the parameters of one layer. */
export interface Direction {
  /** outputs x inputs. */
  readonly RW: Dense | undefined;
  /** outputs. */
  readonly Rb: Float64Array | undefined;
}

/** A vector of parameters, whose shapes have been checked, as a direction. */
export function directionsOf(vector: Tensors<Parameters>, layers: readonly Layer[]): Direction[] {
  return layers.map((_, k) => {
    const { weights, biases } = vector[k] ?? {};
    return { RW: weights && Dense.of(weights), Rb: biases };
  });
}

/** The derivatives of one layer's values in the forward pass; shapes as in `Forward`. */
export interface ForwardTangents {
  readonly RX: Dense | undefined;
  readonly RZ: Dense | undefined;
  readonly RA: Dense | undefined;
}

/** What the direction of a layer's own parameters adds to its RZ: X RWᵀ + Rb. */
export function ownTangent({ RW, Rb }: Direction, X: Dense, engine: Engine): Dense | undefined {
  if (RW) return engine.forward(X, RW, Rb);
  if (!Rb) return undefined;
  const RZ = Dense.in(engine.scratch, X.rows, Rb.length);
  for (let i = 0; i < RZ.rows; i++) RZ.data.set(Rb, i * RZ.columns);
  return RZ;
}

/** The activations of all layers, prepared for tangents; with the `gradients` of `backward`, also for their backward pass. */
export function linearized(
  layers: readonly Layer[],
  steps: readonly Forward[],
  gradients: readonly Backward[] | undefined,
  { scratch }: Engine,
): Linear[] {
  return layers.map(({ f }, k) => linearize(f, steps[k].Z, steps[k].A, gradients?.[k].dA, scratch));
}

/** The forward pass with tangents: `inputs` is the direction of the inputs, `ownOf` that of the parameters of layer k, as `ownTangent`. */
export function forwardTangents(
  layers: readonly Layer[],
  linear: readonly Linear[],
  inputs: Dense | undefined,
  ownOf: (k: number) => Dense | undefined,
  engine: Engine,
): ForwardTangents[] {
  let RX = inputs;
  return layers.map(({ W }, k) => {
    const RZ = sumOf(ownOf(k), RX && engine.forward(RX, W));
    const RA = RZ && linear[k].push(RZ);
    const tangents = { RX, RZ, RA };
    RX = RA;
    return tangents;
  });
}

/**
 * The derivatives of the gradients of all parameters: the backward pass with tangents. `RdY` is the derivative of dY; the `gradients` are
 * those of `backward` with all values kept.
 */
export function backwardTangents(
  layers: readonly Layer[],
  steps: readonly Forward[],
  linear: readonly Linear[],
  tangents: readonly ForwardTangents[],
  gradients: readonly Backward[],
  RdY: Dense | undefined,
  directions: readonly Direction[],
  engine: Engine,
): ParameterGradients[] {
  const { scratch } = engine;
  const products = new Array<ParameterGradients>(layers.length);
  let RdA = RdY;
  for (let k = layers.length - 1; k >= 0; k--) {
    const { W, b } = layers[k];
    const { X } = steps[k];
    const { RX, RZ } = tangents[k];
    const { dZ } = gradients[k];
    const RdZ = linear[k].pull(RdA, RZ);
    const dW = sumOf(RdZ && engine.weightGradient(RdZ, X), RX && engine.weightGradient(dZ, RX));
    products[k] = {
      dW: dW ?? new Dense(W.rows, W.columns, scratch.filled(W.data.length, 0)),
      db: b && (RdZ ? RdZ.sumOfRows(scratch) : scratch.filled(b.length, 0)),
    };
    const { RW } = directions[k] ?? NO_DIRECTION;
    if (k > 0) RdA = sumOf(RdZ && engine.inputGradient(RdZ, W), RW && engine.inputGradient(dZ, RW));
  }
  return products;
}

const NO_DIRECTION: Direction = { RW: undefined, Rb: undefined };

/** The sum of two matrices, of which one is overwritten. */
function sumOf(into: Dense | undefined, other: Dense | undefined): Dense | undefined {
  if (!into || !other) return into ?? other;
  for (let i = 0; i < into.data.length; i++) into.data[i] += other.data[i];
  return into;
}
