// The view of the charts.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { answered } from '../state.ts';
import { text } from '../text/text.ts';
import { drawCharts } from './charts.ts';

export default function ChartsView(): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const of = answered.value;
  const t = text.value.charts;
  useEffect(() => {
    return host.current && of ? drawCharts(t, host.current, of.request, of.answer) : undefined;
  }, [of, t]);
  return (
    <section aria-labelledby="charts-title">
      <h2 id="charts-title">{t.title}</h2>
      <p class="hint">{t.intro}</p>
      <div id="charts" ref={host} />
    </section>
  );
}
