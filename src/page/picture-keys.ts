// How units and edges of the picture are chosen: by pointer and by keys.
import * as d3 from 'd3';
import { releaseKeys } from './dom.ts';
import { type Choice, choiceOf, keyOf, type Layout, nearest, type Spot } from './network/layout.ts';

/** How near to an edge a click must be, in pixels. */
const NEAR = 9;

/** Has units and edges chosen by clicks and keys; arrow keys go from one to another. */
export function listen(svg: SVGSVGElement, layout: Layout, choose: (choice: Choice) => void): void {
  const keys = new Map<string, Choice>([
    ...layout.spots.map(({ column, unit }) => [keyOf({ column, unit }), { column, unit }] as const),
    ...layout.edges.map((edge) => [keyOf(choiceOf(edge)), choiceOf(edge)] as const),
  ]);
  const at = (target: EventTarget | null) =>
    keys.get((target as Element | null)?.closest('[data-key]')?.getAttribute('data-key') ?? '');
  svg.addEventListener('click', (event) => {
    releaseKeys(event);
    const [x, y] = d3.pointer(event, svg);
    const near = nearest(layout.edges, x, y, NEAR);
    const choice = at(event.target) ?? (near && choiceOf(near));
    if (choice) choose(choice);
  });
  svg.addEventListener('keydown', (event) => {
    const choice = at(event.target);
    if (!choice) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      choose(choice);
      return;
    }
    const next = neighbour(event, choice, layout);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    svg.querySelector<SVGElement>(`[data-key="${keyOf(next)}"]`)?.focus();
  });
}

/** Where an arrow key goes from a unit or an edge. */
function neighbour(event: KeyboardEvent, choice: Choice, { spots, edges }: Layout): Choice | undefined {
  const down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const right = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (event.shiftKey && down) {
    const incoming = edges.filter(({ to }) => to.column === choice.column && to.unit === choice.unit);
    const i = incoming.findIndex(({ from }) => from.unit === choice.input);
    const edge = incoming[i < 0 && down < 0 ? incoming.length - 1 : i + down];
    return edge ? choiceOf(edge) : { column: choice.column, unit: choice.unit };
  }
  const spot = spots.findIndex(({ column, unit }) => column === choice.column && unit === choice.unit);
  if (down) {
    const next = spots[spot + down];
    return next?.column === choice.column ? plain(next) : undefined;
  }
  if (!right) return undefined;
  const column = spots.filter((other) => other.column === choice.column + right);
  const closest = d3.least(column, ({ y }) => Math.abs(y - spots[spot].y));
  return closest && plain(closest);
}

const plain = ({ column, unit }: Spot): Choice => ({ column, unit });
