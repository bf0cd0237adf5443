// Charts of an answer: norms and histograms per layer, and what each sample has of the loss and the gradient.
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { histogramsChart } from './histograms-chart.ts';
import { normsChart } from './norms-chart.ts';
import { samplesChart } from './samples-chart.ts';
import type { ChartsText } from './words.ts';

/** How long a piece of drawing may keep the page from answering, in milliseconds. */
const SLICE = 10;

/**
 * Draws the charts in place of those that `container` has. They appear some frames later, all at once; until then it is `aria-busy`.
 * When its width changes, they are drawn again. Returns what ends
 * the drawing and the watching.
 */
export function drawCharts(
  t: ChartsText,
  container: HTMLElement,
  request: GradientsRequest,
  answer: GradientsAnswer,
): () => void {
  let frame = 0;
  let width = 0;
  const draw = () => {
    cancelAnimationFrame(frame);
    width = container.clientWidth;
    container.setAttribute('aria-busy', 'true');
    const pieces = allCharts(t, request, answer, width || 640);
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
  draw();
  observer.observe(container);
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
  };
}

/** All charts that there is something for, a piece at a time. */
function* allCharts(
  t: ChartsText,
  request: GradientsRequest,
  answer: GradientsAnswer,
  width: number,
): Generator<void, HTMLElement[]> {
  const charts = [
    normsChart(t, request, answer, width),
    samplesChart(t, request, answer, width),
    histogramsChart(t, request, answer),
  ];
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
