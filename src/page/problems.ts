// What the service says is wrong, at the fields that it points to.

import { byId, el } from './dom.ts';
import type { Problem } from './request/api.ts';

export interface Located {
  readonly pointer: string;
  readonly detail: string;
}

/** Shows a problem above the request, and each of its errors at its field; undefined takes all of it away. */
export function showProblem(problem: Problem | undefined, goTo: (error: Located) => void): void {
  clearFields();
  const host = byId('problem');
  host.hidden = !problem;
  if (!problem) {
    host.replaceChildren();
    return;
  }
  const errors = problem.errors ?? [];
  const wait =
    problem.retryAfter === undefined ? undefined : el('p', {}, `It asks to be tried again in ${problem.retryAfter} s.`);
  const whole =
    problem.status === 413
      ? el(
          'p',
          {},
          'The page asks for every value on the way (include: trace), which is more than the request itself may take: as code it may do.',
        )
      : undefined;
  const meaning = problem.type?.startsWith('/problems/')
    ? el('p', {}, el('a', { href: problem.type.slice(1) }, 'What this means and what to do'))
    : undefined;
  host.replaceChildren(
    el('h3', {}, problem.title),
    el('p', {}, problem.detail),
    ...(wait ? [wait] : []),
    ...(whole ? [whole] : []),
    el('ul', {}, ...errors.map((error) => el('li', {}, pointerButton(error, goTo), ` ${error.detail}`))),
    ...(meaning ? [meaning] : []),
  );
  for (const error of errors) markField(error);
}

function pointerButton(error: Located, goTo: (error: Located) => void): HTMLElement {
  return el('button', { type: 'button', class: 'link pointer', click: () => goTo(error) }, error.pointer || 'the document');
}

/** The field of the form that a pointer names, or that of its nearest parent. */
export function fieldOf(pointer: string): HTMLElement | undefined {
  const form = byId('form');
  for (let path = pointer; ; path = path.slice(0, path.lastIndexOf('/'))) {
    const field = form.querySelector<HTMLElement>(`[data-pointer="${CSS.escape(path)}"]`);
    if (field) return field;
    if (!path.includes('/')) return undefined;
  }
}

function markField({ pointer, detail }: Located): void {
  const field = fieldOf(pointer);
  if (!field) return;
  for (let parent = field.closest('details'); parent; parent = parent.parentElement?.closest('details') ?? null)
    parent.open = true;
  const id = `error-${field.id}`;
  const label = field.getAttribute('aria-label');
  const text = [field.dataset.pointer === pointer ? label : pointer, detail].filter(Boolean).join(': ');
  const message = el('p', { class: 'error', id, 'data-error': pointer }, text);
  const first = document.getElementById(id);
  if (first) {
    first.append(el('br'), text);
    return;
  }
  if (field.matches('input, select, textarea')) {
    field.setAttribute('aria-invalid', 'true');
    field.setAttribute('aria-describedby', id);
  } else field.classList.add('invalid');
  placeAfter(field, message);
}

/** After those that are there already; in a table the message comes after all of it, since cells have no room. */
function placeAfter(field: HTMLElement, message: HTMLElement): void {
  let place: Element = field.closest('.grid, label, .field') ?? field;
  while (place.nextElementSibling?.matches('.error')) place = place.nextElementSibling;
  place.after(message);
}

function clearFields(): void {
  const form = byId('form');
  for (const message of form.querySelectorAll('.error')) message.remove();
  for (const field of form.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
  for (const field of form.querySelectorAll('.invalid')) field.classList.remove('invalid');
}
