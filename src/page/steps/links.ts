// What belongs together: a number of a matrix, the unit or edge of the picture that it is of, and the step that computes it.
import type { Choice } from '../network/layout.ts';
import type { Computed } from '../request/computed.ts';
import type { Kind, NumberOf, Place, Steps } from './step.ts';

/** Where a number belongs in the picture. */
export interface InPicture {
  readonly choice?: Choice;
  readonly sample?: number;
}

/** The unit or edge, and the sample, that a number is of. */
export function inPicture(run: Computed, { kind, layer, i, j }: NumberOf): InPicture {
  switch (kind) {
    case 'W':
    case 'dW':
      return { choice: { column: layer + 1, unit: i, input: j } };
    case 'b':
    case 'db':
      return { choice: { column: layer + 1, unit: run.columns ? i : j } };
    case 'L':
      return { sample: run.columns ? j : i };
    default: {
      if (kind === 'T' && run.classes) return { sample: run.columns ? j : i };
      const [sample, unit] = run.place(i, j);
      return { choice: { column: kind === 'X' ? 0 : kind === 'dX' ? layer : layer + 1, unit }, sample };
    }
  }
}

/** The place of a sample's unit in the result of a step; where it has no samples, the place stays as it is. */
export function cellOf(run: Computed, kind: Kind, sample: number, cell: readonly [number, number]): readonly [number, number] {
  if (kind === 'dW' || kind === 'db') return cell;
  const unit = kind === 'L' ? 0 : run.place(...cell)[1];
  return run.cell(sample, unit);
}

export interface Target {
  readonly step: number;
  readonly cell: readonly [row: number, column: number];
}

/** The step that computes a number, and its place there; undefined for what is given. */
export function stepOfNumber(steps: Steps, { kind, layer, i, j }: NumberOf): Target | undefined {
  const step = steps.find(kind, layer);
  return step === undefined ? undefined : { step, cell: [i, j] };
}

/**
 * The step for a unit or an edge that is chosen in the picture: the current one if it is about that, otherwise one of the same direction.
 * Of an edge that is the gradient of its weight, or the sum that its weight is part of.
 */
export function stepOfChoice(run: Computed, steps: Steps, current: Place, choice: Choice, sample: number): Target {
  const backward = current.kind.startsWith('d');
  const { column, unit, input } = choice;
  const layer = column - 1;
  const of = (kind: string, at = layer) => steps.find(kind, at);
  const bySample = run.cell(sample, unit);
  if (column === 0) return { step: (backward ? of('dX', 0) : of('X', 0)) as number, cell: bySample };
  if (input !== undefined) {
    return backward ? { step: of('dW') as number, cell: [unit, input] } : { step: of('Z') as number, cell: bySample };
  }
  const kept = current.layer === layer && ['Z', 'Y', 'dZ', 'dY', 'db'].includes(current.kind);
  const kind = kept ? current.kind : backward ? 'dZ' : 'Y';
  return { step: of(kind) as number, cell: kind === 'db' ? (run.columns ? [unit, 0] : [0, unit]) : bySample };
}

/** The first step about a layer in the direction of the current one; column 0 stands for the inputs. */
export function stepOfLayer(steps: Steps, current: Place, column: number): number {
  const backward = current.kind.startsWith('d');
  if (column === 0) return steps.find(backward ? 'dX' : 'X', 0) as number;
  return steps.find(backward ? 'dZ' : 'Z', column - 1) as number;
}
