// What a step of the algorithm is: what it makes, what it is made from, and what is said of it.

import type { Matrix } from '../ui/matrix.ts';

export type Phase = 'forward' | 'loss' | 'backward';

/** What a step makes; the layer, which counts from 0, follows. */
export type Kind = 'X' | 'Z' | 'Y' | 'L' | 'dY' | 'dZ' | 'dW' | 'db' | 'dX';

/** A matrix: the result of a step, or one that is given. */
export type MatrixKind = Kind | 'W' | 'b' | 'T';

/** A number of a matrix, by its row and its column. */
export interface NumberOf {
  readonly kind: MatrixKind;
  readonly layer: number;
  readonly i: number;
  readonly j: number;
}

export interface Factor {
  readonly label: string;
  readonly value: number;
  /** The number that it is, where it is one of a matrix. */
  readonly of?: NumberOf;
}

/** A product, or a number by itself. */
export interface Term {
  readonly factors: readonly Factor[];
  readonly value: number;
}

export interface Sum {
  readonly label: string;
  /** In words. */
  readonly meaning: string;
  /** None where the number is no sum. */
  readonly terms: readonly Term[];
  /** The service's number, which the terms add up to. */
  readonly value: number;
}

/** A place in the list of steps. */
export interface Place {
  readonly kind: Kind;
  readonly layer: number;
}

/** What a row or a column stands for; none where there is only one. */
export type Axis = 'unit' | 'input' | 'sample' | undefined;

/** A matrix with what it is called. */
export interface Quantity {
  /** As in a formula: W_1^T. */
  readonly symbol: string;
  readonly name: string;
  readonly matrix: Matrix;
  /** What its numbers are. */
  readonly of: { readonly kind: MatrixKind; readonly layer: number };
  /** What a row and a column of it stand for. */
  readonly axes: readonly [row: Axis, column: Axis];
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
  /** How a number of the result is computed. */
  worked(i: number, j: number): Sum;
}

/** What a step shows and says. */
export type Described = Omit<Step, keyof Place | 'phase'>;

/** The number of the step that makes something, if there is one. */
export type Find = (kind: string, layer: number) => number | undefined;

export interface Steps {
  readonly places: readonly Place[];
  at(number: number): Step;
  readonly find: Find;
}
