// The algorithm, step by step: a formula, its matrices, and how a number of the result came about.

import { type HeatMap, placeOf } from './cells.ts';
import { announce, byId, el } from './dom.ts';
import { formula, spoken } from './formula.ts';
import { heatMap } from './heat-map.ts';
import type { Quantity, Step, Steps } from './steps/step.ts';
import { sumView } from './sum-view.ts';

interface Standing {
  readonly steps: Steps;
  readonly number: number;
}

interface Stepper extends Standing {
  go(number: number): void;
}

/** Shows a step in #step, and where it stands in its controls. */
export function showStep({ steps, number, go }: Stepper): void {
  const step = steps.at(number);
  const last = steps.places.length - 1;
  const slider = byId<HTMLInputElement>('step-slider');
  slider.max = `${last}`;
  slider.value = `${number}`;
  slider.setAttribute('aria-valuetext', `step ${number + 1} of ${last + 1}: ${step.title}`);
  byId('step-count').textContent = `${number + 1} / ${last + 1}`;
  for (const [id, off] of Object.entries({
    first: number === 0,
    previous: number === 0,
    next: number === last,
    last: number === last,
  }))
    byId<HTMLButtonElement>(`step-${id}`).disabled = off;
  byId('step').replaceChildren(...stepView(step, number, go));
  byId('step').dataset.step = `${number}`;
  // What is wider than its place is scrolled by keys, too.
  for (const scroller of byId('step').querySelectorAll<HTMLElement>('.scroller'))
    if (scroller.scrollWidth > scroller.clientWidth) scroller.tabIndex = 0;
}

/** What is said of a step when it comes up. */
export function announceStep({ steps, number }: Standing): void {
  const step = steps.at(number);
  announce(`Step ${number + 1} of ${steps.places.length}: ${step.title}. ${spoken(step.formula)}`);
}

function stepView(step: Step, number: number, go: (number: number) => void): Node[] {
  const worked = el('div', { class: 'worked' });
  const maps: [Quantity, HeatMap][] = [];
  const choose = (i: number, j: number) => {
    result.mark(i, j);
    for (const [{ reads }, map] of maps) if (reads) map.mark(...reads(i, j));
    const sum = step.worked(i, j);
    if (sum) worked.replaceChildren(el('h4', {}, `How this number came about: ${placeOf(step.result, i, j)}`), sumView(sum));
    else worked.replaceChildren();
  };
  const result = heatMap(step.result, { choose });
  const equation = el('div', { class: 'equation' }, result.element);
  // A sign stays with what follows it.
  let signs = step.pieces[0] === '→' ? [] : [sign('=')];
  for (const piece of step.pieces) {
    if (typeof piece === 'string') signs.push(sign(piece));
    else {
      const map = heatMap(piece, {}, origin(piece, number, go));
      maps.push([piece, map]);
      equation.append(el('div', { class: 'piece' }, ...signs, map.element));
      signs = [];
    }
  }
  choose(0, 0);
  return [
    el('p', { class: 'phase', 'data-phase': step.phase }, { forward: 'Forward', loss: 'Loss', backward: 'Backward' }[step.phase]),
    el('h3', { id: 'step-title' }, step.title),
    el('p', { class: 'formula' }, ...formula(step.formula)),
    ...step.why.map((text) => el('p', { class: 'why' }, text)),
    equation,
    worked,
  ];
}

function sign(text: string): HTMLElement {
  return el('span', { class: text.length > 1 ? 'sign word' : 'sign' }, text);
}

/** The way to the step that made a quantity. */
function origin({ madeBy, given, symbol }: Quantity, number: number, go: (number: number) => void): Node {
  if (madeBy === undefined || madeBy >= number) return document.createTextNode(given ? ': given' : '');
  const text = number - madeBy === 1 ? 'from the step before' : `from step ${madeBy + 1}`;
  const label = `${text}, which made ${spoken(symbol)}`;
  return el('button', { type: 'button', class: 'link', 'aria-label': label, click: () => go(madeBy) }, text);
}

/** Listens to the buttons, the slider and the keys of the stepper. */
export function listenToStepper(current: () => number, last: () => number, go: (number: number) => void): void {
  const targets: Record<string, () => number> = {
    first: () => 0,
    previous: () => current() - 1,
    next: () => current() + 1,
    last,
  };
  const to = (name: string) => go(Math.max(0, Math.min(last(), targets[name]())));
  for (const name of Object.keys(targets)) byId(`step-${name}`).addEventListener('click', () => to(name));
  const slider = byId<HTMLInputElement>('step-slider');
  slider.addEventListener('input', () => go(Number(slider.value)));
  const keys: Record<string, string> = { ArrowLeft: 'previous', ArrowRight: 'next', Home: 'first', End: 'last' };
  document.addEventListener('keydown', (event) => {
    const name = keys[event.key];
    if (!name || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (target.closest('input, select, textarea, pre, [role=tab]')) return;
    event.preventDefault();
    to(name);
  });
}
