// Reads data from a CSV file: some columns are to be learned, and the others are inputs.
import { dsvFormat } from 'd3';
import type { Dictionary } from '../text/en.ts';
import type { Data } from './data.ts';

type Message = (t: Dictionary['train']) => string;

export class CsvFault extends Error {
  readonly text: Message;

  constructor(text: Message) {
    super('the CSV file cannot be read');
    this.text = text;
  }
}

export interface Table {
  readonly columns: readonly string[];
  /** The cells, without the line of headers. */
  readonly rows: readonly (readonly string[])[];
}

/** Reads a text separated by commas, semicolons or tabs. @throws CsvFault. */
export function readTable(text: string): Table {
  const [first = ''] = text.split('\n', 1);
  const delimiter = ['\t', ';', ','].find((one) => first.includes(one)) ?? ',';
  const lines = dsvFormat(delimiter)
    .parseRows(text.replace(/^\ufeff/, ''))
    .map((cells) => cells.map((cell) => cell.trim()))
    .filter((cells) => cells.some((cell) => cell !== ''));
  if (lines.length === 0) throw new CsvFault((t) => t.csvEmpty());
  const hasHeader =
    lines[0].some((cell) => cell !== '' && !isNumber(cell)) && !(lines.length > 1 && sameKinds(lines[0], lines[1]));
  const columns = lines[0].map((name, j) => (hasHeader && name) || `${j + 1}`);
  const rows = hasHeader ? lines.slice(1) : lines;
  if (rows.length === 0) throw new CsvFault((t) => t.csvEmpty());
  const odd = rows.findIndex(({ length }) => length !== columns.length);
  if (odd >= 0) throw new CsvFault((t) => t.csvRagged(odd + 1, columns.length, rows[odd].length));
  return { columns, rows };
}

/** Whether the second line has words where the first has, as lines of data do. */
function sameKinds(first: readonly string[], second: readonly string[]): boolean {
  return first.every((cell, j) => isNumber(cell) === isNumber(second[j] ?? '')) && first.some(isNumber);
}

function isNumber(cell: string): boolean {
  return cell !== '' && Number.isFinite(Number(cell));
}

/** Whether a column names classes: it has words, or few different whole numbers from 0. */
export function namesClasses({ rows }: Table, column: number): boolean {
  const cells = rows.map((row) => row[column]);
  if (cells.some((cell) => !isNumber(cell))) return true;
  const values = new Set(cells.map(Number));
  return (
    values.size > 1 &&
    values.size <= 20 &&
    Math.max(...values) < 20 &&
    [...values].every((value) => Number.isInteger(value) && value >= 0)
  );
}

/** The places of columns that are named, or counted from 1, with commas between them. @throws CsvFault. */
export function columnsOf({ columns }: Table, typed: string): number[] {
  const placeOf = (word: string): number => {
    const named = columns.lastIndexOf(word);
    if (named >= 0) return named;
    if (/^\d+$/.test(word) && Number(word) >= 1 && Number(word) <= columns.length) return Number(word) - 1;
    throw new CsvFault((t) => t.csvNoColumn(word, columns));
  };
  // A name may have a comma in it.
  const words = columns.includes(typed.trim()) ? [typed] : typed.split(',');
  return [...new Set(words.map((word) => placeOf(word.trim())))];
}

/** Data whose columns `targets` are to be learned: as numbers, or one as classes. @throws CsvFault. */
export function dataOf(table: Table, targets: readonly number[], classes: boolean): Data {
  if (targets.length === table.columns.length) throw new CsvFault((t) => t.csvNoInputs());
  if (classes && targets.length > 1) throw new CsvFault((t) => t.csvOneClassColumn());
  const numberAt = (row: number, column: number) => {
    const cell = table.rows[row][column];
    if (isNumber(cell)) return Number(cell);
    throw new CsvFault((t) => t.csvNotNumber(row + 1, table.columns[column], cell));
  };
  const inputs = table.rows.map((cells, i) => cells.flatMap((_, j) => (targets.includes(j) ? [] : [numberAt(i, j)])));
  if (!classes) return { inputs, targets: table.rows.map((_, i) => targets.map((j) => numberAt(i, j))) };
  const labels = table.rows.map((row) => row[targets[0]]);
  const names = [...new Set(labels)].toSorted((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
  return { inputs, classes: labels.map((label) => names.indexOf(label)), classCount: names.length };
}
