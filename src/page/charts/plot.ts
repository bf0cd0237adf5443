// How charts are drawn: their series, their axes, and a drawing by Plot.
import * as Plot from '@observablehq/plot';
import * as d3 from 'd3';
import { short } from './words.ts';

/** Lines differ by colour and by shape, so that neither needs the other. */
export const series = {
  weights: { name: 'weights', colour: 'var(--muted)', symbol: 'square', dash: '4 3' },
  gradients: { name: 'gradients', colour: 'var(--accent)', symbol: 'circle', dash: 'none' },
  sums: { name: 'sums', colour: 'var(--ink)', symbol: 'triangle', dash: '1 3' },
} as const;

export type Series = (typeof series)[keyof typeof series];

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
