// Which array of a paste is which array of the candidate: by names, and where there are none by shapes.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import type { PastedArray } from './arrays.ts';
import { type Meaning, meaningOf } from './names.ts';
import { fits, isFlat, isSame, type Kind, type Slot, slotsOf } from './slots.ts';

export interface Placement {
  readonly array: PastedArray;
  /** Undefined if the array is not used. */
  readonly slot: Slot | undefined;
  /** Whether the rows and columns are exchanged, since the program has them the other way round. */
  readonly transposed: boolean;
  /** Whether the first column is the bias, as in programs that put a 1 before the inputs. */
  readonly withBias: boolean;
}

interface Entry extends Meaning {
  readonly array: PastedArray;
}

/** Places the arrays of a paste; `chosen` has the pointers that were chosen by hand, by labels ('' for none). */
export function place(
  arrays: readonly PastedArray[],
  request: GradientsRequest,
  chosen: ReadonlyMap<string, string> = new Map(),
): Placement[] {
  const slots = slotsOf(request);
  const layers = request.network.layers.length;
  const placed = new Map<PastedArray, Slot>();
  const free = (slot: Slot) => ![...placed.values()].includes(slot);
  const put = (array: PastedArray, slot: Slot | undefined) => {
    if (!slot) return;
    // Of arrays that are printed again and again, the last one counts.
    for (const [other, at] of placed) if (at === slot) placed.delete(other);
    placed.set(array, slot);
  };
  const entries = arrays
    .filter(({ label }) => !chosen.has(label))
    .map((array): Entry => ({ array, ...meaningOf(array.name ?? '') }));
  for (const array of arrays)
    put(
      array,
      slots.find(({ pointer }) => pointer === chosen.get(array.label)),
    );
  for (const [entry, slot] of byNames(entries, slots, layers)) if (free(slot) || !chosen.size) put(entry.array, slot);
  const left = entries.filter(({ array }) => !placed.has(array) && !isRepeated(array, arrays, placed));
  for (const [entry, slot] of byShapes(left, slots.filter(free))) put(entry.array, slot);
  return oriented(
    arrays.map((array) => ({ array, slot: placed.get(array) })),
    slots.filter(free),
  );
}

/** Whether a later array of the same name was placed. */
function isRepeated(array: PastedArray, arrays: readonly PastedArray[], placed: ReadonlyMap<PastedArray, Slot>): boolean {
  return (
    array.name !== undefined &&
    arrays.slice(arrays.indexOf(array) + 1).some((other) => other.name === array.name && placed.has(other))
  );
}

const FAMILIES: readonly (readonly Kind[])[] = [
  ['weights', 'biases'],
  ['outputs', 'output_gradients'],
  ['pre_activations', 'pre_activation_gradients', 'slopes'],
  ['inputs', 'input_gradients'],
];

/** What stands in place of a value of the layer before the first one. */
const BEFORE: Partial<Record<Kind, Kind>> = { outputs: 'inputs', output_gradients: 'input_gradients' };

function byNames(entries: readonly Entry[], slots: readonly Slot[], layers: number): [Entry, Slot][] {
  const at = (kind: Kind | undefined, layer?: number) => slots.find((slot) => slot.kind === kind && slot.layer === layer);
  const found: [Entry, Slot | undefined][] = [];
  for (const entry of entries.filter(({ kind }) => kind === 'loss' || kind === 'network_outputs'))
    found.push([entry, at(entry.kind)]);
  for (const family of FAMILIES) {
    const members = entries.filter(({ kind }) => kind && family.includes(kind));
    const slotOf = ({ kind }: Entry, layer: number) =>
      layer === -1 && kind && BEFORE[kind] ? at(BEFORE[kind], 0) : at(kind, layer);
    for (const entry of members.filter(({ index, kind }) => index === undefined && kind !== 'weights' && kind !== 'biases')) {
      const layer =
        entry.kind === 'output_gradients'
          ? layers - 1
          : entry.kind === 'inputs' || entry.kind === 'input_gradients'
            ? 0
            : undefined;
      if (layer !== undefined) found.push([entry, at(entry.kind, layer)]);
    }
    const rest = members.filter((entry) => !found.some(([other]) => other === entry));
    const isOutputs = family.includes('outputs');
    const layerOf = isOutputs
      ? byOffset(rest, slotOf, [1, 0])
      : (byRank(rest, slotOf, layers) ?? byOffset(rest, slotOf, offsetsOf(rest)));
    if (layerOf) for (const entry of rest) found.push([entry, slotOf(entry, layerOf(entry))]);
  }
  return found.filter((pair): pair is [Entry, Slot] => pair[1] !== undefined && fitsOrIsNamed(pair[0], pair[1]));
}

/** A wrong shape is a finding of /check; but a number is no matrix. */
function fitsOrIsNamed({ array }: Entry, slot: Slot): boolean {
  return fits(array.shape, slot) || (array.shape.length > 0 && slot.shape.length > 0);
}

