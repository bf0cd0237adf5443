// Signals that outlast a reload, and the way back from another page; for what is too large or too fleeting for the address.
import { type Signal, signal } from '@preact/signals';

const lasting: [key: string, signal: Signal<unknown>][] = [];

/** A signal whose value, which is JSON, is kept as long as the tab is open. */
export function lastingSignal<Value>(key: string, initial: Value): Signal<Value> {
  const made = signal(recalled(key) ?? initial);
  lasting.push([key, made as Signal<unknown>]);
  return made as Signal<Value>;
}

function recalled(key: string): unknown {
  try {
    return JSON.parse(window.sessionStorage.getItem(key) ?? 'null');
  } catch {
    return undefined;
  }
}

window.addEventListener('pagehide', () => {
  for (const [key, { value }] of lasting) {
    try {
      window.sessionStorage.setItem(key, JSON.stringify(value ?? null));
    } catch {
      // Larger than what a browser keeps, or it keeps nothing: then it is gone with the page.
    }
  }
});
