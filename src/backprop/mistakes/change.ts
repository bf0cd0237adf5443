// What a mistake is: an otherwise right computation with one line changed.
import type { Loss as GivenLoss } from '../../../schemas/loss.ts';
import type { Tensors } from '../../../schemas/numbers.ts';
import type { Dense } from '../../linalg/dense.ts';
import type { Engine } from '../../linalg/engine.ts';
import type { Forward } from '../forward.ts';
import type { Targets } from '../loss.ts';
import type { BoundLoss } from '../losses.ts';
import type { Layer } from '../network.ts';
import type { BoundPenalty } from '../penalty.ts';

/** A request as matrices, with one sample per row. */
export interface Setting {
  readonly layers: readonly Layer[];
  readonly X: Dense;
  readonly targets: Targets;
  /** The weights of the samples; all 1 if the request has none. */
  readonly s: Float64Array;
  readonly isWeighted: boolean;
  readonly given: Tensors<GivenLoss>;
  readonly bound: BoundLoss;
  /** What the reduction divides by. */
  readonly divisor: number;
  readonly penalty: BoundPenalty | undefined;
  readonly engine: Engine;
}

/** One way in which a line may be wrong. */
export interface Change<Value> {
  /** What was computed, and what is right. */
  readonly detail: string;
  /** Distinguishes several ways of the same mistake. */
  readonly key?: string;
  /** Where it is made, if not at the line itself. */
  readonly pointer?: string;
  /** If a constant was fitted to the candidate's numbers: by how many. */
  readonly fittedTo?: number;
  /** The penalty that was fitted. */
  readonly penalty?: BoundPenalty;
  /** What the wrong line computes; undefined if it cannot be computed. */
  readonly compute: () => Value | undefined;
}

/** A mistake in one line, with all ways in which it may be made there; none where the line has nothing to be mistaken about. */
export interface Mistake<Line, Value> {
  readonly changes: (line: Line) => readonly Change<Value>[];
}

/** Layer k in the forward pass. */
export interface ForwardLine {
  readonly setting: Setting;
  readonly k: number;
  /** Its inputs, and the right pre-activations of the layer before. */
  readonly X: Dense;
  readonly before: Forward | undefined;
}

/** What a wrong forward line computes, and the activation that the backward pass takes for the layer's. */
export interface ForwardValue {
  readonly Z: Dense;
  readonly A: Dense;
  readonly layer: Layer;
}

/** The loss and its gradient. */
export interface LossLine {
  readonly setting: Setting;
  readonly Y: Dense;
}

export interface LossValue {
  /** Without the penalty; left out where the mistake is in the gradient only. */
  readonly loss?: number;
  readonly dY: Dense;
  /** What the gradients of the parameters are multiplied by, beside dY. */
  readonly parameterFactor?: number;
}

/** Layer k in the backward pass, given ∂loss/∂outputs. */
export interface SlopeLine {
  readonly setting: Setting;
  readonly k: number;
  readonly steps: readonly Forward[];
  readonly dA: Dense;
}

/** What a wrong slope is, or the ∂loss/∂pre-activations that comes of it. */
export type SlopeValue = { readonly slopes: Dense } | { readonly dZ: Dense };

/** Layer k in the backward pass, given ∂loss/∂pre-activations. */
export interface ParameterLine extends SlopeLine {
  readonly dZ: Dense;
}

/** The gradient of weights as a product δᵀ X, transposed or not. */
export interface WeightsValue {
  readonly δ: Dense;
  readonly X: Dense;
  readonly isTransposed?: boolean;
}

/** The gradient of biases, in any shape. */
export interface BiasesValue {
  readonly numbers: Float64Array;
  readonly shape?: readonly number[];
}

/** Any gradient of parameters, given the right one and the candidate's. */
export interface GradientLine {
  readonly setting: Setting;
  readonly k: number;
  readonly of: 'weights' | 'biases';
  /** Without the penalty, and the gradient of the penalty, if there is one. */
  readonly ofLoss: Float64Array;
  readonly ofPenalty: Float64Array | undefined;
  readonly parameters: Float64Array;
  readonly candidate: Float64Array;
}

/** ∂loss/∂inputs of layer k, for which a rate may have to be fitted: inputs + rate · direction. */
export interface InputsValue {
  readonly inputs: Dense;
  readonly direction?: Dense;
}

/** The line of layer k that computes ∂loss/∂inputs; `step` is the gradient by which the weights may have been updated. */
export interface InputsLine extends ParameterLine {
  readonly step: () => Dense;
}

export interface Mistakes {
  readonly forward: Mistake<ForwardLine, ForwardValue>;
  readonly loss: Mistake<LossLine, LossValue>;
  readonly slopes: Mistake<SlopeLine, SlopeValue>;
  readonly weights: Mistake<ParameterLine, WeightsValue>;
  readonly biases: Mistake<ParameterLine, BiasesValue>;
  readonly gradients: Mistake<GradientLine, Float64Array>;
  readonly inputs: Mistake<InputsLine, InputsValue>;
}

export type LineName = keyof Mistakes;
