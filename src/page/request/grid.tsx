// Matrices and lists of the form: tables of fields, or a picture of what is too large for them.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { text } from '../text/text.ts';
import { extentOf, matrix } from '../ui/matrix.ts';
import { drawMatrix } from '../ui/pixels.ts';
import { dark } from '../ui/theme.ts';
import { numberOf } from './edit.ts';
import { type Change, Errors, errorsUnder, idOf, TextField } from './fields.tsx';

/** The largest table that is edited number by number. */
const MOST = { rows: 16, columns: 10 };

interface GridProps {
  readonly pointer: string;
  readonly rows: readonly (readonly unknown[])[];
  readonly caption: string;
  /** What rows and columns are called. */
  readonly row: string;
  readonly column: string;
  readonly change: Change;
}

/** A table of numbers, each of them a field; of what is too large, a picture. */
export function Grid({ pointer, rows, caption, row, column, change }: GridProps): JSX.Element {
  const t = text.value.request;
  const [height, width] = [rows.length, rows[0]?.length ?? 0];
  if (height > MOST.rows || width > MOST.columns) return <Thumbnail pointer={pointer} rows={rows} caption={caption} />;
  const errors = errorsUnder(pointer);
  const name = (of: string) => {
    const [i, j] = of
      .slice(pointer.length + 1)
      .split('/')
      .map(Number);
    return j === undefined ? of : t.cell(row, i + 1, column, j + 1);
  };
  const isWrong = (at: string) => errors.some((error) => error.pointer === at);
  return (
    <div class={isWrong(pointer) ? 'grid invalid' : 'grid'} data-pointer={pointer} id={idOf(pointer)}>
      <table>
        <caption>
          {caption} <span>{t.gridAxes(row, column)}</span>
        </caption>
        <tbody>
          <tr>
            <td />
            {rows[0]?.map((_, j) => (
              <th scope="col" key={`${j + 1}`}>
                {j + 1}
              </th>
            ))}
          </tr>
          {rows.map((values, i) => (
            <tr key={`${i + 1}`} data-pointer={`${pointer}/${i}`} class={isWrong(`${pointer}/${i}`) ? 'invalid' : ''}>
              <th scope="row">{i + 1}</th>
              {values.map((value, j) => (
                <td key={`${j + 1}`}>
                  <TextField
                    pointer={`${pointer}/${i}/${j}`}
                    value={`${value}`}
                    label={t.cell(row, i + 1, column, j + 1)}
                    change={(typed) => change(`${pointer}/${i}/${j}`, numberOf(typed))}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Errors errors={errors} name={name} />
    </div>
  );
}

/** A list of numbers as a table, ten in a row. */
export function List({
  pointer,
  values,
  caption,
  column,
  change,
}: Omit<GridProps, 'rows' | 'row'> & { values: readonly unknown[] }): JSX.Element {
  const t = text.value.request;
  if (values.length > 4 * MOST.columns) return <Thumbnail pointer={pointer} rows={[values]} caption={caption} />;
  const label = (i: number) => t.listCell(caption, column, i + 1);
  const lines = Array.from({ length: Math.ceil(values.length / MOST.columns) }, (_, line) => line * MOST.columns);
  return (
    <div class="grid" data-pointer={pointer} id={idOf(pointer)}>
      <table>
        <caption>
          {caption} <span>{t.listAxes(column)}</span>
        </caption>
        <tbody>
          {lines.map((from) => (
            <tr key={from}>
              {values.slice(from, from + MOST.columns).map((value, at) => (
                <td key={`${from + at}`}>
                  <TextField
                    pointer={`${pointer}/${from + at}`}
                    value={`${value}`}
                    label={label(from + at)}
                    change={(typed) => change(`${pointer}/${from + at}`, numberOf(typed))}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Errors errors={errorsUnder(pointer)} name={(of) => (of === pointer ? of : label(Number(of.slice(pointer.length + 1))))} />
    </div>
  );
}

function Thumbnail({ pointer, rows, caption }: Pick<GridProps, 'pointer' | 'rows' | 'caption'>): JSX.Element {
  const t = text.value.request;
  const canvas = useRef<HTMLCanvasElement>(null);
  const numbers = matrix(rows as number[][]);
  const isDark = dark.value;
  useEffect(() => {
    if (canvas.current) drawMatrix(canvas.current, numbers, extentOf(numbers).largest);
  }, [rows, isDark]);
  return (
    <div class="grid" data-pointer={pointer} id={idOf(pointer)}>
      <p class="hint">{t.thumbnail(caption, numbers.rows, numbers.columns)}</p>
      <canvas
        ref={canvas}
        role="img"
        aria-label={t.thumbnailLabel(caption, numbers.rows, numbers.columns)}
        width={Math.min(260, numbers.columns * 8)}
        height={Math.max(8, Math.min(90, numbers.rows * 4))}
      />
      <Errors errors={errorsUnder(pointer)} />
    </div>
  );
}
