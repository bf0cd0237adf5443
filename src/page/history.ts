// The state in the browser's history and address: so Back, Forward, reload, links and a later visit come back to it.
import { batch, effect } from '@preact/signals';
import { fromHash, MAX_LINK, MAX_LIVE, toHash } from './address.ts';
import { forget, keep, kept, prune } from './keep.ts';
import { pageExamples } from './request/examples.ts';
import { languageFor, notice, START, source, type Visit, visit } from './state.ts';
import { text } from './text/text.ts';
import { copy } from './ui/copy.ts';

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

/** Of requests that were looked at: their length as JSON, and the key of those that are kept. */
const known = new WeakMap<object, { length: number; key?: string }>();

/** Requests whose links have been made, however long they are. */
const linked = new WeakSet<object>();

let current = visit.peek();
let waiting: ReturnType<typeof setTimeout> | undefined;
/** Whether the address is that of a link that cannot be read, which stays until something changes. */
let damaged = false;

function lengthOf(request: unknown): number {
  if (!(request instanceof Object)) return 0;
  const found = known.get(request) ?? { length: JSON.stringify(request).length };
  known.set(request, found);
  return found.length;
}

/** The key of a large request, which is kept under it. */
function keyOf(request: object): string {
  const found = known.get(request) as { length: number; key?: string };
  if (!found.key) {
    found.key = `request ${new Date().toISOString()}`;
    keep(found.key, JSON.stringify(request)).then(() => prune('request ', MAX_KEPT));
  }
  return found.key;
}

function entryOf(of: Visit): Entry {
  const { request, ...rest } = of;
  if (lengthOf(request) <= MAX_LIVE) return { visit: of };
  return { visit: rest, key: keyOf(request as object) };
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
  const long = lengthOf(written.request) > MAX_LIVE && !linked.has(written.request as object);
  const hash = long ? await toHash({ ...written, request: START.request }) : await toHash(written);
  if (current === written)
    history.replaceState(history.state, '', hash === '#example=article' && !location.hash ? location.pathname : hash);
}

/** Comes back to an entry of the history. */
async function restore({ visit: saved, key }: Entry): Promise<void> {
  let { request } = saved;
  if (key !== undefined) {
    const json = await kept(key);
    request = json === undefined ? START.request : JSON.parse(json);
    if (json === undefined) notice.value = (t) => t.ui.lost;
    else if (request instanceof Object) known.set(request, { length: json.length, key });
  }
  set({ ...START, ...saved, request: sameExample(request) });
}

/** An example by its identity, which history does not keep. */
function sameExample(request: unknown): unknown {
  const json = JSON.stringify(request);
  return pageExamples.find((example) => JSON.stringify(example.request) === json)?.request ?? request;
}

function set(next: Visit): void {
  batch(() => {
    source.value = 'link';
    // Not a change that is recorded: it is there already.
    current = next;
    visit.value = next;
  });
}

/** Takes what the address says; false if it says nothing. */
async function openLink(): Promise<boolean> {
  try {
    const found = await fromHash(location.hash);
    if (!found) return false;
    set({ ...START, language: current.language, ...found });
    notice.value = undefined;
  } catch {
    damaged = true;
    notice.value = (t) => t.ui.damagedLink;
  }
  return true;
}

async function openLast(): Promise<void> {
  const json = await kept(LAST);
  if (json === undefined) return;
  set({ ...START, ...JSON.parse(json), present: false });
  notice.value = (t) => t.ui.restored;
}

/** Comes back to where the visitor was, and records from now on where they go. */
export async function startHistory(): Promise<void> {
  set({ ...START, language: languageFor(navigator.languages) });
  const entry = history.state as Entry | null;
  if (entry?.visit) await restore(entry);
  else if (!(await openLink())) await openLast();
  effect(() => record(visit.value));
  addEventListener('popstate', ({ state }) => {
    clearTimeout(waiting);
    waiting = undefined;
    if ((state as Entry | null)?.visit) restore(state);
    else openLink();
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
