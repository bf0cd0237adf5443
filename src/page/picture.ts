// The network as a picture: units and edges, which show weights or gradients. Each can be chosen, by pointer or keyboard.

import * as d3 from 'd3';
import { byId } from './dom.ts';
import { paint } from './heat-map.ts';
import { type Choice, choiceOf, type Edge, heightFor, keyOf, type Layout, layOut, type Place } from './network/layout.ts';
import { listen } from './picture-keys.ts';
import type { Computed } from './request/computed.ts';
import { short } from './ui/matrix.ts';

/** What the picture shows of each edge and unit. */
export type Show = 'weights' | 'gradients';

export interface Picture {
  readonly run: Computed;
  readonly show: Show;
  readonly sample: number;
  /** The layer that the current step is about. */
  readonly layer: number | undefined;
  readonly choice: Choice | undefined;
  choose(choice: Choice): void;
}

/** The thinnest and the thickest line. */
const LINE = [0.5, 5] as const;

/** Draws the picture into #network. */
export function drawPicture(picture: Picture): void {
  const host = byId('network');
  const { run } = picture;
  const sizes = [run.features, ...run.units];
  const width = Math.max(280, host.clientWidth);
  const height = heightFor(sizes, width);
  const layout = layOut(sizes, { width, height });
  const focused = host.contains(document.activeElement) ? document.activeElement?.getAttribute('data-key') : undefined;
  const svg = d3
    .create('svg')
    .attr('viewBox', `0 0 ${width} ${height}`)
    .attr('width', width)
    .attr('height', height)
    .attr('role', 'group')
    .attr(
      'aria-label',
      `Network of ${sizes.join(', ')} units. Arrow keys go from unit to unit, with Shift along the edges of a unit.`,
    );
  drawEdges(svg, layout, picture);
  drawGaps(svg, layout);
  drawUnits(svg, layout, picture);
  drawNames(svg, layout, picture, height);
  const node = svg.node() as SVGSVGElement;
  listen(node, layout, picture.choose);
  host.replaceChildren(node);
  if (focused) node.querySelector<SVGElement>(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
}

type Svg = d3.Selection<SVGSVGElement, undefined, null, undefined>;

function edgeValue({ run, show }: Picture, { from, to }: Edge): number {
  const layer = to.column - 1;
  return show === 'weights' ? run.weight(layer, to.unit, from.unit) : run.weightGradient(layer, to.unit, from.unit);
}

/** A unit's output, or the gradient of it; of an input likewise. */
export function unitValue({ run, show, sample }: Picture, { column, unit }: Place): number {
  if (column === 0) return run.value(show === 'weights' ? 'inputs' : 'input_gradients', 0, sample, unit);
  return run.value(show === 'weights' ? 'outputs' : 'output_gradients', column - 1, sample, unit);
}

function drawEdges(svg: Svg, { edges }: Layout, picture: Picture): void {
  const values = edges.map((edge) => edgeValue(picture, edge));
  const largest = Math.max(...values.map(Math.abs), 0);
  const [thin, thick] = LINE;
  const chosen = picture.choice && keyOf(picture.choice);
  const what = picture.show === 'weights' ? 'weight' : 'gradient';
  svg
    .append('g')
    .attr('class', 'edges')
    .selectAll('line')
    .data(edges)
    .join('line')
    .attr('x1', ({ from }) => from.x)
    .attr('y1', ({ from }) => from.y)
    .attr('x2', ({ to }) => to.x)
    .attr('y2', ({ to }) => to.y)
    .attr('data-key', (edge) => keyOf(choiceOf(edge)))
    .attr('data-value', (_, i) => values[i])
    .attr('role', 'button')
    .attr('tabindex', -1)
    .attr('aria-label', ({ from, to }, i) => `${nameOf(to)}, from ${nameOf(from)}: ${what} ${short(values[i])}`)
    .attr('class', (_, i) => (values[i] < 0 ? 'edge below' : 'edge'))
    .classed('chosen', (edge) => keyOf(choiceOf(edge)) === chosen)
    .classed('aside', ({ to }) => picture.layer !== undefined && to.column - 1 !== picture.layer)
    .attr('stroke-width', (_, i) => (largest === 0 ? thin : thin + ((thick - thin) * Math.abs(values[i])) / largest));
}

function drawUnits(svg: Svg, { columns, spots, radius }: Layout, picture: Picture): void {
  const values = spots.map((spot) => unitValue(picture, spot));
  // Each column by itself: what matters is which of its units say much.
  const largest = d3.rollup(
    spots.map(({ column }, i) => ({ column, size: Math.abs(values[i]) })),
    (sizes) => d3.max(sizes, ({ size }) => size) ?? 0,
    ({ column }) => column,
  );
  const chosen = picture.choice && keyOf(picture.choice);
  const what = picture.show === 'weights' ? 'output' : 'gradient';
  const roomy = columns[1].x - columns[0].x > 110;
  const hasTarget = ({ column }: Place) => roomy && picture.show === 'weights' && column === picture.run.layers;
  const units = svg
    .append('g')
    .attr('class', 'units')
    .selectAll('g')
    .data(spots)
    .join('g')
    .attr('transform', ({ x, y }) => `translate(${x},${y})`)
    .attr('class', 'unit')
    .attr('role', 'button')
    .attr('data-key', keyOf)
    .attr('data-value', (_, i) => values[i])
    .attr('aria-label', (spot, i) => {
      const name = spot.column === 0 && what === 'output' ? 'value' : what;
      const target = hasTarget(spot) ? ` ${targetText(picture, spot.unit)}` : '';
      return `${nameOf(spot)}: ${name} ${short(values[i], 2)}${target}`;
    })
    .attr('tabindex', (spot, i) => ((chosen === undefined ? i === 0 : keyOf(spot) === chosen) ? 0 : -1))
    .classed('chosen', (spot) => keyOf(spot) === chosen);
  units
    .append('circle')
    .attr('r', radius)
    .each(function (spot, i) {
      paint(this, values[i], largest.get(spot.column) ?? 0);
    });
  units
    .filter(() => radius >= 14)
    .append('text')
    .text((_, i) => short(values[i], 2))
    .attr('font-size', (_, i) => Math.min(11, (radius * 3.1) / short(values[i], 2).length));
  units
    .filter(hasTarget)
    .append('text')
    .attr('class', 'target')
    .attr('x', radius + 7)
    .text(({ unit }) => targetText(picture, unit));
  units.append('title').text((spot, i) => `${nameOf(spot)}: ${values[i]}`);
}

/** What an output should be; of classes only the right one is said. */
function targetText({ run, sample }: Picture, unit: number): string {
  const target = run.target(sample, unit);
  if (run.classes) return target === 1 ? '✓ right' : '';
  return `→ ${short(target, 2)}`;
}

function drawGaps(svg: Svg, { gaps }: Layout): void {
  svg
    .append('g')
    .attr('class', 'gaps')
    .selectAll('text')
    .data(gaps)
    .join('text')
    .attr('x', ({ x }) => x)
    .attr('y', ({ y }) => y)
    .text(({ count, of }) => (of === 'units' ? `… ${count} more …` : `… ${count} layers …`));
}

function drawNames(svg: Svg, { columns }: Layout, { run, layer }: Picture, height: number): void {
  const roomy = columns.length < 8;
  const names = svg.append('g').attr('class', 'names').selectAll('g').data(columns).join('g');
  names.classed('current', ({ column }) => layer !== undefined && column - 1 === layer);
  names
    .append('text')
    .attr('x', ({ x }) => x)
    .attr('y', 14)
    .text(({ column }) => (column === 0 ? (roomy ? 'inputs' : 'in') : roomy ? `layer ${column}` : `${column}`));
  names
    .filter(({ column }) => column > 0 && columns.length < 10)
    .append('text')
    .attr('class', 'activation')
    .attr('x', ({ x }) => x)
    .attr('y', height - 6)
    .text(({ column }) => run.activation(column - 1).replace('identity', ''));
}

/** A unit in words. */
export function nameOf({ column, unit }: Place): string {
  return column === 0 ? `input ${unit + 1}` : `layer ${column}, unit ${unit + 1}`;
}