/**
 * If there are as many names as layers, they are the layers' in their order: 0.weight, 2.weight, 4.weight, or hidden.weight,
 * out.weight; in the order of the backward pass if only that fits.
 */
function byRank(
  entries: readonly Entry[],
  slotOf: (entry: Entry, layer: number) => Slot | undefined,
  layers: number,
): ((entry: Entry) => number) | undefined {
  const keyOf = ({ index, stem }: Entry) => index ?? stem;
  const keys = [...new Set(entries.map(keyOf))];
  if (keys.length !== layers) return undefined;
  const isNumbered = keys.every((key) => typeof key === 'number');
  const order = isNumbered ? keys.toSorted((a, b) => Number(a) - Number(b)) : keys;
  const orders = isNumbered ? [order] : [order, order.toReversed()];
  const isRight = (keys: typeof order) => (entry: Entry) => {
    const slot = slotOf(entry, keys.indexOf(keyOf(entry)));
    return slot !== undefined && fits(entry.array.shape, slot);
  };
  const right = orders.find((keys) => entries.every(isRight(keys))) ?? order;
  return (entry) => right.indexOf(keyOf(entry));
}

/** Layers counted from 1 or from 0: whichever fits all shapes. */
function byOffset(
  entries: readonly Entry[],
  slotOf: (entry: Entry, layer: number) => Slot | undefined,
  offsets: readonly number[],
): ((entry: Entry) => number) | undefined {
  const all = (holds: (entry: Entry, slot: Slot) => boolean) =>
    offsets.find((offset) =>
      entries.every((entry) => {
        const slot = entry.index === undefined ? undefined : slotOf(entry, entry.index - offset);
        return slot !== undefined && holds(entry, slot);
      }),
    );
  const offset = all(({ array }, slot) => fits(array.shape, slot)) ?? all(() => true);
  return offset === undefined ? undefined : ({ index }) => (index as number) - offset;
}

function offsetsOf(entries: readonly Entry[]): number[] {
  return entries.some(({ fromZero }) => fromZero) ? [0, 1] : [1, 0];
}

/** Places arrays without names: all gradients in an order that fits, or each where alone it fits. */
function byShapes(entries: readonly Entry[], free: readonly Slot[]): [Entry, Slot][] {
  const gradients = free.filter(({ kind }) => kind === 'weights' || kind === 'biases');
  const back = gradients.toSorted((a, b) => (b.layer as number) - (a.layer as number));
  const split = (slots: readonly Slot[]) => [
    ...slots.filter(({ kind }) => kind === 'weights'),
    ...slots.filter(({ kind }) => kind === 'biases'),
  ];
  const arrays = entries.filter(({ array }) => array.shape.length > 0);
  for (const order of [gradients, split(gradients), back, split(back)])
    if (order.length === arrays.length && order.every((slot, i) => fits(arrays[i].array.shape, slot)))
      return arrays.map((entry, i) => [entry, order[i]]);
  const taken = new Set<Slot>();
  return entries.flatMap((entry): [Entry, Slot][] => {
    const { kind, array } = entry;
    const fitting = gradients.filter((slot) => !taken.has(slot) && (kind ?? slot.kind) === slot.kind && fits(array.shape, slot));
    const isNumber = array.name === undefined && isFlat(array.shape, []);
    const places = fitting.length > 0 || !isNumber ? fitting : free.filter((slot) => slot.kind === 'loss');
    if (places.length !== 1 || entries.filter((other) => fits(other.array.shape, places[0])).length !== 1) return [];
    taken.add(places[0]);
    return [[entry, places[0]]];
  });
}

/** Programs have inputs x outputs, or a sample per column, everywhere or nowhere: only where all fit so, they are transposed. */
function oriented(pairs: readonly Pick<Placement, 'array' | 'slot'>[], free: readonly Slot[]): Placement[] {
  const isWeights = (slot: Slot) => slot.kind === 'weights';
  const matrices = pairs.filter(({ array, slot }) => slot && slot.shape.length === 2 && !isFlat(array.shape, slot.shape));
  const turnsOf = (weights: boolean) => {
    const odd = matrices.filter(
      ({ array, slot }) =>
        slot && isWeights(slot) === weights && !(slot.shape[0] === slot.shape[1] && isSame(array.shape, slot.shape)),
    );
    return odd.length > 0 && odd.every(({ array, slot }) => slot && isSame([...array.shape].reverse(), slot.shape));
  };
  const turns = { weights: turnsOf(true), samples: turnsOf(false) };
  return pairs.map(({ array, slot }) => {
    const isMatrix =
      slot !== undefined && array.shape.length === 2 && slot.shape.length === 2 && !isFlat(array.shape, slot.shape);
    const bias = slot && isWeights(slot) && free.some(({ kind, layer }) => kind === 'biases' && layer === slot.layer);
    return {
      array,
      slot,
      transposed: isMatrix && (isWeights(slot) ? turns.weights : turns.samples),
      withBias: bias === true && isSame(array.shape, [slot.shape[0], slot.shape[1] + 1]),
    };
  });
}
