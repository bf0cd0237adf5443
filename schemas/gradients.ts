// The request to POST /gradients and its answer.
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Activation, type ActivationName, activations } from './activation.ts';
import { type ArrayBatch, Batch, batchConflicts, inputConflicts } from './batch.ts';
import { Loss } from './loss.ts';
import { Names } from './names.ts';
import { Network } from './network.ts';
import { isTensor, List, Matrix, type MaybeRagged, type Tensors, Vector } from './numbers.ts';
import { Penalty, PenaltyShare } from './penalty.ts';
import type { Finding } from './problem.ts';
import { resolve } from './variant.ts';

export const LayerGradients = Type.Object(
  { weights: Matrix('outputs x inputs'), biases: Type.Optional(Vector('outputs')) },
  { $id: 'LayerGradients' },
);

const SampleGradients = Type.Object(
  { weights: List(Matrix(), 'samples x outputs x inputs'), biases: Type.Optional(Matrix('samples x outputs')) },
  { $id: 'SampleGradients' },
);

const LayerNorms = Type.Object({ weights: Type.Number(), biases: Type.Optional(Type.Number()) }, { $id: 'LayerNorms' });

const LayerTrace = Type.Object(
  {
    inputs: Matrix('samples x inputs'),
    pre_activations: Matrix("samples x outputs: inputs * weights' + biases"),
    outputs: Matrix('samples x outputs: activation(pre_activations)'),
    output_gradients: Matrix('samples x outputs: d loss / d outputs'),
    pre_activation_gradients: Matrix('samples x outputs: d loss / d pre_activations'),
    input_gradients: Matrix('samples x inputs: d loss / d inputs'),
    slopes: Type.Optional(
      Matrix("samples x outputs: activation'(pre_activations); not of softmax and log_softmax, which mix the units of a sample"),
    ),
  },
  { $id: 'LayerTrace' },
);

/** The extra values of an answer, which a request asks for in `include`. */
const extras = {
  outputs: Matrix("samples x outputs: the network's outputs"),
  input_gradients: Matrix('samples x features: d loss / d inputs'),
  per_sample_losses: Vector("samples: each sample's share of the loss; the shares add up to it"),
  per_sample_gradients: List(SampleGradients, "per layer, each sample's share of the gradient; the shares add up to `gradients`"),
  gradient_norms: Type.Object(
    { layers: List(LayerNorms), total: Type.Number() },
    { $id: 'GradientNorms', description: 'L2 norms of `gradients`, and of all of them together' },
  ),
  per_sample_gradient_norms: Vector("samples: the L2 norm of each sample's share of the gradient, over all layers"),
  squared_gradients: List(LayerGradients, "the sum of the squares of the samples' shares of the gradient, as `gradients`"),
  trace: List(LayerTrace, 'per layer, every value of the forward and the backward pass'),
};

export type Extra = keyof typeof extras;

export const GradientsRequest = Type.Object(
  {
    network: Network,
    batch: Batch,
    loss: Type.Optional(Loss),
    penalty: Type.Optional(Penalty),
    include: Type.Optional(
      Type.Array(Names(Object.keys(extras) as Extra[], { $id: 'Extra' }), {
        description: 'extra values wanted in the answer; left out: none',
      }),
    ),
  },
  { $id: 'GradientsRequest', additionalProperties: false },
);
/** With the arrays of its batch, as an inline request has them. */
export type GradientsRequest = Omit<Static<typeof GradientsRequest>, 'batch'> & { batch: ArrayBatch };

/** A decoded request that fits the schema, with the arrays of its batch. */
export type DecodedRequest = MaybeRagged<GradientsRequest>;

export const GradientsAnswer = Type.Object(
  {
    loss: Type.Number(),
    gradients: List(LayerGradients, 'd loss / d parameters: gradients[k] has the shape of network.layers[k]'),
    divisor: Type.Number({
      description: 'what the reduction divided by: answers for parts of a batch merge to sum(divisor * gradient) / sum(divisor)',
    }),
    penalty: Type.Optional(PenaltyShare),
    ...Type.Partial(Type.Object(extras)).properties,
  },
  { $id: 'GradientsAnswer' },
);
export type GradientsAnswer = Static<typeof GradientsAnswer>;

/** The answer, with flat arrays of float64. */
export type GradientsResult = Tensors<GradientsAnswer>;

/** Checks rules that JSON Schema cannot express. The document may be invalid: parts that do not fit the schema are ignored. */
export function conflicts(document: unknown, isWrong: (pointer: string) => boolean = () => false): Finding[] {
  return [...networkConflicts(document, isWrong, batchConflicts), ...ignoreIndexConflict(document)];
}

/** The same for an operation without a loss. */
export function conflictsWithoutLoss(document: unknown, isWrong: (pointer: string) => boolean): Finding[] {
  return networkConflicts(document, isWrong, inputConflicts);
}

function networkConflicts(document: unknown, isWrong: (pointer: string) => boolean, ofBatch: typeof batchConflicts): Finding[] {
  const layers = valueAt(document, 'network', 'layers');
  const findings: Finding[] = [];
  if (Array.isArray(layers)) for (let k = 0; k < layers.length; k++) findings.push(...activationConflict(layers[k], k));
  const batch = valueAt(document, 'batch');
  if (batch instanceof Object) findings.push(...ofBatch(batch, (key) => isWrong(`/batch/${key}`)));
  return findings;
}

function activationConflict(layer: unknown, k: number): Finding[] {
  const activation = valueAt(layer, 'activation');
  // An activation given by its name has no options to check.
  if (!(activation instanceof Object)) return [];
  const type = valueAt(activation, 'type');
  if (typeof type !== 'string' || !Object.hasOwn(activations, type)) return [];
  const { constraint } = activations[type as ActivationName];
  if (!constraint || !Value.Check(Activation, activation)) return [];
  const { options } = resolve(activations, activation);
  if (constraint.holds(options)) return [];
  return [{ pointer: `/network/layers/${k}/activation/${constraint.key}`, detail: constraint.detail(options) }];
}

/** As in PyTorch, an ignore_index that could be a class index is allowed only if the targets are class indices. */
function ignoreIndexConflict(document: unknown): Finding[] {
  const index = valueAt(document, 'loss', 'ignore_index');
  const targets = valueAt(document, 'batch', 'targets');
  const matrix = isTensor(targets) || Array.isArray(valueAt(targets, '0'));
  if (typeof index !== 'number' || index < 0 || !matrix) return [];
  const detail = `expected a value below 0 (no class), since the targets are not class indices, got ${index}`;
  return [{ pointer: '/loss/ignore_index', detail }];
}

/** The value at a path of keys; undefined if there is none. */
export function valueAt(document: unknown, ...path: string[]): unknown {
  let value = document;
  for (const key of path) value = value instanceof Object && Object.hasOwn(value, key) ? value[key as never] : undefined;
  return value;
}
