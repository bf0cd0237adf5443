// The documents of the API, with names and defaults of the service. Wherever numbers stand in lists, typed arrays and tensors may.
import type { Data, Tensor } from './tensor.ts';

/** A flat array. */
export type Vector = readonly number[] | Data | Tensor;
/** A list of rows of equal length, or a tensor of two dimensions. */
export type Matrix = readonly (readonly number[])[] | readonly Data[] | Tensor;

export type ActivationName =
  | ('identity' | 'tanh' | 'sigmoid' | 'relu' | 'relu6' | 'leaky_relu' | 'elu' | 'selu' | 'celu' | 'gelu' | 'silu' | 'mish')
  | ('softplus' | 'softsign' | 'hardtanh' | 'hardsigmoid' | 'hardswish' | 'logsigmoid' | 'tanhshrink' | 'softshrink')
  | ('hardshrink' | 'exp' | 'softmax' | 'log_softmax');

interface ActivationOptions {
  leaky_relu: { readonly negative_slope?: number };
  elu: { readonly alpha?: number };
  celu: { readonly alpha?: number };
  gelu: { readonly approximate?: 'none' | 'tanh' };
  softplus: { readonly beta?: number; readonly threshold?: number };
  hardtanh: { readonly min_val?: number; readonly max_val?: number };
  softshrink: { readonly lambd?: number };
  hardshrink: { readonly lambd?: number };
}

/** A name, or an object with the name as its type, and options. */
type Named<Name extends string, Options, Shared = unknown> =
  | Name
  | { [N in Name]: { readonly type: N } & (N extends keyof Options ? Options[N] : unknown) & Shared }[Name];

export type Activation = Named<ActivationName, ActivationOptions>;

export type LossName =
  | ('mse' | 'l1' | 'log_cosh' | 'smooth_l1' | 'huber' | 'binary_cross_entropy' | 'binary_cross_entropy_with_logits')
  | ('cross_entropy' | 'nll' | 'kl_div' | 'poisson_nll' | 'soft_margin' | 'hinge' | 'squared_hinge');

export type Reduction = 'mean' | 'sum' | 'batchmean';

interface LossOptions {
  smooth_l1: { readonly beta?: number };
  huber: { readonly delta?: number };
  binary_cross_entropy_with_logits: { readonly pos_weight?: Vector };
  cross_entropy: { readonly weight?: Vector; readonly label_smoothing?: number; readonly ignore_index?: number };
  nll: { readonly weight?: Vector; readonly ignore_index?: number };
  kl_div: { readonly log_target?: boolean };
  poisson_nll: { readonly log_input?: boolean; readonly full?: boolean; readonly eps?: number };
}

export type Loss = Named<LossName, LossOptions, { readonly reduction?: Reduction }>;

export interface Layer {
  /** outputs x inputs. If those of the first layer are float32, so is the answer. */
  readonly weights: Matrix;
  /** outputs; left out: the layer has no bias. */
  readonly biases?: Vector;
  /** Left out: identity. */
  readonly activation?: Activation | null;
}

export interface Network {
  readonly layers: readonly Layer[];
}

/** What a dataset is used for, in place of arrays. */
export interface Selection {
  readonly dataset?: string;
  /** The first row, and the one after the last; left out: all. */
  readonly rows?: readonly [first: number, end: number];
  /** Rows in any order, in place of `rows`. */
  readonly indices?: Vector;
}

export interface InputBatch extends Selection {
  /** samples x features; features x samples with `samples: 'columns'`. */
  readonly inputs?: Matrix;
  readonly samples?: 'rows' | 'columns';
}

export interface Batch extends InputBatch {
  /** samples x outputs; or, flat, class indices. */
  readonly targets?: Matrix | Vector;
  /** A class index per sample, in place of targets. */
  readonly classes?: Vector;
  /** One per sample; left out: 1. */
  readonly sample_weights?: Vector;
}

/** Adds `l1 * sum |w| + l2 / 2 * sum w^2` to the loss. */
export interface Penalty {
  readonly l1?: number;
  readonly l2?: number;
  readonly biases?: boolean;
}

export type Extra =
  | ('outputs' | 'input_gradients' | 'per_sample_losses' | 'per_sample_gradients' | 'gradient_norms')
  | ('per_sample_gradient_norms' | 'squared_gradients' | 'trace');

/** One number per parameter: per layer, of which keys may be left out where all is 0; or a flat array of all. */
export type Direction = readonly { readonly weights?: Matrix; readonly biases?: Vector }[] | Vector;

interface OfLoss {
  readonly network: Network;
  readonly batch: Batch;
  /** By default mse. */
  readonly loss?: Loss;
  readonly penalty?: Penalty;
}

