// What a step of the algorithm is: what it makes, what it is made from, and what is said of it.

import type { Matrix } from '../ui/matrix.ts';
import type { Sum } from './explain.ts';

export type Phase = 'forward' | 'loss' | 'backward';

/** What a step makes; the layer, which counts from 0, follows. */
export type Kind = 'X' | 'Z' | 'Y' | 'L' | 'dY' | 'dZ' | 'dW' | 'db' | 'dX';

/** A place in the list of steps. */
export interface Place {
  readonly kind: Kind;
  readonly layer: number;
}

/** A matrix with what it is called. */
export interface Quantity {
  /** As in a formula: W_1^T. */
  readonly symbol: string;
  readonly name: string;
  readonly matrix: Matrix;
  /** What a row and a column of it stand for. */
  readonly axes: readonly [row: string, column: string];
  /** Whether its numbers are names, which are neither large nor small. */
  readonly names?: boolean;
  /** Whether it is of the request. */
  readonly given?: boolean;
  /** The step that made it, by its number; of what was given there is none. */
  readonly madeBy?: number;
  /** The row and the column that cell i, j of the result is made from; undefined stands for all. */
  readonly reads?: (i: number, j: number) => readonly [row: number | undefined, column: number | undefined];
}

export interface Step extends Place {
  readonly phase: Phase;
  readonly title: string;
  readonly formula: string;
  /** What it does and why, a paragraph each. */
  readonly why: readonly string[];
  readonly result: Quantity;
  /** What it is made from, with the signs in between. */
  readonly pieces: readonly (Quantity | string)[];
  /** How a cell of the result came about, where that is a sum. */
  worked(i: number, j: number): Sum | undefined;
}

/** What a step shows and says. */
export type Described = Omit<Step, keyof Place | 'phase'>;

/** What the service's description says of an activation or a loss. */
export interface Formulas {
  readonly activations: ReadonlyMap<string, string>;
  readonly losses: ReadonlyMap<string, string>;
}

/** The number of the step that makes something, if there is one. */
export type Find = (kind: Kind, layer: number) => number | undefined;

export interface Steps {
  readonly places: readonly Place[];
  at(number: number): Step;
  readonly find: Find;
}
