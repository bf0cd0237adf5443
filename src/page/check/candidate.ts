// The request to POST /check for what was pasted.
import type { CheckRequest } from '../../../schemas/check.ts';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { arraysOf, type PastedArray } from './arrays.ts';
import { PasteFault } from './fault.ts';
import { readPaste } from './paste.ts';
import { type Placement, place } from './place.ts';
import { isFlat, type Slot } from './slots.ts';
import { isFloat32, MAX_TOLERANCE, roundingsOf, toleranceFor } from './tolerance.ts';

type Candidate = CheckRequest['candidate'];
type Numbers = number | number[] | number[][];

type Used = Placement & { readonly slot: Slot };

export interface Read {
  readonly placements: readonly Placement[];
  readonly candidate: Candidate;
  /** By the last digits printed. */
  readonly tolerance: number;
}

/** Reads a paste for a request. `chosen` has the pointers that were chosen by hand, by the labels of the arrays. @throws PasteFault. */
export function readCandidate(text: string, request: GradientsRequest, chosen?: ReadonlyMap<string, string>): Read {
  const arrays = arraysOf(readPaste(text));
  const placements = place(arrays, request, chosen);
  const used = placements.filter((one): one is Used => one.slot !== undefined);
  if (used.length === 0) {
    const shapes = arrays.map(({ label, shape }) => [label, shape.join(' × ') || '1'] as const);
    throw new PasteFault((t) => t.nothingPlaced(shapes));
  }
  const roundings = roundingsOf(arrays);
  const coarse = used.find(({ array }) => roundings[arrays.indexOf(array)] > MAX_TOLERANCE);
  if (coarse) throw new PasteFault((t) => t.tooCoarse(coarse.array.label));
  const ofUsed = roundings.filter((_, i) => placements[i].slot);
  return { placements, candidate: candidateOf(used), tolerance: toleranceFor(ofUsed, isFloat32(text)) };
}

function candidateOf(placements: readonly Used[]): Candidate {
  const candidate: Record<string, unknown> = {};
  const set = (pointer: string, value: Numbers) => {
    const [, , key, layer, name] = pointer.split('/');
    if (layer === undefined) candidate[key] = value;
    else {
      candidate[key] ??= [];
      const list = candidate[key] as Record<string, Numbers>[];
      while (list.length <= Number(layer)) list.push({});
      list[Number(layer)][name] = value;
    }
  };
  for (const { array, slot, transposed, withBias } of placements) {
    const rows = rowsOf(array);
    if (withBias) {
      set(
        slot.pointer,
        rows.map(([, ...weights]) => weights),
      );
      set(
        slot.pointer.replace(/weights$/, 'biases'),
        rows.map(([bias]) => bias),
      );
    } else if (isFlat(array.shape, slot.shape)) set(slot.pointer, shaped(array.numbers, slot.shape));
    else if (transposed)
      set(
        slot.pointer,
        rows[0].map((_, j) => rows.map((row) => row[j])),
      );
    else set(slot.pointer, array.shape.length === 2 ? rows : [...array.numbers]);
  }
  return candidate;
}

function rowsOf({ numbers, shape: [rows = 1, columns = rows] }: PastedArray): number[][] {
  return Array.from({ length: rows }, (_, i) => numbers.slice(i * columns, (i + 1) * columns));
}

/** Numbers of one line in the shape of a number, a list, a row or a column. */
function shaped(numbers: readonly number[], shape: readonly number[]): Numbers {
  if (shape.length === 0) return numbers[0];
  if (shape.length === 1) return [...numbers];
  return shape[0] === 1 ? [[...numbers]] : numbers.map((number) => [number]);
}
