// The way to a part of the request: to its field in the form, or its place in the JSON.
import { signal } from '@preact/signals';
import { update } from '../state.ts';

/** How the request is edited. */
export const mode = signal<'form' | 'json'>('form');

/** The pointer of what is to be shown next; taken by the form or the JSON editor. */
export const wanted = signal<string | undefined>(undefined);

/** Shows what a pointer names. */
export function goTo(pointer: string): void {
  wanted.value = pointer;
  update({ view: 'request' });
}

/** Focuses the field of a pointer, or that of its nearest parent; false if there is none. */
export function focusField(form: HTMLElement, pointer: string): boolean {
  for (let path = pointer; ; path = path.slice(0, path.lastIndexOf('/'))) {
    const found = form.querySelector<HTMLElement>(`[data-pointer="${CSS.escape(path)}"]`);
    if (found) {
      for (let parent = found.closest('details'); parent; parent = parent.parentElement?.closest('details') ?? null)
        parent.open = true;
      const target = found.matches('input, select') ? found : (found.querySelector<HTMLElement>('input, select') ?? found);
      target.focus();
      target.scrollIntoView({ block: 'center' });
      return true;
    }
    if (!path.includes('/')) return false;
  }
}
