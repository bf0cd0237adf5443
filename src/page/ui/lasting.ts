// Signals that outlast a reload, and the way back from another page; for what is too large or too fleeting for the address.
import { type Signal, signal } from '@preact/signals';

const lasting: [key: string, value: () => unknown][] = [];

/** A signal whose value, which is JSON, is kept as long as the tab is open: all of it, or what `part` takes of it. */
export function lastingSignal<Value>(key: string, initial: Value, part = (value: Value) => value): Signal<Value> {
  const made = signal<Value>((recalled(key) as Value | undefined) ?? initial);
  keepAtEnd(key, () => part(made.peek()));
  return made;
}

/** Keeps what `value` gives when the page is left, for `recalled`. */
export function keepAtEnd(key: string, value: () => unknown): void {
  lasting.push([key, value]);
}

/** What was kept; null or undefined if it was nothing. With `once`, it is forgotten. */
export function recalled(key: string, once = false): unknown {
  try {
    const json = window.sessionStorage.getItem(key);
    if (once) window.sessionStorage.removeItem(key);
    return JSON.parse(json ?? 'null');
  } catch {
    return undefined;
  }
}

/** The most characters of JSON that are kept of a list. Browsers keep some five million for a page. */
const MOST_CHARACTERS = 1_000_000;

/** The last items of a list, as many as may be kept. */
export function lastOnes<Item>(list: readonly Item[], most: number = MOST_CHARACTERS): readonly Item[] {
  let left = most;
  let first = list.length;
  while (first > 0) {
    left -= JSON.stringify(list[first - 1]).length;
    if (left < 0) break;
    first--;
  }
  return list.slice(first);
}

// There is no such event in Node, where tests import this.
globalThis.addEventListener?.('pagehide', () => {
  for (const [key, value] of lasting) {
    try {
      // Before the new value, which may be too large: an old one would be wrong.
      window.sessionStorage.removeItem(key);
      window.sessionStorage.setItem(key, JSON.stringify(value() ?? null));
    } catch {
      // Larger than what a browser keeps, or it keeps nothing: then it is gone with the page.
    }
  }
});
