// Flat lists of numbers where a request needs rows: error texts that say what the rows should be.
import { valueAt } from './gradients.ts';
import { type LossName, losses } from './loss.ts';
import { asTensor, isTensor } from './numbers.ts';
import type { Finding } from './problem.ts';

/** The most numbers of an example. */
const EXAMPLE_NUMBERS = 3;

/** Numbers as the text of a JSON list; a long one is shortened. */
export function listOf(numbers: ArrayLike<number>, write: (x: number) => string = String): string {
  const first = Array.from({ length: Math.min(numbers.length, EXAMPLE_NUMBERS) }, (_, i) => write(numbers[i]));
  return `[${[...first, ...(numbers.length > EXAMPLE_NUMBERS ? ['...'] : [])].join(', ')}]`;
}

/** Numbers as the text of a JSON list with one row for each. */
export function rowsOf(numbers: ArrayLike<number>): string {
  return listOf(numbers, (x) => `[${x}]`);
}

/** The flat lists of a document in place of matrices whose rows have a known length. */
export function flatLists(document: unknown): Finding[] {
  const layers = valueAt(document, 'network', 'layers');
  const batch = valueAt(document, 'batch');
  const inputs = valueAt(batch, 'inputs');
  const findings: Finding[] = [];
  const check = (pointer: string, given: unknown, columns: number | undefined) => {
    if (columns !== undefined && isFlat(given)) findings.push({ pointer, detail: flatText(given, columns) });
  };
  if (Array.isArray(layers)) {
    const before = (k: number) => sizesOf(valueAt(layers[k - 1], 'weights'))?.rows;
    const features = sizesOf(inputs)?.[valueAt(batch, 'samples') === 'columns' ? 'rows' : 'columns'];
    for (let k = 0; k < layers.length; k++)
      check(`/network/layers/${k}/weights`, valueAt(layers[k], 'weights'), k === 0 ? features : before(k));
    if (valueAt(batch, 'samples') !== 'columns') check('/batch/inputs', inputs, sizesOf(valueAt(layers[0], 'weights'))?.columns);
  }
  findings.push(...flatTargets(document));
  // A dataset has its arrays at the top.
  const targets = valueAt(document, 'targets');
  if (isFlat(targets))
    findings.push({
      pointer: '/targets',
      detail: `expected one row per sample: ${rowsOf(targets)}, got a flat list; class indices belong under the key classes`,
    });
  return findings;
}

/** The error text for a flat list in place of rows, whose length may be known. */
export function flatText(numbers: ArrayLike<number>, columns?: number): string {
  const row = numbers.length === (columns ?? 1) ? `: write [${listOf(numbers)}]` : '';
  const items = columns === undefined ? 'numbers' : countOf(columns, 'number');
  return `expected rows (lists of ${items}), got a flat list of ${countOf(numbers.length, 'number')}${row}`;
}

/** A count with its noun: "1 row", "2 rows". */
export function countOf(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Targets in a flat list that are no class indices, with a loss that takes none. */
function flatTargets(document: unknown): Finding[] {
  const targets = valueAt(document, 'batch', 'targets');
  const loss = valueAt(document, 'loss');
  const name = typeof loss === 'string' ? loss : (valueAt(loss, 'type') ?? 'mse');
  const numbers = asTensor(targets)?.shape.length === 1 ? (targets as Float64Array) : isFlat(targets) ? targets : undefined;
  if (!numbers || numbers.every(Number.isInteger) || takesClasses(name)) return [];
  return [{ pointer: '/batch/targets', detail: `expected one row per sample: ${rowsOf(numbers)}, got a flat list` }];
}

function takesClasses(name: unknown): boolean {
  return typeof name === 'string' && Object.hasOwn(losses, name) && 'ignore_index' in losses[name as LossName].options;
}

/** The sizes of a matrix; of lists by their first row. */
function sizesOf(matrix: unknown): { rows: number; columns: number } | undefined {
  if (isTensor(matrix)) return { rows: matrix.shape[0], columns: matrix.shape[1] };
  return Array.isArray(matrix) && Array.isArray(matrix[0]) ? { rows: matrix.length, columns: matrix[0].length } : undefined;
}

function isFlat(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number');
}
