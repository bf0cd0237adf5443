// Sends the request whenever it changes, and again when the service or the connection was away.
import { batch, effect, signal } from '@preact/signals';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { answered, phase, problem, progress, request, source } from '../state.ts';
import { text } from '../text/text.ts';
import { short } from '../ui/matrix.ts';
import { announce } from '../ui/parts.tsx';
import { type Call, send } from './api.ts';
import { Computed } from './computed.ts';
import { isRequest } from './edit.ts';
import { forPage } from './for-page.ts';

/** A typed request of more characters is computed only when somebody asks for it. */
const LARGE = 60_000;

/** How long nothing is typed before a request is sent, in milliseconds. */
const PAUSE = 250;

/** What takes less time shows no progress, in milliseconds. */
const SHORT = 250;

/** What is said beside the button that computes. */
export const sendingHint = signal('');

/** Seconds until the request is sent again. */
export const retryIn = signal<number | undefined>(undefined);

let waiting: ReturnType<typeof setTimeout> | undefined;
let countdown: ReturnType<typeof setInterval> | undefined;
let call: Call<GradientsAnswer> | undefined;

/** Starts to send every request that the state gets, unless its answer is there already. */
export function startSending(): void {
  effect(() => {
    const next = request.value;
    if (answered.peek()?.request === next) return;
    batch(() => later(next));
  });
  addEventListener('online', () => {
    if (problem.peek()?.offline) compute();
  });
}

function later(next: unknown): void {
  stopRetrying();
  clearTimeout(waiting);
  phase.value = 'waiting';
  sendingHint.value = '';
  const typed = source.peek() === 'form' || source.peek() === 'json';
  if (typed && JSON.stringify(next).length > LARGE) sendingHint.value = text.peek().request.large;
  else waiting = setTimeout(compute, typed ? PAUSE : 0);
}

/** Sends the request now; one that is on its way is cancelled. */
export async function compute(): Promise<void> {
  stopRetrying();
  clearTimeout(waiting);
  const sent = request.peek();
  call?.cancel();
  const slow = setTimeout(() => {
    progress.value ??= { doing: 'sending' };
  }, SHORT);
  const current = send<GradientsAnswer>('gradients', isRequest(sent) ? forPage(sent) : sent, (of) => {
    if (progress.peek()) progress.value = of;
  });
  call = current;
  batch(() => {
    phase.value = 'sending';
    sendingHint.value = '';
  });
  const outcome = await current.outcome;
  clearTimeout(slow);
  if (call !== current) return;
  // What is to be drawn now waits until the browser has drawn what was there.
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  if (call !== current) return;
  batch(() => {
    call = undefined;
    progress.value = undefined;
    if ('answer' in outcome) take(sent, outcome.answer);
    else if ('problem' in outcome) {
      problem.value = outcome.problem;
      phase.value = 'refused';
      if (outcome.problem.status === 503 && outcome.problem.retryAfter) retryAfter(outcome.problem.retryAfter);
    } else {
      phase.value = 'cancelled';
      sendingHint.value = text.peek().request.cancelled;
      announce(sendingHint.value);
    }
  });
}

function take(sent: unknown, answer: GradientsAnswer): void {
  if (!isRequest(sent)) {
    problem.value = text.peek().request.withoutData;
    phase.value = 'refused';
    return;
  }
  problem.value = undefined;
  answered.value = { request: sent, answer, run: new Computed(sent as GradientsRequest, answer) };
  phase.value = 'answered';
  announce(text.peek().ui.computed(short(answer.loss, 4)));
}

export function cancel(): void {
  call?.cancel();
}

function retryAfter(seconds: number): void {
  retryIn.value = seconds;
  countdown = setInterval(() => {
    const left = (retryIn.peek() ?? 1) - 1;
    if (left > 0) retryIn.value = left;
    else compute();
  }, 1000);
}

export function stopRetrying(): void {
  clearInterval(countdown);
  retryIn.value = undefined;
}
