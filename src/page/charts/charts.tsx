// Charts of an answer: norms and histograms per layer, and what each sample has of the loss and the gradient.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { GradientsAnswer, GradientsRequest } from '../../../schemas/gradients.ts';
import { text } from '../text/text.ts';
import { useSize } from '../ui/parts.tsx';
import { type Chart, Figure } from './figure.tsx';
import { histogramsChart } from './histograms-chart.ts';
import { normsChart } from './norms-chart.ts';
import { samplesChart } from './samples-chart.ts';
import type { ChartsText } from './words.ts';

/** How long a piece of drawing may keep the page from answering, in milliseconds. */
const SLICE = 10;

interface Props {
  readonly request: GradientsRequest;
  readonly answer: GradientsAnswer;
}

/** They appear some frames later, all at once; until then, those of before stay, and it is `aria-busy`. */
export function Charts({ request, answer }: Props): JSX.Element {
  const t = text.value.charts;
  const host = useRef<HTMLDivElement>(null);
  const { width } = useSize(host);
  const [drawn, setDrawn] = useState<{ readonly charts: readonly Chart[]; readonly of: readonly unknown[] }>();
  const of = [t, request, answer, width];
  useEffect(() => {
    if (width === 0) return;
    let frame = 0;
    const pieces = allCharts(t, { request, answer }, width);
    const slice = () => {
      const end = performance.now() + SLICE;
      let piece = pieces.next();
      while (!piece.done && performance.now() < end) piece = pieces.next();
      if (piece.done) setDrawn({ charts: piece.value, of });
      else frame = requestAnimationFrame(slice);
    };
    slice();
    return () => cancelAnimationFrame(frame);
  }, of);
  return (
    <div id="charts" ref={host} aria-busy={of.some((each, i) => each !== drawn?.of[i]) || undefined}>
      {drawn?.charts.map((chart) => (
        <Figure key={chart.title} of={chart} />
      ))}
    </div>
  );
}

/** All charts that there is something for, a piece at a time. */
function* allCharts(t: ChartsText, { request, answer }: Props, width: number): Generator<void, Chart[]> {
  const norms = yield* normsChart(t, request, answer, width);
  const samples = yield* samplesChart(t, request, answer, width);
  const histograms = yield* histogramsChart(t, request, answer);
  return samples ? [norms, samples, histograms] : [norms, histograms];
}
