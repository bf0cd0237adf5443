// A sum with its numbers, a line for each product.
import { el } from './dom.ts';
import { formula } from './formula.ts';
import { type Sum, shortened, type Term } from './steps/explain.ts';
import { short } from './ui/matrix.ts';

/** How many lines a sum may have; the smaller products are told in one. */
const MOST = 9;

/** What a term can be chosen for, such as the edge that it stands for. */
export type Choose = (term: Term) => (() => void) | undefined;

export function sumView(sum: Sum, choose: Choose = () => undefined): HTMLElement {
  const { terms, rest } = shortened(sum, MOST);
  const single = sum.terms.length === 1 && sum.terms[0].factors.length === 1;
  const total = el('tr', { class: 'total' }, el('th', { scope: 'row' }, ...formula(sum.label)), el('td'), number(sum.value));
  return el(
    'table',
    { class: 'sum', 'data-sum': sum.label },
    el('caption', {}, sum.meaning),
    el(
      'tbody',
      {},
      ...(single ? [] : terms.map((term) => line(term, choose(term)))),
      rest && el('tr', {}, el('td', {}, '…'), el('td', {}, `${rest.count} smaller ones`), number(rest.value)),
      total,
    ),
  );
}

function line(term: Term, choose: (() => void) | undefined): HTMLElement {
  const labels = term.factors.flatMap(({ label }, i) => [...(i > 0 ? [' · '] : []), ...formula(label)]);
  const numbers = term.factors.flatMap(({ value }, i) => [...(i > 0 ? [' × '] : []), exact(value)]);
  return el(
    'tr',
    {},
    el('td', {}, ...(choose ? [el('button', { type: 'button', class: 'link', click: choose }, ...labels)] : labels)),
    el('td', {}, ...(term.factors.length > 1 ? numbers : [])),
    number(term.value),
  );
}

/** A number in short, with the whole of it behind. */
export function exact(value: number): HTMLElement {
  return el('span', { title: value, 'data-value': value }, short(value));
}

function number(value: number): HTMLElement {
  return el('td', { class: 'number' }, exact(value));
}
