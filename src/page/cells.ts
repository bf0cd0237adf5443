// What a table and a canvas of numbers have in common: their cells.
import type { Quantity } from './steps/step.ts';

export interface Cells {
  /** What is called when a cell is pointed at or chosen. */
  readonly choose?: (row: number, column: number) => void;
}

export interface HeatMap {
  readonly element: HTMLElement;
  /** Marks a row, a column or a cell; nothing without both. */
  mark(row: number | undefined, column: number | undefined): void;
}

/** Where an arrow key goes: rows down and columns to the right. */
export function arrow({ key }: KeyboardEvent): readonly [down: number, right: number] | undefined {
  const moves: Record<string, readonly [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  return moves[key];
}

/** A cell in words. */
export function placeOf({ axes: [row, column] }: Quantity, i: number, j: number): string {
  return [row && `${row} ${i + 1}`, column && `${column} ${j + 1}`].filter(Boolean).join(', ');
}
