// The result of a check of reading or writing numbers.
export interface Checked {
  readonly checked: number;
  readonly mismatches: readonly string[];
}
