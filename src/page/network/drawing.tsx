// The network as a picture: units and edges, which show weights or gradients. Each can be chosen, by pointer or keyboard.
import type { JSX, TargetedKeyboardEvent, TargetedMouseEvent } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { Computed } from '../request/computed.ts';
import { goToStep, type Mark, update } from '../state.ts';
import { currentStep, steps } from '../steps/current.ts';
import { stepOfLayer } from '../steps/links.ts';
import { text } from '../text/text.ts';
import { short } from '../ui/matrix.ts';
import { releaseKeys } from '../ui/parts.tsx';
import { shadeOf } from '../ui/scale.ts';
import { neighbour } from './keys.ts';
import {
  type Choice,
  choiceOf,
  type Edge,
  keyOf,
  type Layout,
  layOut,
  nearest,
  type Place,
  type Room,
  type Spot,
} from './layout.ts';
import { flatUnit } from './slopes.ts';

/** What the picture shows of each edge and unit. */
export type Show = 'weights' | 'gradients';

export interface Drawn {
  readonly run: Computed;
  readonly room: Room;
  readonly show: Show;
  readonly sample: number;
  /** The layer that the current step is about. */
  readonly layer: number | undefined;
  readonly choice: Choice | undefined;
  /** The number of the darkest shade and the thickest line. */
  readonly top: number;
  readonly marks: ReadonlyMap<string, Mark>;
  choose(choice: Choice): void;
}

/** The thinnest and the thickest line. */
const LINE = [0.5, 5] as const;

/** How near to an edge a click must be, in pixels. */
const NEAR = 9;

export function Drawing(drawn: Drawn): JSX.Element {
  const { run, room, choose } = drawn;
  const { width, height } = room;
  const svg = useRef<SVGSVGElement>(null);
  const layout = useMemo(() => layOut([run.features, ...run.units], { width, height }), [run, width, height]);
  const at = (target: EventTarget | null): Choice | undefined => {
    const key = (target as Element | null)?.closest('[data-key]')?.getAttribute('data-key');
    const [column, unit, input] = key?.split(':').map(Number) ?? [];
    return column === undefined ? undefined : { column, unit, ...(input !== undefined && { input }) };
  };
  const click = (event: TargetedMouseEvent<SVGSVGElement>) => {
    releaseKeys(event);
    const box = event.currentTarget.getBoundingClientRect();
    const near = nearest(layout.edges, event.clientX - box.left, event.clientY - box.top, NEAR);
    const choice = at(event.target) ?? (near && choiceOf(near));
    if (choice) choose(choice);
  };
  const key = (event: TargetedKeyboardEvent<SVGSVGElement>) => {
    const choice = at(event.target);
    if (!choice) return;
    const chosen = event.key === 'Enter' || event.key === ' ';
    const next = chosen ? undefined : neighbour(event, choice, layout);
    if (!chosen && !next) return;
    event.preventDefault();
    event.stopPropagation();
    if (chosen) choose(choice);
    else if (next) svg.current?.querySelector<SVGElement>(`[data-key="${keyOf(next)}"]`)?.focus();
  };
  return (
    <svg
      ref={svg}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="group"
      aria-label={text.value.network.picture([run.features, ...run.units])}
      onClick={click}
      onKeyDown={key}
    >
      <Edges {...drawn} layout={layout} />
      <Gaps layout={layout} />
      <Units {...drawn} layout={layout} />
      <Names {...drawn} layout={layout} />
    </svg>
  );
}

type Part = Drawn & { readonly layout: Layout };

/** A unit in words. */
export function nameOf({ column, unit }: Place): string {
  return text.value.network.nameOf(column, unit + 1);
}

function markClass(marks: ReadonlyMap<string, Mark>, key: string): string | undefined {
  const mark = marks.get(key);
  return mark && `marked-${mark}`;
}

const classes = (...names: (string | false | undefined)[]) => names.filter(Boolean).join(' ');

function edgeValue({ run, show }: Drawn, { from, to }: Edge): number {
  const layer = to.column - 1;
  return show === 'weights' ? run.weight(layer, to.unit, from.unit) : run.weightGradient(layer, to.unit, from.unit);
}

function Edges(part: Part): JSX.Element {
  const { run, layout, choice, layer, marks, show, top } = part;
  const chosen = choice && keyOf(choice);
  const t = text.value.network;
  return useMemo(() => <g class="edges">{layout.edges.map(line)}</g>, [run, layout, chosen, layer, marks, show, top, t]);

  function line(edge: Edge): JSX.Element {
    const { from, to } = edge;
    const value = edgeValue(part, edge);
    const key = keyOf(choiceOf(edge));
    return (
      <line
        key={key}
        x1={from.x}
        y1={from.y}
        x2={to.x}
        y2={to.y}
        data-key={key}
        data-value={value}
        role="button"
        tabindex={-1}
        aria-label={t.edgeLabel(nameOf(from), nameOf(to), show === 'weights' ? t.what.weight : t.what.gradient, short(value))}
        class={classes(
          'edge',
          value < 0 && 'below',
          key === chosen && 'chosen',
          layer !== undefined && to.column - 1 !== layer && 'aside',
          markClass(marks, key),
        )}
        stroke-width={LINE[0] + (LINE[1] - LINE[0]) * shadeOf(value, top) ** 2}
      />
    );
  }
}

