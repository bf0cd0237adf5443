// The algorithm as a list of steps, in the order in which it goes: forward, the loss, and backward, layer by layer.
import type { Computed } from '../request/computed.ts';
import { biases, passOn, throughActivation, turn, weights } from './backward-steps.ts';
import type { StepsText } from './explain.ts';
import { activate, lose, start, weigh } from './forward-steps.ts';
import { Quantities } from './quantities.ts';
import type { Described, Find, Kind, Phase, Place, Step, Steps } from './step.ts';

/** The steps from a request to its answer, which has a trace. */
export function stepsOf(run: Computed, text: StepsText): Steps {
  const places = placesOf(run);
  const numbers = new Map(places.map(({ kind, layer }, i) => [`${kind} ${layer}`, i]));
  const find = (kind: string, layer: number) => numbers.get(`${kind} ${layer}`);
  return { places, find, at: (number) => describe(run, places[number], find, text) };
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
function describe(run: Computed, place: Place, find: Find, t: StepsText): Step {
  const quantities = new Quantities(run, find, t);
  const { kind, layer } = place;
  const described: Record<Kind, () => Described> = {
    X: () => start(quantities, t),
    Z: () => weigh(quantities, layer, t),
    Y: () => activate(quantities, layer, t),
    L: () => lose(quantities, t),
    dY: () => turn(quantities, t),
    dZ: () => throughActivation(quantities, layer, t),
    dW: () => weights(quantities, layer, t),
    db: () => biases(quantities, layer, t),
    dX: () => passOn(quantities, layer, t),
  };
  return { ...place, phase: phaseOf(kind), ...described[kind]() };
}

/** A part of the list of steps: the batch, a layer on the way forward or backward, the loss, or the gradient of the outputs. */
export interface StepGroup {
  readonly phase: Phase;
  /** From 0; undefined for the batch, the loss and the gradient of the outputs. */
  readonly layer: number | undefined;
  /** The numbers of its steps. */
  readonly steps: readonly number[];
}

/** The list of steps in its parts. */
export function groupsOf({ places }: Steps): StepGroup[] {
  const groups: { phase: Phase; layer: number | undefined; steps: number[] }[] = [];
  places.forEach(({ kind, layer: of }, number) => {
    const phase = phaseOf(kind);
    const layer = kind === 'X' || kind === 'L' || kind === 'dY' ? undefined : of;
    const last = groups.at(-1);
    if (last && last.phase === phase && last.layer === layer) last.steps.push(number);
    else groups.push({ phase, layer, steps: [number] });
  });
  return groups;
}
