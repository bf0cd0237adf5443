// Samples that are pictures: 64 features as 8 × 8 pixels, 784 as 28 × 28.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Quantity } from '../steps/step.ts';
import { text } from '../text/text.ts';
import { say } from './math.tsx';
import { computedMatrix, type Matrix } from './matrix.ts';
import type { MatrixProps } from './matrix-props.ts';
import { drawMatrix } from './pixels.ts';
import { dark } from './theme.ts';

/** The side of a picture with so many pixels; undefined for other numbers. */
export function sideOf(pixels: number): number | undefined {
  return { 64: 8, 784: 28 }[pixels];
}

/** The side of the pictures that a quantity consists of: those of the inputs of the network, and of the weights of its first layer. */
export function pictureSide({ of: { kind, layer }, matrix, axes }: Quantity): number | undefined {
  if (!['X', 'W', 'dW', 'dX'].includes(kind) || layer !== 0) return undefined;
  return sideOf(axes[0] === 'input' ? matrix.rows : matrix.columns);
}

/** The most pictures that are shown at once. */
const MOST = 24;

/** A picture for each sample or unit; the chosen one is framed. */
export function Pictures({ quantity, top, marked, choose }: MatrixProps): JSX.Element {
  const { matrix, axes } = quantity;
  const down = axes[0] === 'input';
  const [count, side] = [down ? matrix.columns : matrix.rows, sideOf(down ? matrix.rows : matrix.columns) as number];
  const first = marked?.[down ? 1 : 0];
  return (
    <ul class="pictures" aria-label={text.value.steps.picturesLabel(say(quantity.symbol), count)}>
      {Array.from({ length: Math.min(count, MOST) }, (_, n) => (
        <li key={n} class={n === first ? 'marked' : ''}>
          <button type="button" class="plain" aria-label={`${n + 1}`} onClick={() => choose?.(down ? 0 : n, down ? n : 0)}>
            <Picture pixels={(i) => (down ? matrix.at(i, n) : matrix.at(n, i))} side={side} top={top} size={40} />
          </button>
        </li>
      ))}
      {count > MOST && <li>{text.value.network.moreUnits(count - MOST)}</li>}
    </ul>
  );
}

interface PictureProps {
  pixels(i: number): number;
  readonly side: number;
  readonly top: number;
  /** In CSS pixels. */
  readonly size: number;
  readonly label?: string;
}

/** One picture. */
export function Picture({ pixels, side, top, size, label }: PictureProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const matrix: Matrix = computedMatrix(side, side, (i, j) => pixels(i * side + j));
  const isDark = dark.value;
  useEffect(() => {
    if (canvas.current) drawMatrix(canvas.current, matrix, top);
  }, [pixels, top, isDark]);
  return (
    <canvas
      ref={canvas}
      class="picture"
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={!label}
      width={side * 4}
      height={side * 4}
      style={{ width: `${size}px`, height: `${size}px` }}
    />
  );
}
