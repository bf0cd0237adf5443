// The norms of weights and gradients, layer by layer.
import * as Plot from '@observablehq/plot';
import * as d3 from 'd3';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import type { Chart } from './figure.tsx';
import { type LayerNorms, layerNorms, verdict } from './measures.ts';
import { countTicks, plot, type Series, series, tickFormat } from './plot.ts';
import { type ChartsText, short, verdictText } from './words.ts';

/** Above as many layers, a line is clearer without a symbol at each. */
const SYMBOLS = 60;

export function* normsChart(
  t: ChartsText,
  request: GradientsRequest,
  answer: GradientsAnswer,
  width: number,
): Generator<void, Chart> {
  const norms = layerNorms(request, answer);
  yield;
  const sums = norms.map(({ sums }) => sums).filter((norm) => norm !== undefined);
  const said = verdictText(t, verdict(norms.map(({ gradients }) => gradients)), sums.length > 0 ? verdict(sums) : undefined);
  const text = `${said} ${t.norms.shown}`;
  const shown = Object.values(series).filter(({ name }) => name !== 'sums' || sums.length > 0);
  const row = (k: number) => [
    `${k + 1}`,
    ...shown.map(({ name }) => short(norms[k][name] as number)),
    norms[k].weights > 0 ? short(norms[k].gradients / norms[k].weights) : '-',
  ];
  const head = [t.layer, ...shown.map(({ name }) => t.series[name]), t.norms.ratio];
  const table = { head, count: norms.length, row };
  return { title: t.norms.title, text, table, legend: shown, panels: [{ drawings: [drawn(t, norms, shown, text, width)] }] };
}

function drawn(
  t: ChartsText,
  norms: readonly LayerNorms[],
  shown: readonly Series[],
  label: string,
  width: number,
): SVGSVGElement {
  const points = shown.map((each) => ({
    ...each,
    values: norms.map((layer, k) => ({ layer: k + 1, norm: layer[each.name] as number })).filter(({ norm }) => norm > 0),
  }));
  const marks = points.flatMap(({ values, colour, symbol, dash }) => [
    Plot.line(values, { x: 'layer', y: 'norm', stroke: colour, strokeDasharray: dash, strokeWidth: 1.5 }),
    ...(norms.length > SYMBOLS
      ? []
      : [Plot.dot(values, { x: 'layer', y: 'norm', fill: colour, stroke: 'var(--paper)', symbol, r: 4 })]),
  ]);
  const ticks = decades(points.flatMap(({ values }) => values.map(({ norm }) => norm)));
  return plot(label, {
    width,
    height: 240,
    marginLeft: 52,
    marginRight: 16,
    x: {
      label: t.layer,
      domain: [0.5, norms.length + 0.5],
      ticks: countTicks(norms.length, width / 50),
      tickFormat: (k: number) => `${k}`,
    },
    y: { label: t.norms.norm, type: 'log', domain: [ticks[0], ticks[ticks.length - 1]], ticks, tickFormat, grid: true },
    marks,
  });
}

/** Powers of ten from below some numbers to above them, as far as float64 has them; some six at most, as far apart as each other. */
function decades(values: readonly number[]): number[] {
  const [low = 1, high = 1] = d3.extent(values);
  const from = Math.floor(Math.log10(low));
  const span = Math.max(1, Math.ceil(Math.log10(high)) - from);
  const step = Math.ceil(span / 6);
  const powers = d3.range(from, from + Math.ceil(span / step) * step + 1, step);
  return powers.map((power) => Math.min(Math.max(10 ** power, Number.MIN_VALUE), Number.MAX_VALUE));
}
