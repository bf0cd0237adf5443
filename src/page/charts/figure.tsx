// What every chart is: a figure with a caption in words, drawings, and a table for those who want or need the numbers.
import { symbol, symbolCircle, symbolSquare, symbolTriangle } from 'd3';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { text } from '../text/text.ts';
import { Headings } from '../ui/parts.tsx';
import type { Series } from './plot.ts';

export interface Chart {
  readonly title: string;
  readonly text: string;
  readonly table: Table;
  /** What the symbols of its drawings mean. */
  readonly legend?: readonly Series[];
  readonly panels: readonly Panel[];
}

/** Drawings that belong together: with a title, beside each other, and panels in a grid. */
export interface Panel {
  readonly title?: string;
  readonly drawings: readonly SVGSVGElement[];
}

export interface Table {
  readonly head: readonly string[];
  readonly count: number;
  readonly row: (i: number) => readonly string[];
}

/** How many rows a table has, so that the largest networks too have one. */
const ROWS = 200;

const symbols = { square: symbolSquare, circle: symbolCircle, triangle: symbolTriangle };

export function Figure({ of: { title, text: said, table, legend, panels } }: { of: Chart }): JSX.Element {
  const t = text.value.charts;
  // A table is built when it is first opened: few are, and large ones take time.
  const [opened, setOpened] = useState(false);
  return (
    <figure class="chart">
      <figcaption>
        <strong>{t.caption(title)}</strong>
        <span>{said}</span>
      </figcaption>
      {legend && <Legend of={legend} />}
      <div class="panels">
        {panels.map((panel, i) => (
          <div key={i} class={panel.title && 'panel'}>
            {panel.title && <p>{panel.title}</p>}
            {panel.drawings.map((drawing, k) => (
              <div key={k} ref={(host) => host?.replaceChildren(drawing)} />
            ))}
          </div>
        ))}
      </div>
      <details onToggle={() => setOpened(true)}>
        <summary>{t.asTable(title)}</summary>
        {opened && <Rows of={table} label={title} />}
      </details>
    </figure>
  );
}

function Legend({ of }: { of: readonly Series[] }): JSX.Element {
  const names = text.value.charts.series;
  return (
    <p class="legend">
      {of.map((series) => (
        <span key={series.name}>
          <svg width={28} height={12} viewBox="-14 -6 28 12" aria-hidden="true">
            <path d="M-14,0H14" stroke={series.colour} stroke-width={1.5} stroke-dasharray={series.dash} />
            <path d={symbol(symbols[series.symbol], 40)() ?? ''} fill={series.colour} />
          </svg>{' '}
          {names[series.name]}
        </span>
      ))}
    </p>
  );
}

function Rows({ of: { head, count, row }, label }: { of: Table; label: string }): JSX.Element {
  const t = text.value.charts;
  return (
    <>
      {/* One that is wider than the page scrolls by itself, by keys too. */}
      <section class="scroll" tabIndex={0} aria-label={label}>
        <table>
          <thead>
            <Headings names={head} />
          </thead>
          <tbody>
            {Array.from({ length: Math.min(count, ROWS) }, (_, i) => (
              <tr key={i}>
                {row(i).map((cell, k) => (
                  <td key={k}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {count > ROWS && <p>{t.moreRows(count - ROWS, count)}</p>}
    </>
  );
}
