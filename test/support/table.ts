// Tables in Markdown.
import { median, short } from './statistics.ts';

export type Row = readonly string[];

/** A table with aligned columns. */
export function table(head: Row, rows: readonly Row[]): string {
  const widths = head.map((title, i) => Math.max(...[title, ...rows.map((row) => row[i] ?? '')].map((cell) => cell.length)));
  const line = (row: Row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

export const verdict = (met: boolean): string => (met ? 'met' : '**not met**');

/** The median and the range of numbers. */
export function spread(numbers: readonly number[], unit = ''): string {
  if (numbers.some(Number.isNaN)) return short(Number.NaN);
  return `${short(median(numbers))}${unit} (${short(Math.min(...numbers))}–${short(Math.max(...numbers))})`;
}
