// The training that goes on: every step is a request to the service, and the picture follows.
import { batch, computed, signal } from '@preact/signals';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { digestOf } from '../digest.ts';
import { send } from '../request/api.ts';
import { withSizes } from '../request/build.ts';
import { Computed } from '../request/computed.ts';
import { isRequest, redrawn, sizesOf } from '../request/edit.ts';
import { forPage } from '../request/for-page.ts';
import type { Problem } from '../request/problem.ts';
import { answered, change, request, source } from '../state.ts';
import { lastingSignal, lastOnes } from '../ui/lasting.ts';
import { type Data, networkFor } from './data.ts';
import { outputsFor } from './dataset-rows.ts';
import { keepOrigin, type Origin, origin } from './origins.ts';
import { advanced, begun, requestOfStep, type Settings, type Source, type Training } from './training.ts';

/** Steps per picture. */
export const speeds = [1, 10, 100] as const;

/** A batch size that takes all samples, however many there are. */
export const ALL = 1_000_000;

export const settings = lastingSignal<Settings>('train.settings', { optimizer: 'adam', rate: 0.05, batchSize: ALL });
export const speed = lastingSignal<number>('train.speed', 1);

/** How often other initial weights were drawn. */
const draws = lastingSignal('train.draws', 0);

/** The most trainings that an undo, Back or a reload may come back to. */
const MOST_TRAININGS = 20;

const trainings = lastingSignal<readonly { readonly network: string; readonly training: Training }[]>(
  'train.trainings',
  [],
  lastOnes,
);

/** The dataset of the service whose first samples the page shows. */
export const dataset = computed<Source | undefined>(() => (origin.value && 'dataset' in origin.value ? origin.value : undefined));

/** The type of the problem if a step is so long that numbers are no longer finite. */
export const NOT_FINITE = '/problems/non-finite-result';

export const running = signal(false);

/** Whether steps are computed; after a pause, those that had begun are finished. */
export const stepping = signal(false);

/** What stopped the training. */
export interface Fault extends Problem {
  /** How many outputs the network needs for a class of the dataset. */
  readonly outputs?: number | undefined;
}

export const fault = signal<Fault | undefined>(undefined);
// It was of that request alone.
request.subscribe(() => (fault.value = undefined));

/** The training of the network of the page. */
export const training = computed<Training | undefined>(() => {
  const current = request.value;
  if (!isRequest(current)) return undefined;
  const known = trainings.value.length > 0 && digestOf(current.network).text;
  return trainings.value.find(({ network }) => network === known)?.training ?? begun(current.network);
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
  stepping.value = true;
  try {
    return await makeSteps(steps);
  } finally {
    stepping.value = false;
  }
}

async function makeSteps(steps: number): Promise<boolean> {
  const from = request.peek();
  let current = training.peek();
  if (!isRequest(from) || !current) return false;
  fault.value = undefined;
  for (let i = 0; i < steps; i++) {
    const wanted = requestOfStep(current, from, settings.peek(), dataset.peek());
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

/** Takes other data, and a new network with these hidden layers. */
export function learn(data: Data, hidden: readonly number[], from: 'example' | 'file', dataOrigin?: Origin): void {
  pause();
  const made = networkFor(data, hidden);
  if (dataOrigin) keepOrigin(made.batch, dataOrigin);
  change(made, from);
}

/** Gives the network other units in its last layer; its other weights stay. */
export function setOutputs(outputs: number): void {
  const from = request.peek();
  if (!isRequest(from)) return;
  const { features, units } = sizesOf(from);
  change(withSizes(from, [features, ...units.with(-1, outputs)]), 'form');
}

/** Back to the weights of step 0. */
export function reset(): void {
  const current = training.peek();
  const from = request.peek();
  if (!current || !isRequest(from)) return;
  pause();
  batch(() => {
    forget(current.start);
    change({ ...from, network: current.start }, 'train');
  });
}

/** Begins again with other initial weights, by the rule of those of new networks. */
export function redraw(): void {
  const from = request.peek();
  if (!isRequest(from)) return;
  pause();
  draws.value++;
  // A change of its own, so that an undo comes back to the weights that were trained.
  change({ ...from, network: redrawn(from.network, draws.value) }, 'form');
}

function show(next: GradientsRequest, after: Training, answer: GradientsAnswer): void {
  batch(() => {
    // An undo goes back by all steps at once: it never comes to those between.
    if (source.peek() === 'train') forget((request.peek() as GradientsRequest).network);
    forget(next.network);
    trainings.value = [...trainings.value, { network: digestOf(next.network).text, training: after }].slice(-MOST_TRAININGS);
    change(next, 'train');
    answered.value = { request: next, answer, run: new Computed(next, answer) };
  });
}

function forget(of: Training['network']): void {
  trainings.value = trainings.value.filter(({ network }) => network !== digestOf(of).text);
}

async function answerTo(wanted: GradientsRequest): Promise<GradientsAnswer | undefined> {
  for (;;) {
    const outcome = await send<GradientsAnswer>('gradients', wanted).outcome;
    if ('answer' in outcome) return outcome.answer;
    if ('cancelled' in outcome) return undefined;
    const { status, retryAfter } = outcome.problem;
    fault.value = { ...outcome.problem, outputs: outputsFor(outcome.problem) };
    if (!running.peek() || status !== 503 || !retryAfter) return undefined;
    await new Promise((resolve) => window.setTimeout(resolve, retryAfter * 1000));
    fault.value = undefined;
  }
}

/** How many samples a step takes at most. */
export function samplesOf(of: unknown): number {
  return dataset.value?.samples ?? (isRequest(of) ? sizesOf(of).samples : 1);
}
