// What the page asks for.
import type { GradientsRequest } from '../../../schemas/gradients.ts';

/** How many numbers the gradients of all samples may have, to be asked for. */
const MOST_SHARES = 20_000;

/** A request for all that the page shows. */
export function forPage(request: GradientsRequest): GradientsRequest {
  const { layers } = request.network;
  const samples = request.batch.samples === 'columns' ? request.batch.inputs[0].length : request.batch.inputs.length;
  const small = parametersOf(layers) * samples <= MOST_SHARES;
  return {
    ...request,
    include: ['trace', 'outputs', 'gradient_norms', 'per_sample_losses', ...(small ? (['per_sample_gradients'] as const) : [])],
  };
}

/** How many weights and biases there are. */
export function parametersOf(layers: GradientsRequest['network']['layers']): number {
  return layers.reduce((sum, { weights, biases }) => sum + weights.length * weights[0].length + (biases?.length ?? 0), 0);
}
