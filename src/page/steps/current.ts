// The steps of the last answer, and the one that is shown.
import { computed } from '@preact/signals';
import { answered, cell, edges, step } from '../state.ts';
import { text } from '../text/text.ts';
import { topOf } from '../ui/scale.ts';
import type { Step, Steps } from './step.ts';
import { stepsOf } from './steps.ts';

export const steps = computed<Steps | undefined>(() => answered.value && stepsOf(answered.value.run, text.value.steps));

export interface Current {
  readonly number: number;
  /** The number of the last step. */
  readonly last: number;
  readonly step: Step;
  /** The number that is explained. */
  readonly cell: readonly [row: number, column: number];
}

/** The step, its number brought into the range that there is. */
const shown = computed(() => {
  const all = steps.value;
  if (!all) return undefined;
  const last = all.places.length - 1;
  const number = Math.max(0, Math.min(step.value, last));
  return { number, last, step: all.at(number) };
});

/** The step with the number that is explained, likewise. */
export const currentStep = computed<Current | undefined>(() => {
  if (!shown.value) return undefined;
  const { rows, columns } = shown.value.step.result.matrix;
  const [i, j] = cell.value;
  return { ...shown.value, cell: [Math.min(i, rows - 1), Math.min(j, columns - 1)] };
});

/** Whether gradients are shown, in the step or in the picture. */
const withGradients = computed(() => shown.value?.step.phase === 'backward' || edges.value === 'gradients');

/** The number of the darkest shade, in the picture and in the matrices. */
export const top = computed(() => (answered.value ? topOf(answered.value.run, withGradients.value) : 1));
