// The state in the browser's history and address: so Back, Forward, reload, links and a later visit come back to it.
import { effect } from '@preact/signals';
import { fromHash, MAX_LINK, MAX_LIVE, toHash } from './address.ts';
import { digestOf } from './digest.ts';
import { forget, keep, kept, prune } from './keep.ts';
import { pageExamples, sameExample } from './request/examples.ts';
import { jump, languageFor, notice, START, source, type Visit, visit } from './state.ts';
import { text } from './text/text.ts';
import { copy } from './ui/copy.ts';
import { keepAtEnd, recalled } from './ui/lasting.ts';

/** What is in an entry of the history: a large request is kept elsewhere, under a key. */
interface Entry {
  readonly visit: Omit<Visit, 'request'> & Partial<Pick<Visit, 'request'>>;
  readonly key?: string;
}

/** How long nothing changes before all of it is written down, in milliseconds. */
const PAUSE = 200;

/** The most large requests that are kept. */
const MAX_KEPT = 20;

const LAST = 'last';

/** The keys of large requests that are kept. */
const keys = new WeakMap<object, string>();

/** Requests whose links have been made, however long they are. */
const linked = new WeakSet<object>();

let current = visit.peek();
let waiting: ReturnType<typeof setTimeout> | undefined;
/** Whether the address is that of a link that cannot be read, which stays until something changes. */
let damaged = false;

/** The key of a large request, which is kept under it. */
function keyOf(request: object): string {
  const known = keys.get(request);
  if (known) return known;
  const key = `request ${new Date().toISOString()}`;
  keys.set(request, key);
  keep(key, JSON.stringify(request)).then(() => prune('request ', MAX_KEPT));
  return key;
}

const isLarge = (request: unknown): request is object => request instanceof Object && digestOf(request).length > MAX_LIVE;

function entryOf(of: Visit): Entry {
  const { request, ...rest } = of;
  return isLarge(request) ? { visit: rest, key: keyOf(request) } : { visit: of };
}

/** What Back should return to: another view or example; not every number that is looked at. */
function isNewEntry(next: Visit): boolean {
  if (next.view !== current.view || next.present !== current.present) return true;
  return next.request !== current.request && ['example', 'file'].includes(source.peek());
}

function record(next: Visit): void {
  if (next === current) return;
  const isNew = isNewEntry(next);
  if (isNew) {
    if (waiting) history.replaceState(entryOf(current), '');
    history.pushState(entryOf(next), '');
  }
  current = next;
  damaged = false;
  // At once if there was a pause; then not more often than browsers allow.
  if (!isNew && !waiting) history.replaceState(entryOf(next), '');
  clearTimeout(waiting);
  waiting = setTimeout(write, PAUSE);
}

/** Writes the current state to the history, the address and the browser's database. */
async function write(): Promise<void> {
  waiting = undefined;
  const written = current;
  history.replaceState(entryOf(written), '');
  const isExample = pageExamples.some(({ request }) => request === written.request);
  if (isExample) await forget(LAST);
  else await keep(LAST, JSON.stringify(written));
  if (damaged) return;
  const long = isLarge(written.request) && !linked.has(written.request);
  const hash = long ? await toHash({ ...written, request: START.request }) : await toHash(written);
  if (current === written)
    history.replaceState(history.state, '', hash === '#example=article' && !location.hash ? location.pathname : hash);
}

/** The state of an entry of the history. */
async function visitOf({ visit: saved, key }: Entry): Promise<Visit> {
  let { request } = saved;
  if (key !== undefined) {
    const json = await kept(key);
    request = json === undefined ? START.request : JSON.parse(json);
    if (json === undefined) notice.value = (t) => t.ui.lost;
    else if (request instanceof Object) keys.set(request, key);
  }
  return { ...START, ...saved, request: sameExample(request) };
}

/** What the address says; undefined if it says nothing. */
async function visitOfLink(): Promise<Visit | undefined> {
  try {
    const found = await fromHash(location.hash);
    if (!found) return undefined;
    notice.value = undefined;
    return { ...START, language: current.language, ...found };
  } catch {
    damaged = true;
    notice.value = (t) => t.ui.damagedLink;
    return current;
  }
}

/** The state before a reload. Browsers may lose what was written to the history just before it. */
function visitOfReload(): Visit | undefined {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  const before = recalled(LAST, true) as Visit | null | undefined;
  if (!before || navigation?.type !== 'reload') return undefined;
  return { ...START, ...before, request: sameExample(before.request) };
}

async function lastVisit(): Promise<Visit | undefined> {
  const json = await kept(LAST);
  if (json === undefined) return undefined;
  notice.value = (t) => t.ui.restored;
  return { ...START, ...JSON.parse(json), present: false };
}

/** Takes a state that the history has already: it is not recorded. */
function take(next: Visit, how: (next: Visit) => void): void {
  current = next;
  how(next);
}

/** Comes back to where the visitor was, and records from now on where they go. */
export async function startHistory(): Promise<void> {
  const start = (next: Visit) => {
    source.value = 'link';
    visit.value = next;
  };
  take({ ...START, language: languageFor(navigator.languages) }, start);
  const entry = history.state as Entry | null;
  const reloaded = visitOfReload();
  const found = reloaded ?? (entry?.visit ? await visitOf(entry) : ((await visitOfLink()) ?? (await lastVisit())));
  if (found) take(found, start);
  if (reloaded) write();
  keepAtEnd(LAST, () => (damaged || isLarge(current.request) ? undefined : current));
  effect(() => record(visit.value));
  addEventListener('popstate', async ({ state }) => {
    clearTimeout(waiting);
    waiting = undefined;
    const found = (state as Entry | null)?.visit ? await visitOf(state) : await visitOfLink();
    if (found) take(found, jump);
  });
  addEventListener('beforeunload', () => {
    if (waiting) history.replaceState(entryOf(current), '');
  });
}

/** Copies a link to the state, and makes it the page's address. */
export async function copyLink(): Promise<void> {
  const { request } = current;
  const hash = await toHash(current, Number.POSITIVE_INFINITY);
  const link = new URL(hash, location.href).href;
  if (link.length > MAX_LINK) {
    notice.value = (t) => t.request.linkTooLong(link.length, MAX_LINK);
    return;
  }
  if (request instanceof Object) linked.add(request);
  history.replaceState(entryOf(current), '', hash);
  await copy(link, text.value.request.link);
}
