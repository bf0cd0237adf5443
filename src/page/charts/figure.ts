// What every chart is: a figure with a caption in words, a drawing, and a table for those who want or need the numbers.
import * as Plot from '@observablehq/plot';
import * as d3 from 'd3';
import { type ChartsText, short } from './words.ts';

/** Lines differ by colour and by shape, so that neither needs the other. */
export const series = {
  weights: { name: 'weights', colour: 'var(--muted)', symbol: 'square', dash: '4 3' },
  gradients: { name: 'gradients', colour: 'var(--accent)', symbol: 'circle', dash: 'none' },
  sums: { name: 'sums', colour: 'var(--ink)', symbol: 'triangle', dash: '1 3' },
} as const;

export type Series = (typeof series)[keyof typeof series];

export interface Parts {
  readonly title: string;
  readonly text: string;
  readonly table: Table;
}

export interface Table {
  readonly head: readonly string[];
  readonly count: number;
  readonly row: (i: number) => readonly string[];
}

/** How many rows a table has, so that the largest networks too have one. */
const ROWS = 200;

/** A figure with its words and its table, and the place for its drawing. */
export function figure(t: ChartsText, { title, text, table }: Parts): { element: HTMLElement; drawing: HTMLElement } {
  const element = d3.create('figure').attr('class', 'chart').style('margin', '0 0 1.5rem');
  const caption = element.append('figcaption');
  caption.append('strong').text(t.caption(title));
  caption.append('span').text(text);
  const drawing = element.append('div').attr('class', 'drawing');
  const details = element.append('details').attr('data-name', title);
  details.append('summary').text(t.asTable(title));
  // Built when it is first opened: few are, and large ones take time.
  details.on('toggle', () => {
    if (details.select('table').empty()) appendTable(t, details.node() as HTMLElement, title, table);
  });
  return { element: element.node() as HTMLElement, drawing: drawing.node() as HTMLElement };
}

function appendTable(t: ChartsText, details: HTMLElement, title: string, { head, count, row }: Table): void {
  // One that is wider than the page scrolls by itself, by keys too.
  const scroller = d3.select(details).append('div').style('overflow-x', 'auto').attr('tabindex', 0).attr('role', 'region');
  const table = scroller.attr('aria-label', title).append('table');
  table
    .append('thead')
    .append('tr')
    .selectAll('th')
    .data(head)
    .join('th')
    .attr('scope', 'col')
    .text((name) => name);
  const lines = table
    .append('tbody')
    .selectAll('tr')
    .data(d3.range(Math.min(count, ROWS)).map(row))
    .join('tr');
  lines
    .selectAll('td')
    .data((cells) => cells)
    .join('td')
    .text((cell) => cell);
  if (count <= ROWS) return;
  d3.select(details)
    .append('p')
    .text(t.moreRows(count - ROWS, count));
}

/** What the symbols of a drawing mean. */
export function appendLegend(t: ChartsText, drawing: HTMLElement, shown: readonly Series[]): void {
  const legend = d3.select(drawing).append('p').attr('class', 'legend').style('margin', '.25rem 0');
  for (const { name, colour, symbol, dash } of shown) {
    const item = legend.append('span').style('margin-right', '1.5em').style('white-space', 'nowrap');
    const svg = item
      .append('svg')
      .attr('width', 28)
      .attr('height', 12)
      .attr('viewBox', '-14 -6 28 12')
      .attr('aria-hidden', 'true');
    svg.append('path').attr('d', 'M-14,0H14').attr('stroke', colour).attr('stroke-width', 1.5).attr('stroke-dasharray', dash);
    svg.append('path').attr('d', d3.symbol(symbols[symbol], 40)()).attr('fill', colour);
    item.append('span').text(` ${t.series[name]}`);
  }
}

const symbols = { square: d3.symbolSquare, circle: d3.symbolCircle, triangle: d3.symbolTriangle };

type Options = Parameters<typeof Plot.plot>[0];

/** A drawing by Plot as wide as it is told, or narrower where there is no room, that inherits the page's colours. */
export function plot(label: string, options: NonNullable<Options>): SVGSVGElement {
  const svg = Plot.plot({ ...options, ariaLabel: label, style: { background: 'none', fontSize: '12px', overflow: 'visible' } });
  const selection = d3.select(svg as SVGSVGElement).attr('role', 'img');
  // The page's policy admits no style sheets of scripts; it had rules for the size alone.
  selection.select('style').remove();
  // A label is for what has a role: the drawing as a whole.
  selection.selectAll('[aria-label]').attr('aria-label', null);
  selection.style('display', 'block').style('max-width', '100%').style('height', 'auto');
  return svg as SVGSVGElement;
}

/** Ticks of an axis of things that count from 1. */
export function countTicks(last: number, most: number): number[] {
  const ticks = d3.ticks(1, last, most).filter(Number.isInteger);
  return ticks[0] === 1 ? ticks : [1, ...ticks];
}

export const tickFormat = (value: number) => short(value);
