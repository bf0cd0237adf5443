// Where the units of a network are drawn: a column for the inputs and for each layer, the middle of what is wide or deep left out.

/** A unit; column 0 has the inputs, column k the units of layer k. */
export interface Place {
  readonly column: number;
  readonly unit: number;
}

/** What is chosen: a unit, or an edge from a unit of the column before. */
export interface Choice extends Place {
  readonly input?: number;
}

/** Whether a network has what is chosen, which may come from a link or from another network. */
export function isPartOf(sizes: readonly number[], { column, unit, input = 0 }: Choice): boolean {
  return unit < sizes[column] && (column === 0 || input < sizes[column - 1]);
}

export interface Spot extends Place {
  readonly x: number;
  readonly y: number;
}

/** A connection from a unit of the column before. */
export interface Edge {
  readonly from: Spot;
  readonly to: Spot;
}

/** Units or layers that are left out. */
export interface Gap {
  readonly x: number;
  readonly y: number;
  readonly count: number;
  readonly of: 'units' | 'layers';
}

export interface Layout {
  readonly columns: readonly { readonly column: number; readonly x: number }[];
  readonly spots: readonly Spot[];
  readonly edges: readonly Edge[];
  readonly gaps: readonly Gap[];
  readonly radius: number;
}

export interface Room {
  readonly width: number;
  readonly height: number;
}

/** The most units of a column, and the most columns, that are drawn. */
const MOST = { units: 8, columns: 16 };

/** Above and below the units: names of the columns. */
const MARGIN = { top: 34, bottom: 30 };

/** What an element of the picture is found by. */
export const keyOf = ({ column, unit, input }: Choice) =>
  input === undefined ? `${column}:${unit}` : `${column}:${unit}:${input}`;

/** An edge as it is chosen: by its unit, and the unit that it comes from. */
export const choiceOf = ({ from, to }: Edge): Choice => ({ column: to.column, unit: to.unit, input: from.unit });

/** Lays out a network whose columns have these many units. */
export function layOut(sizes: readonly number[], { width, height }: Room): Layout {
  const shown = sample(sizes.length, MOST.columns);
  const slots = shown.places.length + (shown.hidden > 0 ? 1 : 0);
  const pitch = width / slots;
  const drawn = Math.max(...shown.places.map((column) => Math.min(sizes[column], MOST.units)));
  const radius = Math.max(4, Math.min(30, pitch / 3.8, (height - MARGIN.top - MARGIN.bottom) / (drawn * 2.5)));
  const spots: Spot[] = [];
  const gaps: Gap[] = [];
  const columns = shown.places.map((column, i) => {
    const x = pitch * (i + 0.5 + (shown.hidden > 0 && i >= shown.before ? 1 : 0));
    const { spots: ofColumn, gap } = spread(column, sizes[column], x, height, radius);
    spots.push(...ofColumn);
    if (gap) gaps.push(gap);
    return { column, x };
  });
  if (shown.hidden > 0) gaps.push({ x: pitch * (shown.before + 0.5), y: height / 2, count: shown.hidden, of: 'layers' });
  return { columns, spots, edges: edgesOf(spots), gaps, radius };
}

/** How high the picture of a network should be, as wide as it is: units that are close to each other are close both ways. */
export function heightFor(sizes: readonly number[], width: number): number {
  const tallest = sizes.reduce((most, size) => Math.max(most, Math.min(size, MOST.units)), 0);
  const pitch = Math.min(46, (0.86 * width) / Math.min(sizes.length, MOST.columns));
  return Math.max(150, MARGIN.top + MARGIN.bottom + tallest * pitch);
}

function spread(column: number, size: number, x: number, height: number, radius: number): { spots: Spot[]; gap?: Gap } {
  const { places, before, hidden } = sample(size, MOST.units);
  const slots = places.length + (hidden > 0 ? 1 : 0);
  const room = height - MARGIN.top - MARGIN.bottom;
  const pitch = Math.min(radius * 2.9, room / slots);
  const top = MARGIN.top + room / 2 - (pitch * (slots - 1)) / 2;
  const spots = places.map((unit, i) => ({ column, unit, x, y: top + pitch * (i + (hidden > 0 && i >= before ? 1 : 0)) }));
  return { spots, ...(hidden > 0 && { gap: { x, y: top + pitch * before, count: hidden, of: 'units' as const } }) };
}

/** The first ones and the last one of many: all, or all but those in the middle. */
function sample(size: number, most: number): { places: number[]; before: number; hidden: number } {
  if (size <= most) return { places: Array.from({ length: size }, (_, i) => i), before: size, hidden: 0 };
  const before = most - 2;
  return { places: [...Array.from({ length: before }, (_, i) => i), size - 1], before, hidden: size - before - 1 };
}

function edgesOf(spots: readonly Spot[]): Edge[] {
  return spots.flatMap((to) => spots.filter(({ column }) => column === to.column - 1).map((from) => ({ from, to })));
}

/** The edge that passes a point most closely, if one is near. */
export function nearest(edges: readonly Edge[], x: number, y: number, within: number): Edge | undefined {
  let best: Edge | undefined;
  let least = within;
  for (const edge of edges) {
    const distance = distanceTo(edge, x, y);
    if (distance < least) [best, least] = [edge, distance];
  }
  return best;
}

function distanceTo({ from, to }: Edge, x: number, y: number): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const along = Math.max(0, Math.min(1, ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - from.x - along * dx, y - from.y - along * dy);
}
