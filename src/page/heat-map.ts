// A matrix to look at: a table with its numbers where they fit, and a canvas where there are too many.
import { canvasMap } from './canvas-map.ts';
import { arrow, type Cells, type HeatMap, placeOf } from './cells.ts';
import { el, releaseKeys } from './dom.ts';
import { formula, spoken } from './formula.ts';
import type { Quantity } from './steps/step.ts';
import { extentOf, short } from './ui/matrix.ts';

/** The largest matrix that is shown with its numbers. */
const TABLE = { rows: 16, columns: 10 };

/** The heat map of a quantity, with its symbol, its size and where it comes from. */
export function heatMap(quantity: Quantity, cells: Cells = {}, from?: Node): HeatMap {
  const { rows, columns } = quantity.matrix;
  const body = rows <= TABLE.rows && columns <= TABLE.columns ? tableMap(quantity, cells) : canvasMap(quantity, cells);
  const element = el(
    'figure',
    { class: 'heat-map', 'data-symbol': quantity.symbol },
    el(
      'figcaption',
      {},
      el('span', { class: 'symbol' }, ...formula(quantity.symbol)),
      el('span', { class: 'size' }, `${rows} × ${columns}`),
    ),
    body.element,
    el('p', { class: 'origin' }, ...formula(quantity.name), from),
  );
  return { element, mark: body.mark };
}

/** How a cell is coloured: its sign, and how far it goes from 0 to the largest. */
export function paint(element: HTMLElement | SVGElement, value: number, largest: number): void {
  element.classList.toggle('below', value < 0);
  element.style.setProperty('--t', `${largest > 0 && Number.isFinite(value) ? Math.abs(value) / largest : 0}`);
}

function tableMap(quantity: Quantity, { choose }: Cells): HeatMap {
  const { rows, columns, at } = quantity.matrix;
  const largest = quantity.names ? 0 : extentOf(quantity.matrix).largest;
  const all: HTMLElement[][] = [];
  const name = spoken(quantity.symbol);
  const table = el(
    'table',
    { class: rows > 8 ? 'cells dense' : 'cells' },
    el('caption', { class: 'unseen' }, `${name}, ${rows} by ${columns}`),
  );
  for (let i = 0; i < rows; i++) {
    const row = Array.from({ length: columns }, (_, j) => {
      const value = at(i, j);
      const place = placeOf(quantity, i, j);
      const title = `${place}: ${Number.isFinite(value) ? value : 'not to be told, since nothing came back'}`;
      const cell = el('td', { title, 'data-value': value });
      paint(cell, value, largest);
      cell.append(choose ? button(short(value), place, () => choose(i, j)) : short(value));
      return cell;
    });
    all.push(row);
    table.append(el('tr', {}, ...row));
  }
  if (choose) walk(table, all);
  const mark = (row: number | undefined, column: number | undefined) => {
    const none = row === undefined && column === undefined;
    all.forEach((cellsOfRow, i) => {
      cellsOfRow.forEach((cell, j) => {
        cell.classList.toggle('marked', !none && (row ?? i) === i && (column ?? j) === j);
      });
    });
  };
  return { element: el('div', { class: 'scroller' }, table), mark };
}

function button(text: string, place: string, choose: () => void): HTMLButtonElement {
  const element = el(
    'button',
    { type: 'button', tabindex: -1, 'aria-label': `${place}: ${text}`, click: choose, focus: choose },
    text,
  );
  element.addEventListener('pointerenter', choose);
  element.addEventListener('click', releaseKeys);
  return element;
}

/** One stop for Tab; arrow keys go from cell to cell. */
function walk(table: HTMLElement, all: readonly (readonly HTMLElement[])[]): void {
  const at = (i: number, j: number) => all[i]?.[j]?.firstElementChild as HTMLElement | undefined;
  at(0, 0)?.setAttribute('tabindex', '0');
  table.addEventListener('keydown', (event) => {
    const move = arrow(event);
    const i = all.findIndex((row) => row.some((cell) => cell.contains(event.target as Node)));
    if (!move || i < 0) return;
    const j = all[i].findIndex((cell) => cell.contains(event.target as Node));
    event.preventDefault();
    event.stopPropagation();
    const next = at(i + move[0], j + move[1]);
    if (!next) return;
    at(i, j)?.setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    next.focus();
  });
}
