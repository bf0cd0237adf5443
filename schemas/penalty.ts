// The penalty on large parameters (weight decay), part of the loss. Computed in src/backprop/penalty.ts.
import { type Static, Type } from '@sinclair/typebox';
import { KEY_OF_NUMBER } from './numbers.ts';
import { defaultsOf } from './variant.ts';

/** The options of a penalty. */
const options = {
  l1: Type.Number({ minimum: 0, default: 0, description: 'the factor of the sum of |w|' }),
  l2: Type.Number({
    minimum: 0,
    default: 0,
    description: "the factor of half the sum of w^2: its gradient is l2 * w, as with PyTorch's weight_decay",
  }),
  biases: Type.Boolean({ default: false, description: 'whether it applies to the biases, too' }),
};

export const penaltyDefaults = defaultsOf(options) as Required<Penalty>;

export const Penalty = Type.Object(Type.Partial(Type.Object(options)).properties, {
  $id: 'Penalty',
  [KEY_OF_NUMBER]: 'l2',
  additionalProperties: false,
  description:
    'added to the loss after the reduction: `l1 * sum |w| + l2 / 2 * sum w^2` over all weights; left out: none. Of answers for parts of a ' +
    'batch to be merged, every one has it; with the reduction `sum`, one of them',
});
export type Penalty = Static<typeof Penalty>;

/** The share of the penalty in the loss of an answer. */
export const PenaltyShare = Type.Number({ description: 'the share of the penalty in `loss`, if the request has one' });
