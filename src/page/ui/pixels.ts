// Matrices on a canvas: a point for each number, in the colours of the page.
import type { Matrix } from './matrix.ts';
import { shadeOf } from './scale.ts';

/** How many colours there are on each side of 0. */
const SHADES = 64;

/** Draws a point for each number; where there are more numbers than points, the one furthest from 0 of those that share a point. */
export function drawMatrix(canvas: HTMLCanvasElement, matrix: Matrix, top: number): void {
  const [height, width] = [Math.min(matrix.rows, canvas.height), Math.min(matrix.columns, canvas.width)];
  const points = new OffscreenCanvas(width, height);
  const context = points.getContext('2d');
  const target = canvas.getContext('2d');
  if (!context || !target) return;
  const image = context.createImageData(width, height);
  const shades = shadesOf(canvas);
  furthest(matrix, height, width).forEach((value, i) => {
    const shade = SHADES + Math.sign(value) * Math.round(shadeOf(value, top) * SHADES);
    image.data.set(shades.subarray(4 * shade, 4 * shade + 4), 4 * i);
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

/** The colours from the lowest to the highest number, four bytes each: those of the style sheet, mixed by the browser. */
function shadesOf(canvas: HTMLCanvasElement): Uint8ClampedArray {
  const style = getComputedStyle(canvas);
  const strip = new OffscreenCanvas(2 * SHADES + 1, 1);
  const context = strip.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const gradient = context.createLinearGradient(0.5, 0, 2 * SHADES + 0.5, 0);
  ['--negative', '--panel', '--positive'].forEach((name, i) => {
    gradient.addColorStop(i / 2, colour(name));
  });
  context.fillStyle = colour('--panel');
  context.fillRect(0, 0, 2 * SHADES + 1, 1);
  // As strong as the cells of tables.
  context.globalAlpha = Number.parseFloat(colour('--heat')) / 100;
  context.fillStyle = gradient;
  context.fillRect(0, 0, 2 * SHADES + 1, 1);
  return context.getImageData(0, 0, 2 * SHADES + 1, 1).data;
}
