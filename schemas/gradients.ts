// The request to POST /gradients and its answer.
import { type Static, Type } from '@sinclair/typebox';
import { activations } from './activation.ts';
import { Batch } from './batch.ts';
import { defaultLoss, Loss } from './loss.ts';
import { Names } from './names.ts';
import { Network } from './network.ts';
import { List, Matrix, Vector } from './numbers.ts';
import type { Finding } from './problem.ts';
import { resolve } from './variant.ts';

const LayerGradients = Type.Object(
  { weights: Matrix('outputs x inputs'), biases: Type.Optional(Vector('outputs')) },
  { additionalProperties: false },
);

const SampleGradients = Type.Object(
  { weights: List(Matrix(), 'samples x outputs x inputs'), biases: Type.Optional(Matrix('samples x outputs')) },
  { additionalProperties: false },
);

const LayerNorms = Type.Object({ weights: Type.Number(), biases: Type.Optional(Type.Number()) }, { additionalProperties: false });

const LayerTrace = Type.Object(
  {
    inputs: Matrix('samples x inputs'),
    pre_activations: Matrix("samples x outputs: inputs * weights' + biases"),
    outputs: Matrix('samples x outputs: activation(pre_activations)'),
    output_gradients: Matrix('samples x outputs: d loss / d outputs'),
    pre_activation_gradients: Matrix('samples x outputs: d loss / d pre_activations'),
    input_gradients: Matrix('samples x inputs: d loss / d inputs'),
  },
  { additionalProperties: false },
);

/** The values that an answer has only when `include` names them. */
const extras = {
  outputs: Matrix("samples x outputs: the network's outputs"),
  input_gradients: Matrix('samples x features: d loss / d inputs'),
  per_sample_losses: Vector("samples: each sample's share of the loss; the shares add up to it"),
  per_sample_gradients: List(SampleGradients, "per layer, each sample's share of the gradient; the shares add up to `gradients`"),
  gradient_norms: Type.Object(
    { layers: List(LayerNorms), total: Type.Number() },
    { additionalProperties: false, description: 'L2 norms of `gradients`, and of all of them together' },
  ),
  trace: List(LayerTrace, 'per layer, every value of the way forward and back'),
};

export type Extra = keyof typeof extras;

export const GradientsRequest = Type.Object(
  {
    network: Network,
    batch: Batch,
    loss: Type.Optional(
      Type.Union(Loss.anyOf, {
        title: 'loss',
        default: defaultLoss,
        description: 'a name, or {"type": name, "reduction": ..., ...options}. In the formulas y is an output and t its target',
      }),
    ),
    include: Type.Optional(
      Type.Array(Names(Object.keys(extras) as Extra[]), { default: [], description: 'extra values wanted in the answer' }),
    ),
  },
  { additionalProperties: false },
);
export type GradientsRequest = Static<typeof GradientsRequest>;

export const GradientsAnswer = Type.Object(
  {
    loss: Type.Number(),
    gradients: List(LayerGradients, 'd loss / d parameters: gradients[k] has the shape of network.layers[k]'),
    divisor: Type.Number({
      description: 'what the reduction divided by: answers for parts of a batch merge to sum(divisor * gradient) / sum(divisor)',
    }),
    ...Type.Partial(Type.Object(extras)).properties,
  },
  { additionalProperties: false },
);
export type GradientsAnswer = Static<typeof GradientsAnswer>;

/** What may be wrong with a request that fits its schema, because JSON Schema cannot say it. */
export function conflicts({ network, batch, loss }: GradientsRequest): Finding[] {
  const findings = network.layers.flatMap(({ activation }, k) => {
    if (activation === null || typeof activation !== 'object') return [];
    const { name, options } = resolve(activations, {}, activation);
    const { constraint } = activations[name];
    if (!constraint || constraint.holds(options)) return [];
    return [{ pointer: `/network/layers/${k}/activation/${constraint.key}`, detail: constraint.detail(options) }];
  });
  const ignoreIndex = typeof loss === 'object' && 'ignore_index' in loss ? loss.ignore_index : undefined;
  if (typeof ignoreIndex === 'number' && ignoreIndex >= 0 && Array.isArray(batch.targets[0])) {
    findings.push({
      pointer: '/loss/ignore_index',
      detail: `expected a value below 0 (no class), since the targets are not class indices, got ${ignoreIndex}`,
    });
  }
  return findings;
}
