// How the weights of each layer, and their gradients, are spread.
import * as Plot from '@observablehq/plot';
import * as d3 from 'd3';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import type { Chart, Panel } from './figure.tsx';
import { type Histogram, histogram } from './measures.ts';
import { plot, series } from './plot.ts';
import { type ChartsText, histogramText, short } from './words.ts';

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

export function* histogramsChart(
  t: ChartsText,
  { network }: GradientsRequest,
  { gradients }: GradientsAnswer,
): Generator<void, Chart> {
  const { length } = network.layers;
  const half = LAYERS / 2;
  const places = d3.range(length).filter((k) => length <= LAYERS || k < half || k >= length - half);
  const histograms: LayerHistograms[] = [];
  for (const k of places) {
    const { weights } = network.layers[k];
    const title = t.histograms.layer(k + 1, weights[0].length, weights.length);
    histograms.push({ layer: k + 1, title, weights: histogram(weights, BINS), gradients: histogram(gradients[k].weights, BINS) });
    yield;
  }
  const panels: Panel[] = [];
  for (const each of histograms) {
    panels.push({ title: each.title, drawings: shown.map((one) => drawn(t, each[one.name], one, each.layer)) });
    yield;
  }
  return { title: t.histograms.title, text: textOf(t, length, half), table: tableOf(t, histograms), panels };
}

function textOf(t: ChartsText, layers: number, half: number): string {
  if (layers <= LAYERS) return t.histograms.text;
  return `${t.histograms.text} ${t.histograms.some(half, layers - LAYERS)}`;
}

function tableOf(t: ChartsText, histograms: readonly LayerHistograms[]) {
  const rows = histograms.flatMap((each) =>
    shown.map(({ name }) => {
      const { values, low, high, mean, deviation, zeros } = each[name];
      return [`${each.layer}`, t.histograms.kinds[name], `${values}`, ...[low, mean, high, deviation].map(short), `${zeros}`];
    }),
  );
  return {
    head: t.histograms.head,
    count: rows.length,
    row: (i: number) => rows[i],
  };
}

function drawn(
  t: ChartsText,
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
  const kind = t.histograms.kinds[name];
  return plot(t.histograms.label(layer, kind, histogramText(t, { low, high, counts, ...rest })), {
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
      Plot.text([kind], { frameAnchor: 'top-left', dy: -14, fill: 'var(--ink)' }),
    ],
  });
}
