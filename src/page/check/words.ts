// The places of a candidate in words. Layers count from 1.
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import type { Texts } from './fault.ts';
import { type Slot, slotsOf } from './slots.ts';

export function slotName({ kind, layer }: Slot, t: Texts): string {
  return t.places[kind]((layer ?? 0) + 1);
}

/** The place of a pointer into the candidate. */
export function placeName(pointer: string, request: GradientsRequest, t: Texts): string {
  const slot = slotsOf(request).find((one) => one.pointer === pointer);
  return slot ? slotName(slot, t) : pointer;
}

/** Where a mistake is made: a pointer into the request. */
export function whereName(pointer: string, t: Texts): string {
  const [, part, , layer] = pointer.split('/');
  if (part !== 'network') return t.part[part] ?? pointer;
  return layer === undefined ? t.allLayers : t.layer(Number(layer) + 1);
}
