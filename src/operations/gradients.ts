// POST /gradients: the loss of a batch and its gradients with respect to every weight and bias.
import { examples } from '../../schemas/examples.ts';
import {
  conflicts,
  type DecodedRequest,
  GradientsAnswer,
  GradientsRequest,
  type GradientsResult,
} from '../../schemas/gradients.ts';
import { planGradientParts, planGradients } from '../work/gradients.ts';
import type { Operation } from './operation.ts';

export const gradients: Operation<DecodedRequest, GradientsResult> = {
  name: 'gradients',
  summary: "A network's gradients on a batch",
  description:
    'Computes the loss of a multilayer perceptron on a batch, and its gradients with respect to every weight and bias, by ' +
    "backpropagation in float64. Names, defaults and numbers are PyTorch's.",
  request: GradientsRequest,
  answer: GradientsAnswer,
  examples,
  conflicts,
  plan: planGradients,
  parts: planGradientParts,
};
