// The training that goes on: every step is a request to the service, and the picture follows.
import { batch, computed, signal } from '@preact/signals';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { send } from '../request/api.ts';
import { Computed } from '../request/computed.ts';
import { isRequest, sizesOf } from '../request/edit.ts';
import { forPage } from '../request/for-page.ts';
import type { Problem } from '../request/problem.ts';
import { answered, change, request } from '../state.ts';
import { lastingSignal } from '../ui/lasting.ts';
import { advanced, begun, requestOfStep, type Settings, type Training } from './training.ts';

/** Steps per picture. */
export const speeds = [1, 10, 100] as const;

export const settings = lastingSignal<Settings>('train.settings', { optimizer: 'adam', rate: 0.05, batchSize: 1_000_000 });
export const speed = lastingSignal<number>('train.speed', 1);
const kept = lastingSignal<Training | undefined>('train.training', undefined);

/** The type of the problem if a step is so long that numbers are no longer finite. */
export const NOT_FINITE = '/problems/non-finite-result';

export const running = signal(false);

/** What stopped the training. */
export const fault = signal<Problem | undefined>(undefined);

/** The training of the network of the page: one of another network is over. */
export const training = computed<Training | undefined>(() => {
  const current = request.value;
  if (!isRequest(current)) return undefined;
  const isSame = kept.value && JSON.stringify(kept.value.network) === JSON.stringify(current.network);
  return isSame ? kept.value : begun(current.network);
});

export async function play(): Promise<void> {
  if (running.peek()) return;
  running.value = true;
  while (running.peek() && (await proceed(speed.peek()))) await new Promise((resolve) => window.requestAnimationFrame(resolve));
  running.value = false;
}

export function pause(): void {
  running.value = false;
}

/** Makes so many steps, then shows the network. False if that is not possible, or if the request was changed meanwhile. */
export async function proceed(steps: number): Promise<boolean> {
  const from = request.peek();
  let current = training.peek();
  if (!isRequest(from) || !current) return false;
  fault.value = undefined;
  for (let i = 0; i < steps; i++) {
    const wanted = requestOfStep(current, from, settings.peek(), undefined);
    // The answer that is shown has the gradients of the next step, if that is of all samples.
    const shown =
      i === 0 && wanted.batch === from.batch && answered.peek()?.request === from ? answered.peek()?.answer : undefined;
    const answer = shown ?? (await answerTo(wanted));
    if (!answer) return false;
    current = advanced(current, answer, settings.peek());
    if (!current.network.layers.every(({ weights }) => weights.flat().every(Number.isFinite))) {
      fault.value = { type: NOT_FINITE, title: '', detail: '' };
      return false;
    }
  }
  const next = { ...from, network: current.network };
  const answer = await answerTo(forPage(next));
  if (!answer || request.peek() !== from) return false;
  show(next, current, answer);
  return true;
}

/** Back to the weights of step 0. */
export function reset(): void {
  const current = training.peek();
  const from = request.peek();
  if (!current || !isRequest(from)) return;
  pause();
  batch(() => {
    kept.value = begun(current.start);
    change({ ...from, network: current.start }, 'train');
  });
}

function show(next: GradientsRequest, after: Training, answer: GradientsAnswer): void {
  batch(() => {
    kept.value = after;
    change(next, 'train');
    answered.value = { request: next, answer, run: new Computed(next, answer) };
  });
}

async function answerTo(wanted: GradientsRequest): Promise<GradientsAnswer | undefined> {
  for (;;) {
    const outcome = await send<GradientsAnswer>('gradients', wanted).outcome;
    if ('answer' in outcome) return outcome.answer;
    if ('cancelled' in outcome) return undefined;
    const { status, retryAfter } = outcome.problem;
    fault.value = outcome.problem;
    if (!running.peek() || status !== 503 || !retryAfter) return undefined;
    await new Promise((resolve) => window.setTimeout(resolve, retryAfter * 1000));
    fault.value = undefined;
  }
}

/** How many samples a step takes at most. */
export function samplesOf(of: unknown): number {
  return isRequest(of) ? sizesOf(of).samples : 1;
}
