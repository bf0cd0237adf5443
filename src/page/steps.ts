// The algorithm as a list of steps, in the order in which it goes: forward, the loss, and backward, layer by layer.

import { biases, passOn, throughActivation, turn, weights } from './backward-steps.ts';
import type { Computed } from './computed.ts';
import type { Sum } from './explain.ts';
import { activate, lose, start, weigh } from './forward-steps.ts';
import type { Matrix } from './matrix.ts';
import { type Find, Quantities } from './quantities.ts';

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

export interface Steps {
  readonly places: readonly Place[];
  at(number: number): Step;
  /** The number of the step that makes something, if there is one. */
  find(kind: Kind, layer: number): number | undefined;
}

/** The steps from a request to its answer, which has a trace. */
export function stepsOf(run: Computed, formulas: Formulas): Steps {
  const places = placesOf(run);
  const numbers = new Map(places.map(({ kind, layer }, i) => [`${kind} ${layer}`, i]));
  const find = (kind: Kind, layer: number) => numbers.get(`${kind} ${layer}`);
  return { places, find, at: (number) => describe(run, places[number], find, formulas) };
}

function placesOf(run: Computed): Place[] {
  const last = run.layers - 1;
  const places: Place[] = [{ kind: 'X', layer: 0 }];
  for (let layer = 0; layer <= last; layer++) places.push({ kind: 'Z', layer }, { kind: 'Y', layer });
  places.push({ kind: 'L', layer: last }, { kind: 'dY', layer: last });
  for (let layer = last; layer >= 0; layer--) {
    places.push({ kind: 'dZ', layer }, { kind: 'dW', layer });
    if (run.bias(layer, 0) !== undefined) places.push({ kind: 'db', layer });
    places.push({ kind: 'dX', layer });
  }
  return places;
}

/** The part of the algorithm that a step belongs to. */
export function phaseOf(kind: Kind): Phase {
  if (kind === 'L') return 'loss';
  return kind.startsWith('d') ? 'backward' : 'forward';
}

/** A step in full. */
function describe(run: Computed, place: Place, find: Find, formulas: Formulas): Step {
  const quantities = new Quantities(run, find);
  const { kind, layer } = place;
  const described: Record<Kind, () => Described> = {
    X: () => start(quantities),
    Z: () => weigh(run, quantities, layer),
    Y: () => activate(run, quantities, layer, formulas),
    L: () => lose(run, quantities, formulas),
    dY: () => turn(run, quantities),
    dZ: () => throughActivation(run, quantities, layer, formulas),
    dW: () => weights(run, quantities, layer),
    db: () => biases(run, quantities, layer),
    dX: () => passOn(run, quantities, layer),
  };
  return { ...place, phase: phaseOf(kind), ...described[kind]() };
}
