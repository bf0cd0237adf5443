// The result of checking many numbers or documents against JavaScript's own functions.

/** A run shows the first mismatches only. */
export const MOST_MISMATCHES = 10;

export interface Checked {
  readonly checked: number;
  /** Descriptions of values that differ, at most MOST_MISMATCHES. */
  readonly mismatches: readonly string[];
}
