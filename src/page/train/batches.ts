// Mini-batches: in each epoch every sample once, in an order that is the same each time.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { targetsKey } from '../request/targets.ts';
import { seeded, shuffled } from './random.ts';

type Batch = GradientsRequest['batch'];

/** The samples of a step, from 0; undefined for all of them. A last batch that would be smaller is left out, as with drop_last. */
export function indicesAt(step: number, samples: number, size: number, seed: number): number[] | undefined {
  if (size >= samples) return undefined;
  const perEpoch = Math.floor(samples / size);
  const epoch = Math.floor(step / perEpoch);
  const first = (step % perEpoch) * size;
  return shuffled(samples, seeded(seed + epoch)).slice(first, first + size);
}

/** How many epochs are complete after so many steps. */
export function epochsAfter(steps: number, samples: number, size: number): number {
  return Math.floor(steps / Math.max(1, Math.floor(samples / size)));
}

/** Some samples of a batch. */
export function part(batch: Batch, indices: readonly number[] | undefined): Batch {
  if (!indices) return batch;
  const columns = batch.samples === 'columns';
  const of = (rows: number[][]) => (columns ? rows.map((row) => indices.map((i) => row[i])) : indices.map((i) => rows[i]));
  const key = targetsKey(batch);
  const targets = batch[key] as number[][] | number[];
  const isList = !Array.isArray(targets[0]);
  return {
    ...batch,
    inputs: of(batch.inputs),
    [key]: isList ? indices.map((i) => (targets as number[])[i]) : of(targets as number[][]),
    ...(batch.sample_weights && { sample_weights: indices.map((i) => (batch.sample_weights as number[])[i]) }),
  };
}
