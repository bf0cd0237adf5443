// Where the samples of a request come from, if not from the request alone: found again after an undo, Back or a reload.
import { computed } from '@preact/signals';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { digestOf } from '../digest.ts';
import { isRequest } from '../request/edit.ts';
import { request } from '../state.ts';
import { lastingSignal } from '../ui/lasting.ts';
import type { Source } from './training.ts';

/** What is learned of a CSV file: the columns as they were typed, and as what. */
export interface CsvChoice {
  readonly file: string;
  readonly columns: string;
  readonly kind: 'targets' | 'classes';
}

export type Origin = Source | CsvChoice;

/** Of how many batches the origin is kept. */
const MOST = 100;

const origins = lastingSignal<readonly { readonly batch: string; readonly from: Origin }[]>('train.origins', []);

/** The origin of the samples of the page; with other samples, there is none. */
export const origin = computed<Origin | undefined>(() => {
  const current = request.value;
  if (!isRequest(current) || origins.value.length === 0) return undefined;
  const of = digestOf(current.batch).text;
  return origins.value.findLast(({ batch }) => batch === of)?.from;
});

export function keepOrigin(of: GradientsRequest['batch'], from: Origin): void {
  origins.value = [...origins.value, { batch: digestOf(of).text, from }].slice(-MOST);
}
