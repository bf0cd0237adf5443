// A training: where it began, how it goes, and how far it is. All of it is data, so that it can be kept.
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { sizesOf } from '../request/edit.ts';
import { indicesAt, part } from './batches.ts';
import { type Memory, NO_MEMORY, type Optimizer, stepped } from './optimizers.ts';

type Network = GradientsRequest['network'];

export interface Settings {
  readonly optimizer: Optimizer;
  readonly rate: number;
  /** Samples per step. */
  readonly batchSize: number;
}

/** A dataset of the service whose samples are trained on. */
export interface Source {
  readonly dataset: string;
  readonly samples: number;
}

export interface Training {
  /** The network of step 0, to which a reset returns. */
  readonly start: Network;
  /** The network after the last step; another one begins a new training. */
  readonly network: Network;
  readonly memory: Memory;
  /** The loss before each step, of the samples of that step; only every `stride`-th of a long training. */
  readonly losses: readonly number[];
  readonly stride: number;
}

/** The most points of a curve of losses. */
const MOST_LOSSES = 1000;

export function begun(network: Network): Training {
  return { start: network, network, memory: NO_MEMORY, losses: [], stride: 1 };
}

/** The request of the next step. Only what a step needs is asked for. */
export function requestOfStep(
  { network, memory }: Training,
  request: GradientsRequest,
  { batchSize }: Settings,
  source: Source | undefined,
): GradientsRequest {
  const { batch } = request;
  const samples = source?.samples ?? sizesOf(request).samples;
  const indices = indicesAt(memory.steps, samples, batchSize, 1);
  const { include: _, ...rest } = request;
  const ofSource = source && { dataset: source.dataset, ...(indices && { indices }) };
  return { ...rest, network, batch: (ofSource as GradientsRequest['batch'] | undefined) ?? part(batch, indices) };
}

/** The training after a step with these gradients. */
export function advanced(
  training: Training,
  { gradients, loss }: Pick<GradientsAnswer, 'gradients' | 'loss'>,
  settings: Settings,
): Training {
  const { network, memory, losses, stride } = training;
  const after = stepped(network.layers, gradients, settings, memory);
  const kept = memory.steps % stride === 0 ? [...losses, loss] : losses;
  const isFull = kept.length > MOST_LOSSES;
  return {
    ...training,
    network: { ...network, layers: after.layers },
    memory: after.memory,
    losses: isFull ? kept.filter((_, i) => i % 2 === 0) : kept,
    stride: isFull ? 2 * stride : stride,
  };
}
