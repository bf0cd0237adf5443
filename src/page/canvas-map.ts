// A matrix with more numbers than fit, as a picture of coloured points; each number is beside the pointer.
import * as d3 from 'd3';
import { arrow, type Cells, type HeatMap, placeOf } from './cells.ts';
import { el } from './dom.ts';
import { spoken } from './formula.ts';
import type { Quantity } from './steps/step.ts';
import { hideTooltip, showTooltip } from './tooltip.ts';
import { extentOf, type Matrix, short } from './ui/matrix.ts';

/** How wide and high a cell may be, and all of them, in CSS pixels. */
const CELL = 18;
const MOST = { width: 250, height: 220 };

/** How many colours there are on each side of 0. */
const SHADES = 127;

export function canvasMap(quantity: Quantity, { choose }: Cells): HeatMap {
  const { rows, columns, at } = quantity.matrix;
  const { least, greatest, largest } = extentOf(quantity.matrix);
  const width = Math.max(12, Math.min(MOST.width, columns * CELL));
  const height = Math.max(12, Math.min(MOST.height, rows * CELL));
  const label = `${spoken(quantity.symbol)}, ${rows} by ${columns}, from ${short(least)} to ${short(greatest)}. Arrow keys read single numbers.`;
  const canvas = el('canvas', { role: 'img', 'aria-label': label, tabindex: 0 });
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  drawMatrix(canvas, quantity.matrix, quantity.names ? 0 : largest);
  const marker = el('div', { class: 'marker', hidden: true });
  const live = el('span', { class: 'unseen', 'aria-live': 'polite' });
  const frame = el('div', { class: 'canvas-frame' }, canvas, marker, live);
  const mark = (row: number | undefined, column: number | undefined) => {
    marker.hidden = row === undefined && column === undefined;
    const [cellWidth, cellHeight] = [width / columns, height / rows];
    marker.style.left = `${(column ?? 0) * cellWidth}px`;
    marker.style.top = `${(row ?? 0) * cellHeight}px`;
    marker.style.width = `${column === undefined ? width : Math.max(2, cellWidth)}px`;
    marker.style.height = `${row === undefined ? height : Math.max(2, cellHeight)}px`;
  };
  const text = (i: number, j: number) => `${placeOf(quantity, i, j)}: ${at(i, j)}`;
  canvas.addEventListener('pointermove', (event) => {
    const [i, j] = [cellAt(event.offsetY, height, rows), cellAt(event.offsetX, width, columns)];
    showTooltip(text(i, j), event.clientX, event.clientY);
    choose?.(i, j);
  });
  canvas.addEventListener('pointerleave', hideTooltip);
  canvas.addEventListener('blur', hideTooltip);
  let [row, column] = [0, 0];
  canvas.addEventListener('keydown', (event) => {
    const move = arrow(event);
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    row = Math.max(0, Math.min(rows - 1, row + move[0]));
    column = Math.max(0, Math.min(columns - 1, column + move[1]));
    const box = canvas.getBoundingClientRect();
    showTooltip(text(row, column), box.left + ((column + 0.5) * width) / columns, box.top + ((row + 0.5) * height) / rows);
    live.textContent = text(row, column);
    if (choose) choose(row, column);
    else mark(row, column);
  });
  return { element: el('div', { class: 'scroller' }, frame), mark };
}

function cellAt(offset: number, size: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor((offset / size) * count)));
}

/** Draws a point for each number; where there are more numbers than points, the one furthest from 0 of those that share a point. */
export function drawMatrix(canvas: HTMLCanvasElement, matrix: Matrix, largest: number): void {
  const [height, width] = [Math.min(matrix.rows, canvas.height), Math.min(matrix.columns, canvas.width)];
  const points = new OffscreenCanvas(width, height);
  const context = points.getContext('2d');
  const target = canvas.getContext('2d');
  if (!context || !target) return;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const shades = shadesOf(document.documentElement);
  furthest(matrix, height, width).forEach((value, i) => {
    pixels[i] = shades[SHADES + Math.round((largest > 0 ? value / largest : 0) * SHADES)];
  });
  context.putImageData(image, 0, 0);
  target.imageSmoothingEnabled = false;
  target.drawImage(points, 0, 0, canvas.width, canvas.height);
}

/** Of the numbers that share a point, the one furthest from 0. */
function furthest({ rows, columns, at }: Matrix, height: number, width: number): Float64Array {
  const points = new Float64Array(height * width);
  for (let i = 0; i < rows; i++) {
    const start = Math.floor((i * height) / rows) * width;
    for (let j = 0; j < columns; j++) {
      const point = start + Math.floor((j * width) / columns);
      const value = at(i, j);
      if (Math.abs(value) > Math.abs(points[point])) points[point] = value;
    }
  }
  return points;
}

/** The colours from the lowest to the highest number, as the bytes of pixels. */
function shadesOf(root: HTMLElement): Uint32Array {
  const style = getComputedStyle(root);
  const colour = (name: string) => d3.color(style.getPropertyValue(name).trim())?.formatRgb() ?? 'grey';
  const sides = [colour('--negative'), colour('--panel'), colour('--positive')];
  const between = d3.piecewise(d3.interpolateRgb, sides);
  return Uint32Array.from({ length: 2 * SHADES + 1 }, (_, i) => {
    const { r, g, b } = d3.rgb(between(i / (2 * SHADES)));
    return (255 << 24) | (b << 16) | (g << 8) | r;
  });
}
