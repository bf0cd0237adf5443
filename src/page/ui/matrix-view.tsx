// A matrix to look at: a table with its numbers where they fit, pictures where its samples are pictures, otherwise a canvas.
import type { JSX, TargetedKeyboardEvent } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { matrixTexts, type Numbers } from '../steps/matrix-text.ts';
import { text } from '../text/text.ts';
import { CanvasMap } from './canvas-map.tsx';
import { copy } from './copy.ts';
import { Formula, say } from './math.tsx';
import { type Marked, type MatrixProps, placeOf } from './matrix-props.ts';
import { arrow, hint, LinkButton, releaseKeys, show, useOverflow } from './parts.tsx';
import { Pictures, pictureSide } from './pictures.tsx';
import { shadeOf } from './scale.ts';

/** The largest matrix that is shown with its numbers. */
const TABLE = { rows: 16, columns: 10 };

/** A quantity with its symbol, its size and its name. */
export function MatrixView(props: MatrixProps): JSX.Element {
  const { quantity, children } = props;
  const { rows, columns } = quantity.matrix;
  const Body = rows <= TABLE.rows && columns <= TABLE.columns ? Table : pictureSide(quantity) ? Pictures : CanvasMap;
  const scroller = useRef<HTMLDivElement>(null);
  // A table whose numbers do not take the keyboard takes it itself, if it has to be scrolled.
  const scrolls = useOverflow(scroller) && Body === Table && !props.choose;
  return (
    <figure class="heat-map" data-symbol={quantity.symbol}>
      <figcaption>
        <span class="symbol">
          <Formula of={quantity.symbol} />
        </span>
        <span class="size">
          {rows} × {columns}
        </span>
        <CopyMenu {...props} />
      </figcaption>
      <div class="scroller" ref={scroller} {...(scrolls && { tabIndex: 0, role: 'group', 'aria-label': say(quantity.symbol) })}>
        <Body {...props} />
      </div>
      <p class="origin">
        {quantity.name} {children}
      </p>
    </figure>
  );
}

/** The matrix as source code, under the name of its symbol. */
function CopyMenu({ quantity: { symbol, matrix } }: MatrixProps): JSX.Element {
  const t = text.value.steps;
  const name = symbol.replaceAll(/\W+/g, '_').replaceAll(/^_|_$/g, '');
  const numbers = (): Numbers =>
    Array.from({ length: matrix.rows }, (_, i) => Array.from({ length: matrix.columns }, (_, j) => matrix.at(i, j)));
  return (
    <details class="copy-menu">
      <summary aria-label={t.copyMatrix(say(symbol))} title={t.copyMatrix(name)}>
        {t.copy}
      </summary>
      <div>
        {Object.entries(matrixTexts).map(([language, write]) => (
          <LinkButton
            key={language}
            onClick={({ currentTarget }) => {
              copy(write(name, numbers()), t.copyAs(name, language));
              currentTarget.closest('details')?.removeAttribute('open');
            }}
          >
            {language}
          </LinkButton>
        ))}
      </div>
    </details>
  );
}

function isMarked(marked: Marked | undefined, i: number, j: number): boolean {
  if (!marked || (marked[0] === undefined && marked[1] === undefined)) return false;
  return (marked[0] ?? i) === i && (marked[1] ?? j) === j;
}

function Table({ quantity, top, marked, choose }: MatrixProps): JSX.Element {
  const { rows, columns, at } = quantity.matrix;
  const table = useRef<HTMLTableElement>(null);
  const t = text.value.steps;
  const current = useRef(false);
  const [row, column] = [marked?.[0] ?? 0, marked?.[1] ?? 0];
  // After an arrow key the number that it went to has the keyboard.
  useLayoutEffect(() => {
    if (!current.current) return;
    current.current = false;
    table.current?.querySelector<HTMLElement>('button[tabindex="0"]')?.focus();
  }, [row, column]);
  const walk = (event: TargetedKeyboardEvent<HTMLTableElement>) => {
    const move = arrow(event.key);
    if (!move || !choose) return;
    event.preventDefault();
    event.stopPropagation();
    const [i, j] = [row + move[0], column + move[1]];
    if (i < 0 || j < 0 || i >= rows || j >= columns) return;
    current.current = true;
    choose(i, j);
  };
  const cell = (i: number, j: number) => {
    const value = at(i, j);
    const place = placeOf(quantity, i, j);
    const shown = Number.isFinite(value) ? show(value, 6) : '–';
    const classes = [value < 0 && 'below', isMarked(marked, i, j) && 'marked'].filter(Boolean).join(' ');
    return (
      <td
        key={j}
        class={classes}
        title={t.number(place, Number.isFinite(value) ? `${value}` : t.undefinedNumber)}
        data-value={value}
        style={{ '--t': quantity.names ? 0 : shadeOf(value, top) }}
      >
        {choose ? (
          <button
            type="button"
            tabIndex={i === row && j === column ? 0 : -1}
            aria-label={t.number(place, shown)}
            onPointerEnter={() => choose(i, j)}
            onFocus={() => choose(i, j)}
            onClick={(event) => {
              choose(i, j);
              releaseKeys(event);
            }}
          >
            {shown}
          </button>
        ) : (
          shown
        )}
      </td>
    );
  };
  return (
    <table
      ref={table}
      class={rows > 6 || columns > 6 ? 'cells dense' : 'cells'}
      onKeyDown={walk}
      onPointerLeave={() => (hint.value = undefined)}
    >
      <caption class="unseen">{t.matrixLabel(say(quantity.symbol), rows, columns)}</caption>
      <tbody>
        {Array.from({ length: rows }, (_, i) => (
          <tr key={i}>{Array.from({ length: columns }, (_, j) => cell(i, j))}</tr>
        ))}
      </tbody>
    </table>
  );
}
