// A matrix with more numbers than fit, as a picture of coloured points; each number is beside the pointer.
import type { JSX, TargetedKeyboardEvent, TargetedPointerEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { text } from '../text/text.ts';
import { say } from './math.tsx';
import { extentOf } from './matrix.ts';
import { type MatrixProps, placeOf } from './matrix-props.ts';
import { announce, arrow, hint, show } from './parts.tsx';
import { drawMatrix } from './pixels.ts';
import { dark } from './theme.ts';

/** How wide and high a number may be, and all of them, in CSS pixels. */
const CELL = 18;
const MOST = { width: 230, height: 190 };

export function CanvasMap({ quantity, top, marked, choose }: MatrixProps): JSX.Element {
  const { rows, columns, at } = quantity.matrix;
  const { least, greatest } = extentOf(quantity.matrix);
  const width = Math.max(12, Math.min(MOST.width, columns * CELL));
  const height = Math.max(12, Math.min(MOST.height, rows * CELL));
  const canvas = useRef<HTMLCanvasElement>(null);
  const place = useRef<readonly [number, number]>([0, 0]);
  const t = text.value.steps;
  const isDark = dark.value;
  useEffect(() => {
    if (canvas.current) drawMatrix(canvas.current, quantity.matrix, quantity.names ? Number.POSITIVE_INFINITY : top);
  }, [quantity.matrix, top, isDark]);
  const say_ = (i: number, j: number) => t.number(placeOf(quantity, i, j), `${at(i, j)}`);
  const point = (event: TargetedPointerEvent<HTMLCanvasElement>) => {
    const [i, j] = [cellAt(event.offsetY, height, rows), cellAt(event.offsetX, width, columns)];
    hint.value = { text: say_(i, j), x: event.clientX, y: event.clientY };
    choose?.(i, j);
  };
  const walk = (event: TargetedKeyboardEvent<HTMLCanvasElement>) => {
    const move = arrow(event.key);
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const [i, j] = [
      Math.max(0, Math.min(rows - 1, place.current[0] + move[0])),
      Math.max(0, Math.min(columns - 1, place.current[1] + move[1])),
    ];
    place.current = [i, j];
    const box = event.currentTarget.getBoundingClientRect();
    hint.value = { text: say_(i, j), x: box.left + ((j + 0.5) * width) / columns, y: box.top + ((i + 0.5) * height) / rows };
    announce(say_(i, j));
    choose?.(i, j);
  };
  const forget = () => {
    hint.value = undefined;
  };
  const [row, column] = marked ?? [undefined, undefined];
  return (
    <div class="canvas-frame">
      <canvas
        ref={canvas}
        role="img"
        tabIndex={0}
        aria-label={t.mapLabel(say(quantity.symbol), rows, columns, show(least), show(greatest))}
        width={width * devicePixelRatio}
        height={height * devicePixelRatio}
        style={{ width: `${width}px`, height: `${height}px` }}
        onPointerMove={point}
        onPointerLeave={forget}
        onBlur={forget}
        onKeyDown={walk}
      />
      {(row !== undefined || column !== undefined) && (
        <div
          class="marker"
          style={{
            left: `${((column ?? 0) * width) / columns}px`,
            top: `${((row ?? 0) * height) / rows}px`,
            width: `${column === undefined ? width : Math.max(2, width / columns)}px`,
            height: `${row === undefined ? height : Math.max(2, height / rows)}px`,
          }}
        />
      )}
    </div>
  );
}

function cellAt(offset: number, size: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor((offset / size) * count)));
}
