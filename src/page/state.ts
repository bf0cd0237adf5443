// The one state of the page: all that a visitor can come back to, by undo, by the Back button, by a link or after a reload.
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { GradientsAnswer, GradientsRequest } from '../../schemas/gradients.ts';
import { digestOf } from './digest.ts';
import type { Choice } from './network/layout.ts';
import type { Computed } from './request/computed.ts';
import { pageExamples, sameExample } from './request/examples.ts';
import type { Problem, Progress } from './request/problem.ts';
import type { Dictionary } from './text/en.ts';
import { lastingSignal, lastOnes } from './ui/lasting.ts';

/** The views, one of which is beside the picture. */
export const viewNames = ['steps', 'request', 'check', 'train', 'charts', 'code', 'service'] as const;
export type ViewName = (typeof viewNames)[number];

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** The first of a browser's languages that the page has; English if it has none of them. */
export function languageFor(preferred: readonly string[]): Language {
  const known = preferred.map((tag) => languages.find((language) => language === tag.toLowerCase().split('-')[0]));
  return known.find((language) => language !== undefined) ?? 'en';
}

/** How many digits of a number are shown. */
export const digitChoices = [3, 6, 'all'] as const;
export type Digits = (typeof digitChoices)[number];

/** What the edges of the picture show; `step` is what fits the step. */
export const edgeChoices = ['step', 'weights', 'gradients'] as const;
export type Edges = (typeof edgeChoices)[number];

/** Where a change of the request came from. */
export type Source = 'form' | 'json' | 'example' | 'file' | 'link' | 'undo' | 'train';

export interface Visit {
  /** A document; whether it is valid is for the service to say. */
  readonly request: unknown;
  /** The text of the JSON editor while it does not parse. */
  readonly draft: string | undefined;
  readonly view: ViewName;
  /** The number of the step, from 0. */
  readonly step: number;
  /** The row and the column of the number that is explained, in the result of the step. */
  readonly cell: readonly [row: number, column: number];
  readonly selection: Choice | undefined;
  /** From 0. */
  readonly sample: number;
  readonly edges: Edges;
  readonly digits: Digits;
  /** Whether the picture and the step are presented, with nothing else. */
  readonly present: boolean;
  readonly language: Language;
}

export const START: Visit = {
  request: pageExamples[0].request,
  draft: undefined,
  view: 'steps',
  step: 0,
  cell: [0, 0],
  selection: undefined,
  sample: 0,
  edges: 'step',
  digits: 3,
  present: false,
  language: 'en',
};

export const visit = signal(START);

/** Changes a part of the state. */
export function update(patch: Partial<Visit>): void {
  visit.value = { ...visit.value, ...patch };
}

function part<Key extends keyof Visit>(key: Key): ReadonlySignal<Visit[Key]> {
  return computed(() => visit.value[key]);
}

export const request = part('request');
export const view = part('view');
export const step = part('step');
export const cell = part('cell');
export const selection = part('selection');
export const sample = part('sample');
export const edges = part('edges');
export const digits = part('digits');
export const present = part('present');
export const language = part('language');

/** What the last change of the request came from. */
export const source = signal<Source>('example');

/** An answer of the service, and the request that it is of. */
export interface Answered {
  readonly request: GradientsRequest;
  readonly answer: GradientsAnswer;
  readonly run: Computed;
}

/** The last answer. */
export const answered = signal<Answered | undefined>(undefined);

/** Where the page stands with its request. */
export const phase = signal<'waiting' | 'unreadable' | 'sending' | 'answered' | 'refused' | 'cancelled'>('waiting');
export const progress = signal<Progress | undefined>(undefined);

/** What is wrong with the request, or with sending it. */
export const problem = signal<Problem | undefined>(undefined);

/** What is said until it is dismissed, in whichever language: that a link is damaged, that a request was restored. */
export const notice = signal<((t: Dictionary) => string) | undefined>(undefined);

/** Sent with requests; kept only as long as the page is open. */
export const apiKey = signal('');

/** What a view marks in the picture: units and edges by their keys (network/layout.ts, keyOf). */
export type Mark = 'right' | 'wrong';
export const marks = signal<ReadonlyMap<string, Mark>>(new Map());

/** The requests that undo and redo go to, the next one last. */
const past = lastingList('undo.past');
const future = lastingList('undo.future');

/** Outlasts a reload, as far back as there is room. */
function lastingList(key: string): Signal<readonly unknown[]> {
  const list = lastingSignal<readonly unknown[]>(key, [], lastOnes);
  list.value = list.peek().map(sameExample);
  return list;
}

/** The most requests that undo goes back by. */
const MAX_UNDO = 100;

export const canUndo = computed(() => past.value.length > 0);
export const canRedo = computed(() => future.value.length > 0);

/** Whether a change continues the last one, so that one undo takes back both: those of a training are one. */
const continues = (from: Source) => from === 'train' && source.value === 'train';

/** Takes another request, as an edit that can be undone. */
export function change(request: unknown, from: Source): void {
  batch(() => {
    if (!continues(from)) past.value = [...past.value, visit.value.request].slice(-MAX_UNDO);
    future.value = [];
    put(request, from);
  });
}

function put(request: unknown, from: Source): void {
  source.value = from;
  update({ request, draft: undefined });
}

export function undo(): void {
  move(past, future, past.value.length - 1);
}

export function redo(): void {
  move(future, past, future.value.length - 1);
}

/** Takes back changes up to the one that is at a place of a list. */
function move(from: typeof past, to: typeof past, place: number): void {
  if (place < 0) return;
  const [request, ...between] = from.value.slice(place);
  batch(() => {
    to.value = [...to.value, visit.value.request, ...between.toReversed()];
    from.value = from.value.slice(0, place);
    put(request, 'undo');
  });
}

/** Comes to another state, as Back does: if undo or redo go to its request, as they do; otherwise it is a change, so that undo comes back. */
export function jump(next: Visit): void {
  const { text } = digestOf(next.request);
  const placeIn = (list: typeof past) => list.value.findLastIndex((request) => digestOf(request).text === text);
  batch(() => {
    if (digestOf(visit.value.request).text !== text) {
      const [before, after] = [placeIn(past), placeIn(future)];
      if (before >= 0) move(past, future, before);
      else if (after >= 0) move(future, past, after);
      else change(next.request, 'link');
    }
    source.value = 'link';
    visit.value = next;
  });
}

/** Goes to a step, and to a number of its result. */
export function goToStep(step: number, cell: readonly [number, number] = [0, 0]): void {
  update({ step, cell });
}