/** A unit's output, or the gradient of it; of an input likewise. */
function unitValue({ run, show, sample }: Drawn, { column, unit }: Place): number {
  if (column === 0) return run.value(show === 'weights' ? 'inputs' : 'input_gradients', 0, sample, unit);
  return run.value(show === 'weights' ? 'outputs' : 'output_gradients', column - 1, sample, unit);
}

function Units(part: Part): JSX.Element {
  const { layout, run, show, sample, choice, marks, top } = part;
  const { columns, spots, radius } = layout;
  const t = text.value.network;
  const chosen = choice && keyOf(choice);
  const roomy = columns[1].x - columns[0].x > 90;
  const reachable = spots.some((spot) => keyOf(spot) === chosen) ? chosen : keyOf(spots[0]);
  const unit = (spot: Spot) => {
    const key = keyOf(spot);
    const value = unitValue(part, spot);
    const flat = spot.column > 0 ? flatUnit(run, spot.column - 1, spot.unit) : undefined;
    const isOutput = show === 'weights' && spot.column === run.layers;
    const target = isOutput && roomy ? targetText(run, sample, spot.unit) : '';
    const what = show === 'gradients' ? t.what.gradient : spot.column === 0 ? t.what.value : t.what.output;
    const rest = [target && (run.classes ? target : t.target(target)), flat && t.legend[flat.kind]]
      .filter(Boolean)
      .join(text.value.ui.comma);
    const label = t.unitLabel(nameOf(spot), what, short(value, 2), rest);
    return (
      <g
        key={key}
        transform={`translate(${spot.x},${spot.y})`}
        class={classes('unit', key === chosen && 'chosen', flat?.kind, markClass(marks, key))}
        role="button"
        data-key={key}
        data-value={value}
        aria-label={label}
        tabindex={key === reachable ? 0 : -1}
      >
        <circle r={radius} class={value < 0 ? 'below' : ''} style={{ '--t': shadeOf(value, top) }} />
        {flat && <path class="flat" d={flatMark(radius, flat.kind)} />}
        {radius >= 12 && (
          <text font-size={Math.min(radius / 2, 13, (radius * 3.1) / short(value, 2).length)}>{short(value, 2)}</text>
        )}
        {target && (
          <text class="target" x={radius + 6}>
            {run.classes ? target : t.target(target)}
          </text>
        )}
        <title>{`${nameOf(spot)}: ${value}`}</title>
      </g>
    );
  };
  return <g class="units">{spots.map(unit)}</g>;
}

/** A dead unit is struck through; a saturated one has a bar below. */
function flatMark(radius: number, kind: 'dead' | 'saturated'): string {
  const r = radius * 0.72;
  return kind === 'dead' ? `M${-r},${-r}L${r},${r}M${-r},${r}L${r},${-r}` : `M${-r},${radius + 4}H${r}`;
}

/** What an output should be; of classes only the right one is said. */
function targetText(run: Computed, sample: number, unit: number): string {
  const target = run.target(sample, unit);
  if (run.classes) return target === 1 ? text.value.network.rightClass : '';
  return short(target, 2);
}

function Gaps({ layout }: { layout: Layout }): JSX.Element {
  const t = text.value.network;
  return (
    <g class="gaps">
      {layout.gaps.map(({ x, y, count, of }) => (
        <text key={`${x} ${y}`} x={x} y={y}>
          {of === 'units' ? t.moreUnits(count) : t.moreLayers(count)}
        </text>
      ))}
    </g>
  );
}

/** The names of the layers, each of which leads to its steps. */
function Names({ layout: { columns }, run, layer, room }: Part): JSX.Element {
  const t = text.value.network;
  const roomy = columns.length < 8;
  const nameOfColumn = (column: number) => {
    if (column === 0) return roomy ? t.inputs : t.inputsShort;
    return roomy ? t.layer(column) : `${column}`;
  };
  const go = (column: number) => {
    if (!steps.value || !currentStep.value) return;
    goToStep(stepOfLayer(steps.value, currentStep.value.step, column));
    update({ selection: undefined, view: 'steps' });
  };
  return (
    <g class="names">
      {columns.map(({ column, x }) => (
        <g key={column} class={layer !== undefined && column - 1 === layer ? 'current' : ''}>
          <text
            x={x}
            y={14}
            role="button"
            tabindex={0}
            class="name"
            aria-label={t.goToLayer(nameOfColumn(column))}
            onClick={(event) => {
              event.stopPropagation();
              releaseKeys(event);
              go(column);
            }}
            onKeyDown={({ key }) => {
              if (key === 'Enter' || key === ' ') go(column);
            }}
          >
            {nameOfColumn(column)}
          </text>
          {column > 0 && columns.length < 10 && (
            <text class="activation" x={x} y={room.height - 6}>
              {run.activation(column - 1).replace('identity', '')}
            </text>
          )}
        </g>
      ))}
    </g>
  );
}
