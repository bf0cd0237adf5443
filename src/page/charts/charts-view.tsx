// The view of the charts.
import type { JSX } from 'preact';
import { answered } from '../state.ts';
import { text } from '../text/text.ts';
import { Charts } from './charts.tsx';

export default function ChartsView(): JSX.Element {
  const of = answered.value;
  const t = text.value.charts;
  return (
    <section aria-labelledby="charts-title">
      <h2 id="charts-title">{t.title}</h2>
      <p class="hint">{t.intro}</p>
      {of && <Charts request={of.request} answer={of.answer} />}
    </section>
  );
}
