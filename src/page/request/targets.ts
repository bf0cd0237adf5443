// The targets of a batch: a matrix, or class indices under either of two keys.
import type { GradientsRequest } from '../../../schemas/gradients.ts';

type Targets = Pick<GradientsRequest['batch'], 'targets' | 'classes'>;

/** The key of the targets. */
export function targetsKey({ classes }: Targets): 'targets' | 'classes' {
  return classes ? 'classes' : 'targets';
}

/** Whether the targets are class indices. */
export function hasClasses(batch: Targets): boolean {
  return !Array.isArray(batch[targetsKey(batch)]?.[0]);
}
