// The picture as a file. The page's security policy allows no image from a text, so the PNG is drawn shape by shape.
import { save } from '../request/files.ts';

/** What style sheets say of a shape, as attributes. */
const PROPERTIES = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'font-style',
  'text-anchor',
  'dominant-baseline',
] as const;

/** Pixels of the PNG per CSS pixel. */
const SCALE = 2;

const shapes = (svg: SVGSVGElement) => [...svg.querySelectorAll<SVGGraphicsElement>('line, circle, path, text')];

const background = (svg: SVGSVGElement) => hexOf(getComputedStyle(svg.parentElement as HTMLElement).backgroundColor);

/** Saves the picture as SVG, which needs no style sheet. */
export function saveSvg(svg: SVGSVGElement, file: string): void {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = shapes(svg);
  for (const element of copy.querySelectorAll('*')) {
    for (const { name } of [...element.attributes])
      if (/^(aria-|data-|class|style|role|tabindex)/.test(name)) element.removeAttribute(name);
  }
  for (const [i, shape] of shapes(copy).entries()) {
    const style = getComputedStyle(originals[i]);
    for (const name of PROPERTIES) {
      const value = style.getPropertyValue(name);
      shape.setAttribute(name, (name === 'fill' || name === 'stroke') && value !== 'none' ? hexOf(value) : value);
    }
  }
  const rect = document.createElementNS(svg.namespaceURI as string, 'rect');
  for (const [name, value] of Object.entries({ width: '100%', height: '100%', fill: background(svg) }))
    rect.setAttribute(name, value);
  copy.prepend(rect);
  for (const name of ['role', 'aria-label']) copy.removeAttribute(name);
  save(file, new XMLSerializer().serializeToString(copy));
}

/** Saves the picture as PNG. */
export function savePng(svg: SVGSVGElement, file: string): void {
  const { width, height } = svg.viewBox.baseVal;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width * SCALE, height * SCALE];
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = background(svg);
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const shape of shapes(svg)) draw(context, shape);
  canvas.toBlob((blob) => save(file, blob as Blob));
}

function draw(context: CanvasRenderingContext2D, shape: SVGGraphicsElement): void {
  const style = getComputedStyle(shape);
  const to = (svgOf(shape).getScreenCTM() as DOMMatrix).inverse().multiply(shape.getScreenCTM() as DOMMatrix);
  context.setTransform(new DOMMatrix().scale(SCALE).multiply(to));
  context.globalAlpha = Number(style.opacity);
  const [fill, stroke] = [style.fill, style.stroke].map((colour) => (colour === 'none' ? 'transparent' : colour));
  context.fillStyle = fill;
  context.strokeStyle = stroke;
  context.lineWidth = Number.parseFloat(style.strokeWidth);
  context.setLineDash(style.strokeDasharray === 'none' ? [] : style.strokeDasharray.split(',').map(Number.parseFloat));
  if (shape.tagName === 'text') {
    context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.textAlign = style.textAnchor === 'middle' ? 'center' : 'start';
    context.textBaseline = style.dominantBaseline === 'central' ? 'middle' : 'alphabetic';
    context.fillText(shape.textContent ?? '', numberOf(shape, 'x'), numberOf(shape, 'y'));
    return;
  }
  const outline = outlineOf(shape);
  context.fill(outline);
  context.stroke(outline);
}

function outlineOf(shape: SVGGraphicsElement): Path2D {
  if (shape.tagName === 'path') return new Path2D(shape.getAttribute('d') as string);
  const outline = new Path2D();
  if (shape.tagName === 'circle') outline.arc(0, 0, numberOf(shape, 'r'), 0, 2 * Math.PI);
  else {
    outline.moveTo(numberOf(shape, 'x1'), numberOf(shape, 'y1'));
    outline.lineTo(numberOf(shape, 'x2'), numberOf(shape, 'y2'));
  }
  return outline;
}

const svgOf = (shape: SVGGraphicsElement) => shape.ownerSVGElement as SVGSVGElement;

const numberOf = (shape: SVGGraphicsElement, name: string) => Number(shape.getAttribute(name) ?? 0);

/** One pixel, to read a colour from. */
const pixel = document.createElement('canvas').getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;

/** An opaque colour as #rrggbb, which every program for SVG knows. */
function hexOf(colour: string): string {
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pixel.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
