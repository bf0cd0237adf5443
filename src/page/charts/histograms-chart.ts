// How the weights of each layer, and their gradients, are spread.
import * as Plot from '@observablehq/plot';
import * as d3 from 'd3';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { figure, plot, series } from './figure.ts';
import { type Histogram, histogram } from './measures.ts';
import { histogramText, short } from './words.ts';

/** How many layers have histograms: more would be too small to see. */
const LAYERS = 12;

const BINS = 24;

const shown = [series.weights, series.gradients];

interface LayerHistograms {
  readonly layer: number;
  /** Its number, and how many inputs and units it has. */
  readonly title: string;
  readonly weights: Histogram;
  readonly gradients: Histogram;
}

export function* histogramsChart({ network }: GradientsRequest, { gradients }: GradientsAnswer): Generator<void, HTMLElement> {
  const { length } = network.layers;
  const half = LAYERS / 2;
  const places = d3.range(length).filter((k) => length <= LAYERS || k < half || k >= length - half);
  const histograms: LayerHistograms[] = [];
  for (const k of places) {
    const { weights } = network.layers[k];
    const title = `Layer ${k + 1}: ${many(weights[0].length, 'input')}, ${many(weights.length, 'unit')}`;
    histograms.push({ layer: k + 1, title, weights: histogram(weights, BINS), gradients: histogram(gradients[k].weights, BINS) });
    yield;
  }
  const { element, drawing } = figure({ title: 'Histograms', text: textOf(length, half), table: tableOf(histograms) });
  d3.select(drawing)
    .style('display', 'grid')
    .style('gap', '1rem')
    .style('grid-template-columns', 'repeat(auto-fill, minmax(min(100%, 17rem), 1fr))');
  for (const each of histograms) {
    drawing.append(panel(each));
    yield;
  }
  return element;
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function textOf(layers: number, half: number): string {
  const each = "How many of each layer's weights and of their gradients have which value; every histogram has its own scale.";
  if (layers <= LAYERS) return each;
  return `${each} Shown are the first ${half} layers and the last ${half}; the ${layers - LAYERS} between them are not.`;
}

function tableOf(histograms: readonly LayerHistograms[]) {
  const rows = histograms.flatMap((each) =>
    shown.map(({ name }) => {
      const { values, low, high, mean, deviation, zeros } = each[name];
      return [`${each.layer}`, name, `${values}`, ...[low, mean, high, deviation].map(short), `${zeros}`];
    }),
  );
  return {
    head: ['layer', 'of', 'values', 'least', 'mean', 'largest', 'standard deviation', 'zeros'],
    count: rows.length,
    row: (i: number) => rows[i],
  };
}

/** A layer's two histograms. */
function panel(histograms: LayerHistograms): HTMLElement {
  const element = d3.create('div');
  element.append('p').style('margin', '0').text(histograms.title);
  const pair = element.append('div').style('display', 'grid').style('grid-template-columns', '1fr 1fr').style('gap', '.5rem');
  for (const each of shown) pair.append(() => drawn(histograms[each.name], each, histograms.layer));
  return element.node() as HTMLElement;
}

function drawn(
  { low, high, counts, ...rest }: Histogram,
  { name, colour }: (typeof shown)[number],
  layer: number,
): SVGSVGElement {
  // A few values must show beside very many.
  const least = Math.max(...counts) / 50;
  const bars = counts.map((count, i) => ({
    height: count && Math.max(count, least),
    from: i / counts.length,
    to: (i + 1) / counts.length,
  }));
  const zero = low < 0 && high > 0 ? [-low / (high - low)] : [];
  const ends =
    low === high
      ? [{ at: 0.5, text: short(low), textAnchor: 'middle' as const }]
      : [
          { at: 0, text: short(low), textAnchor: 'start' as const },
          { at: 1, text: short(high), textAnchor: 'end' as const },
        ];
  return plot(`Layer ${layer}, ${name}: ${histogramText({ low, high, counts, ...rest })}`, {
    width: 150,
    height: 90,
    margin: 4,
    marginTop: 18,
    marginBottom: 18,
    x: { domain: counts.length > 1 ? [0, 1] : [-2, 3], axis: null },
    y: { axis: null },
    marks: [
      Plot.rectY(bars, { x1: 'from', x2: 'to', y: 'height', fill: colour, insetLeft: 0.5 }),
      Plot.ruleX(zero, { stroke: 'var(--ink)', strokeDasharray: '2 2' }),
      Plot.ruleY([0], { stroke: 'var(--ink)' }),
      ...ends.map(({ at, text, textAnchor }) =>
        Plot.text([at], { x: at, frameAnchor: 'bottom', dy: 14, text: [text], textAnchor, fill: 'var(--ink)' }),
      ),
      Plot.text([name], { frameAnchor: 'top-left', dy: -14, fill: 'var(--ink)' }),
    ],
  });
}