interface OfOutputs {
  readonly network: Network;
  readonly batch: InputBatch;
}

/** The requests, by operation. */
export interface Requests {
  gradients: OfLoss & { readonly include?: readonly Extra[] };
  vjp: OfOutputs & { readonly cotangents: Matrix };
  jvp: OfOutputs & { readonly tangents: { readonly parameters?: Direction; readonly inputs?: Matrix } };
  jacobian: OfOutputs & { readonly of: 'inputs' | 'parameters' };
  hvp: OfLoss & { readonly vector: Direction; readonly matrix?: 'hessian' | 'gauss_newton' };
  hessian: OfLoss & { readonly matrix?: 'hessian' | 'gauss_newton'; readonly damping?: readonly number[] };
  check: OfLoss & { readonly candidate: Candidate; readonly tolerance?: number };
}

/** What your own code computed, any part of it. A wrong shape is a finding. */
export interface Candidate {
  readonly loss?: number;
  readonly outputs?: Matrix | Vector;
  readonly gradients?: readonly { readonly weights?: Matrix | Vector; readonly biases?: Matrix | Vector }[];
  readonly trace?: readonly { readonly [Name in keyof LayerTrace]?: Matrix | Vector }[];
}

/** Numbers of an answer: float64; float32 if the first layer's weights are. */
export type Numbers = Tensor<Float64Array | Float32Array>;

/** One number per parameter of a layer. */
export interface LayerGradients {
  readonly weights: Numbers;
  readonly biases?: Numbers;
}

export interface LayerNorms {
  readonly weights: number;
  readonly biases?: number;
}

export interface LayerTrace {
  readonly inputs: Numbers;
  readonly pre_activations: Numbers;
  readonly outputs: Numbers;
  readonly output_gradients: Numbers;
  readonly pre_activation_gradients: Numbers;
  readonly input_gradients: Numbers;
  /** The derivative of the activation; not of softmax and log_softmax. */
  readonly slopes?: Numbers;
}

interface LossAnswer {
  readonly loss: number;
  readonly gradients: readonly LayerGradients[];
  /** Answers for parts of a batch merge to sum(divisor * gradient) / sum(divisor). */
  readonly divisor: number;
  /** The share of the penalty in the loss. */
  readonly penalty?: number;
}

export interface CheckedArray {
  readonly pointer: string;
  readonly agrees: boolean;
  readonly relative_error?: number | null;
  readonly ratio?: number | null;
  readonly worst?: { readonly index: readonly number[]; readonly candidate: number; readonly right: number };
  readonly shape?: readonly number[];
  /** Of a ragged matrix. */
  readonly row_lengths?: readonly number[];
  readonly expected_shape?: readonly number[];
}

export interface Diagnosis {
  readonly mistake: string;
  readonly pointer: string;
  readonly explains: readonly string[];
  readonly detail: string;
  /** The line in NumPy, as it is when wrong, and as it should be. */
  readonly wrong: string;
  readonly right: string;
  readonly remedy: string;
  readonly residual: number;
  readonly factor?: number;
  readonly alternatives: readonly string[];
}

/** The answers, by operation. */
export interface Answers {
  gradients: LossAnswer & {
    readonly outputs?: Numbers;
    readonly input_gradients?: Numbers;
    readonly per_sample_losses?: Numbers;
    readonly per_sample_gradients?: readonly LayerGradients[];
    readonly gradient_norms?: { readonly layers: readonly LayerNorms[]; readonly total: number };
    readonly per_sample_gradient_norms?: Numbers;
    readonly squared_gradients?: readonly LayerGradients[];
    readonly trace?: readonly LayerTrace[];
  };
  vjp: { readonly outputs: Numbers; readonly gradients: readonly LayerGradients[]; readonly input_gradients: Numbers };
  jvp: { readonly outputs: Numbers; readonly output_tangents: Numbers };
  jacobian: { readonly outputs: Numbers; readonly jacobian: Numbers | readonly LayerGradients[] };
  hvp: LossAnswer & { readonly products: readonly LayerGradients[]; readonly curvature: number };
  hessian: LossAnswer & {
    readonly hessian: Numbers;
    readonly steps?: readonly { readonly damping: number; readonly step: readonly LayerGradients[]; readonly loss?: number }[];
  };
  check: {
    readonly agrees: boolean;
    readonly checks: readonly CheckedArray[];
    readonly first_difference: string | null;
    readonly diagnoses: readonly Diagnosis[];
    readonly left_out?: readonly string[];
  };
}

export type Operation = keyof Requests;
/** The operations that jobs can compute. */
export type JobOperation = 'gradients' | 'hvp' | 'hessian';
