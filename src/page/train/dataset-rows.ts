// Rows of a dataset of the service, which answers no data: but the trace of a network of zeros shows its inputs, and its gradients the targets.
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import type { Problem } from '../request/problem.ts';
import type { Data } from './data.ts';

/** The class of samples that do not count, by default. */
const IGNORED = -100;

export interface Wanted {
  readonly dataset: string;
  readonly features: number;
  /** How many outputs the targets have, or how many classes there may be. */
  readonly outputs: number;
  readonly isClasses: boolean;
  /** The first rows, so many. */
  readonly rows: number;
}

/** With outputs of 0, d mse / d output is -2 t in a sum, and that of cross-entropy is below 0 for the class alone. */
export function requestOfRows({ dataset, features, outputs, isClasses, rows }: Wanted): GradientsRequest {
  const weights = Array.from({ length: outputs }, () => new Array<number>(features).fill(0));
  return {
    network: { layers: [{ weights }] },
    batch: { dataset, rows: [0, rows] } as unknown as GradientsRequest['batch'],
    loss: { type: isClasses ? 'cross_entropy' : 'mse', reduction: 'sum' },
    include: ['trace'],
  };
}

export function rowsOf({ isClasses, outputs }: Wanted, { trace }: GradientsAnswer): Data {
  const [{ inputs, output_gradients: gradients }] = trace as NonNullable<GradientsAnswer['trace']>;
  if (isClasses) return { inputs, classes: gradients.map(classOf), classCount: outputs };
  return { inputs, targets: gradients.map((row) => row.map((value) => value / -2 + 0)) };
}

/** The gradient of a sample that is ignored is 0. */
function classOf(row: readonly number[]): number {
  const index = row.findIndex((value) => value < 0);
  return index < 0 ? IGNORED : index;
}

/** How many outputs a network needs whose dataset was refused for a class that it has no output for; undefined if it was for something else. */
export function outputsFor({ type, errors = [] }: Problem): number | undefined {
  if (type !== '/problems/out-of-domain') return undefined;
  const found = errors.map(({ detail }) => /^(?:classes|targets)\b.* class ind.* got (?:\d+ to )?(\d+)/.exec(detail));
  const classes = found.flatMap((match) => (match ? [Number(match[1])] : []));
  return classes.length > 0 ? Math.max(...classes) + 1 : undefined;
}
