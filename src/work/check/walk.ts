// Hypotheses on their way through the backward pass, and what they need.
import type { MistakeName } from '../../../schemas/mistake.ts';
import type { Forward } from '../../backprop/forward.ts';
import type { Change, Setting } from '../../backprop/mistakes/change.ts';
import { Dense } from '../../linalg/dense.ts';
import type { Scratch } from '../../memory/scratch.ts';
import type { Evidence, Item } from './evidence.ts';
import { type Atom, type Hypothesis, idOf } from './hypothesis.ts';
import type { Only } from './leaves.ts';
import type { Meter } from './meter.ts';

/** What a search compares with, and how. */
export interface Search {
  readonly evidence: Evidence;
  readonly tolerance: number;
  readonly meter: Meter;
  /** The mistakes that are tried at the moment; undefined: all. */
  only: Only;
}

/** A hypothesis about everything before layer k in the order of the backward pass. */
export interface Walk extends Hypothesis {
  readonly setting: Setting;
  readonly steps: readonly Forward[];
  /** The layer after k, from which the gradient comes; undefined at the last one. */
  readonly above: { readonly dA: Dense; readonly dZ: Dense } | undefined;
  /** What gradients of parameters are multiplied by. */
  readonly parameterFactor: number;
}

/** A hypothesis within a layer. */
export interface Flow extends Walk {
  readonly dA: Dense;
  /** Whether a constant factor may be fitted. */
  readonly isFree: boolean;
  /** The index of the atom that is tried in this layer. */
  readonly fresh: number | undefined;
  /** The loss that goes with it, without the penalty. */
  readonly loss?: number;
  /** The factor that was fitted. */
  readonly factor?: number;
}

/** Whether a mistake may be tried: any, unless one waits for confirmation; then the same again. */
export function isOpen({ only }: Search, pending: Atom | undefined, mistake: MistakeName): boolean {
  if (only && !only.has(mistake)) return false;
  return !pending || (pending.isEverywhere === true && pending.mistake === mistake);
}

/** Whether this way of an open mistake may be tried. */
export function isOpenWay(pending: Atom | undefined, mistake: MistakeName, { key = '' }: Change<unknown>): boolean {
  return !pending || idOf(pending) === idOf({ mistake, key });
}

/** What an atom says about itself. */
type Described = Pick<Change<unknown>, 'key' | 'detail'>;

/** A mistake that is tried. */
export function atomOf(mistake: MistakeName, { key = '', detail }: Described, layer: number | undefined, pointer: string): Atom {
  return { mistake, key, layer, pointer, detail, isLeaf: false, explains: [], residual: 0 };
}

/** The array, if its shape is right. */
export function shaped(item: Item | undefined): Item | undefined {
  return item?.isShaped ? item : undefined;
}

/** The candidate's array as a matrix, in the shape of another. */
export function observed({ numbers }: Item, { rows, columns }: Dense): Dense {
  return new Dense(rows, columns, numbers as Float64Array);
}

/** A copy outside of scratch memory. */
export function copyOf({ rows, columns, data }: Dense): Dense {
  return new Dense(rows, columns, data.slice());
}

/** The matrix multiplied by a number. */
export function times({ rows, columns, data }: Dense, factor: number): Dense {
  const result = new Dense(rows, columns);
  for (let i = 0; i < data.length; i++) result.data[i] = factor * data[i];
  return result;
}

/** The product number by number. */
export function product(a: Dense, b: Dense, scratch: Scratch): Dense {
  const result = Dense.in(scratch, a.rows, a.columns);
  for (let i = 0; i < result.data.length; i++) result.data[i] = a.data[i] * b.data[i];
  return result;
}
