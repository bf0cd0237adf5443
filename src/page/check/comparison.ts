// What was pasted, compared by POST /check whenever it, the request or the tolerance changes.
import { batch, computed, effect, signal, untracked } from '@preact/signals';
import type { CheckAnswer } from '../../../schemas/check.ts';
import type { GradientsRequest } from '../../../schemas/gradients.ts';
import { send } from '../request/api.ts';
import { isRequest } from '../request/edit.ts';
import type { Problem } from '../request/problem.ts';
import { answered, goToStep, marks, request, update, view } from '../state.ts';
import { steps } from '../steps/current.ts';
import { inPicture, stepOfNumber } from '../steps/links.ts';
import { lastingSignal } from '../ui/lasting.ts';
import { type Read, readCandidate } from './candidate.ts';
import { type Message, PasteFault } from './fault.ts';
import { marksOf, numberAt } from './findings.ts';

/** How long nothing is typed before it is compared, in milliseconds. */
const PAUSE = 250;

export const pasted = lastingSignal('check.paste', '');

/** Pointers that were chosen by hand, by the labels of the arrays; '' for an array that is not used. */
export const chosen = lastingSignal<Readonly<Record<string, string>>>('check.places', {});

/** Another tolerance than that of the last digit printed. */
export const tolerance = lastingSignal<number | undefined>('check.tolerance', undefined);

/** What the paste is for the request, or what is wrong with it; undefined while nothing is pasted. */
export const reading = computed<{ read: Read; of: GradientsRequest } | { fault: Message } | undefined>(() => {
  const of = request.value;
  if (pasted.value.trim() === '' || !isRequest(of)) return undefined;
  try {
    return { read: readCandidate(pasted.value, of, new Map(Object.entries(chosen.value))), of };
  } catch (error) {
    if (error instanceof PasteFault) return { fault: error.text };
    throw error;
  }
});

export interface Comparison {
  readonly read: Read;
  readonly of: GradientsRequest;
  readonly tolerance: number;
  readonly answer: CheckAnswer;
}

/** The last comparison. */
export const comparison = signal<Comparison | undefined>(undefined);

/** What prevented the last comparison. */
export const refusal = signal<Problem | undefined>(undefined);

let waiting: number | undefined;
let call: ReturnType<typeof send<CheckAnswer>> | undefined;

effect(() => {
  const current = reading.value;
  const wanted = tolerance.value;
  if (view.value !== 'check') return;
  window.clearTimeout(waiting);
  call?.cancel();
  if (!current || 'fault' in current) {
    batch(() => {
      comparison.value = undefined;
      refusal.value = undefined;
      marks.value = new Map();
    });
    return;
  }
  const { read, of } = current;
  const last = comparison.peek();
  if (last?.read === read && last.tolerance === (wanted ?? read.tolerance)) return;
  waiting = window.setTimeout(() => compare(read, of, wanted ?? read.tolerance), PAUSE);
});

async function compare(read: Read, of: GradientsRequest, within: number): Promise<void> {
  const { include: _, ...rest } = of;
  const current = send<CheckAnswer>('check', { ...rest, candidate: read.candidate, tolerance: within });
  call = current;
  const outcome = await current.outcome;
  if (call !== current || 'cancelled' in outcome) return;
  batch(() => {
    refusal.value = 'problem' in outcome ? outcome.problem : undefined;
    comparison.value = 'answer' in outcome ? { read, of, tolerance: within, answer: outcome.answer } : undefined;
  });
}

// In the picture, as soon as both the comparison and the right numbers are there; and the step of the first number that differs.
effect(() => {
  const compared = comparison.value;
  const right = answered.value;
  if (!compared || right?.request !== compared.of) {
    marks.value = new Map();
    return;
  }
  marks.value = marksOf(right.run, compared.read.candidate, compared.tolerance);
});

effect(() => {
  if (comparison.value && answered.value?.request === comparison.value.of) untracked(goToFirst);
});

/** Goes to the step of the first array that differs, at its worst number. */
function goToFirst(): void {
  const first = comparison.peek()?.answer.first_difference;
  if (first) goToNumber(first);
}

/** Goes to the step that computes what an array is compared with, at the number that differs most. */
export function goToNumber(pointer: string): void {
  const run = answered.peek()?.run;
  const all = steps.peek();
  if (!run || !all) return;
  const check = comparison.peek()?.answer.checks.find((one) => one.pointer === pointer);
  const number = numberAt(pointer, check?.worst?.index ?? [0, 0], run);
  const target = stepOfNumber(all, number);
  if (!target) return;
  const { choice, sample } = inPicture(run, number);
  batch(() => {
    goToStep(target.step, target.cell);
    update({ selection: choice, ...(sample !== undefined && { sample }) });
  });
}
