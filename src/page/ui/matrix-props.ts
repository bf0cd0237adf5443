// What the ways to show a matrix have in common.
import type { ComponentChildren } from 'preact';
import type { Axis, Quantity } from '../steps/step.ts';
import { text } from '../text/text.ts';

export type Marked = readonly [row: number | undefined, column: number | undefined];

export interface MatrixProps {
  readonly quantity: Quantity;
  /** The number of the darkest shade. */
  readonly top: number;
  /** The row, the column or the number that is marked; undefined stands for all. */
  readonly marked?: Marked | undefined;
  /** What is called when a number is pointed at or chosen. */
  choose?(row: number, column: number): void;
  /** Beside the name. */
  readonly children?: ComponentChildren;
}

/** A number in words: where it stands. */
export function placeOf({ axes }: Quantity, i: number, j: number): string {
  const t = text.value.steps;
  const parts = [
    [axes[0], i],
    [axes[1], j],
  ] as const;
  return t.place(
    parts
      .filter((part): part is readonly [Exclude<Axis, undefined>, number] => part[0] !== undefined)
      .map(([axis, n]) => [t.axes[axis], n + 1]),
  );
}
