// The algorithm as a list of steps, in the order in which it goes: forward, the loss, and backward, layer by layer.

import type { Computed } from '../request/computed.ts';
import { biases, passOn, throughActivation, turn, weights } from './backward-steps.ts';
import { activate, lose, start, weigh } from './forward-steps.ts';
import { Quantities } from './quantities.ts';
import type { Described, Find, Formulas, Kind, Phase, Place, Step, Steps } from './step.ts';

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
