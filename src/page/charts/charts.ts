// Charts of an answer: norms and histograms per layer, and what each sample has of the loss and the gradient.
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { histogramsChart } from './histograms-chart.ts';
import { normsChart } from './norms-chart.ts';
import { samplesChart } from './samples-chart.ts';

/** How long a piece of drawing may keep the page from answering, in milliseconds. */
const SLICE = 10;

/** What ends the drawing into a container, and its watching. */
const drawings = new WeakMap<HTMLElement, () => void>();

/**
 * Draws the charts in place of those that `container` has. They appear some frames later, all at once; until then it is `aria-busy`.
 * When its width changes, they are drawn again.
 */
export function drawCharts(container: HTMLElement, request: GradientsRequest, answer: GradientsAnswer): void {
  drawings.get(container)?.();
  let frame = 0;
  let width = 0;
  const draw = () => {
    cancelAnimationFrame(frame);
    width = container.clientWidth;
    container.setAttribute('aria-busy', 'true');
    const pieces = allCharts(request, answer, width || 640);
    const slice = () => {
      const end = performance.now() + SLICE;
      let piece = pieces.next();
      while (!piece.done && performance.now() < end) piece = pieces.next();
      if (piece.done) show(container, piece.value);
      else frame = requestAnimationFrame(slice);
    };
    slice();
  };
  const observer = new ResizeObserver(() => {
    if (Math.abs(container.clientWidth - width) >= 1) draw();
  });
  drawings.set(container, () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
  });
  draw();
  observer.observe(container);
}

/** All charts that there is something for, a piece at a time. */
function* allCharts(request: GradientsRequest, answer: GradientsAnswer, width: number): Generator<void, HTMLElement[]> {
  const charts = [normsChart(request, answer, width), samplesChart(request, answer, width), histogramsChart(request, answer)];
  const elements: HTMLElement[] = [];
  for (const chart of charts) {
    const element = yield* chart;
    if (element) elements.push(element);
  }
  return elements;
}

/** Puts charts in the place of others, with the same tables open. */
function show(container: HTMLElement, charts: HTMLElement[]): void {
  const open = new Set([...container.querySelectorAll<HTMLElement>('details[open]')].map(({ dataset }) => dataset.name));
  container.replaceChildren(...charts);
  for (const details of container.querySelectorAll('details')) details.open = open.has(details.dataset.name);
  container.removeAttribute('aria-busy');
}
