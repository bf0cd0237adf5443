// What each sample has of the loss and of the gradient, so that an outlier shows.
import * as Plot from '@observablehq/plot';
import * as d3 from 'd3';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import type { Chart } from './figure.tsx';
import { outliers, sampleShares } from './measures.ts';
import { countTicks, plot, tickFormat } from './plot.ts';
import { type ChartsText, outlierRule, outlierText, short } from './words.ts';

/** More samples than this are drawn in groups, from the least to the largest value of each. */
const GROUPS = 300;

/** Of fewer samples than this, none can stand out. */
const FEW = 5;

/** How many outliers have their number beside them. */
const NAMED = 8;

export function* samplesChart(
  t: ChartsText,
  request: GradientsRequest,
  answer: GradientsAnswer,
  width: number,
): Generator<void, Chart | undefined> {
  const { losses, norms } = sampleShares(request, answer);
  yield;
  const measures = [
    { title: t.samples.measures.losses, what: t.samples.by.losses, values: losses },
    { title: t.samples.measures.norms, what: t.samples.by.norms, values: norms },
  ].filter((measure) => measure.values !== undefined) as Measure[];
  if (measures.length === 0) return undefined;
  const count = measures[0].values.length;
  const groups = count > GROUPS ? `${t.samples.groups(Math.ceil(count / GROUPS))} ` : '';
  const found = measures.map(({ values, what }) => outlierText(t, values, what)).filter((text) => text !== '');
  const standing = count < FEW ? '' : `${found.join(' ') || t.samples.none} (${outlierRule(t)})`;
  const text = `${t.samples.text} ${groups}${standing}`;
  const table = {
    head: [t.sample, ...measures.map(({ title }) => title)],
    count,
    row: (i: number) => [`${i + 1}`, ...measures.map(({ values }) => short(values[i]))],
  };
  const drawings: SVGSVGElement[] = [];
  for (const measure of measures) {
    yield;
    drawings.push(drawn(t, measure, width));
  }
  return { title: t.samples.title, text, table, panels: [{ drawings }] };
}

interface Measure {
  readonly title: string;
  readonly what: string;
  readonly values: readonly number[];
}

function drawn(t: ChartsText, { title, values }: Measure, width: number): SVGSVGElement {
  const far = outliers(values).slice(0, GROUPS);
  const named = far.slice(0, NAMED);
  const at = (i: number) => ({ sample: i + 1, value: values[i], name: `${i + 1}` });
  const size = Math.ceil(values.length / GROUPS);
  const ends = {
    x: 'sample',
    stroke: 'var(--accent)',
    strokeWidth: Math.max(1, Math.min(3, (0.6 * width * size) / values.length)),
  };
  const rules =
    size > 1
      ? Plot.ruleX(groupsOf(values, size), { ...ends, y1: 'low', y2: 'high' })
      : Plot.ruleX([...values.keys()].map(at), { ...ends, y: 'value' });
  const label = t.samples.label(title, short(d3.min(values) as number), short(d3.max(values) as number));
  return plot(label, {
    width,
    height: 150,
    marginLeft: 52,
    marginRight: 16,
    marginTop: 30,
    x: {
      label: t.sample,
      domain: [0.5, values.length + 0.5],
      ticks: countTicks(values.length, width / 60),
      tickFormat: (i: number) => `${i}`,
    },
    y: {
      label: title,
      ticks: 4,
      tickFormat,
      grid: true,
      nice: true,
      ...(values.some((value) => value !== 0) ? { zero: true } : { domain: [0, 1] }),
    },
    marks: [
      rules,
      ...(size > 1
        ? []
        : [
            Plot.dot([...values.keys()].map(at), {
              x: 'sample',
              y: 'value',
              r: values.length > 80 ? 2 : 3.5,
              fill: 'var(--accent)',
            }),
          ]),
      Plot.ruleY([0], { stroke: 'var(--ink)' }),
      Plot.dot(far.map(at), { x: 'sample', y: 'value', r: 5, symbol: 'diamond', fill: 'var(--ink)' }),
      Plot.text(named.map(at), { x: 'sample', y: 'value', text: 'name', dy: -13, fontWeight: 'bold', fill: 'var(--ink)' }),
    ],
  });
}

/** The least and the largest value of each group of neighbours. */
function groupsOf(values: readonly number[], size: number) {
  return d3.range(0, values.length, size).map((from) => {
    const [low, high] = d3.extent(values.slice(from, from + size));
    return { sample: from + (1 + size) / 2, low, high };
  });
}
