// Pasted values as arrays: each with a name, a shape and its numbers row by row.
import type { Value } from './brackets.ts';
import { type Message, PasteFault } from './fault.ts';
import type { Pasted } from './paste.ts';
import type { Printed } from './printed.ts';

export interface PastedArray {
  /** Undefined if none was written. */
  readonly name: string | undefined;
  /** For texts: its name, or which one it is in the paste. */
  readonly label: string;
  /** [] for a number, [n] or [rows, columns]. */
  readonly shape: readonly number[];
  /** Row by row, all finite. */
  readonly numbers: readonly number[];
  readonly printed: readonly Printed[];
  readonly trimmed: boolean;
}

/** All arrays of a paste. Records and lists of arrays are taken apart. @throws PasteFault. */
export function arraysOf(pasted: readonly Pasted[]): PastedArray[] {
  const found: PastedArray[] = [];
  const add = (name: string | undefined, shape: number[], printed: readonly Printed[], trimmed: boolean): void => {
    const label = name ?? `${found.length + 1}`;
    found.push({ name, label, shape, numbers: printed.map((one) => finite(one, name, label)), printed, trimmed });
  };
  const walk = (name: string | undefined, value: Value, trimmed: boolean): void => {
    if (isPrinted(value)) add(name, [], [value], trimmed);
    else if (value instanceof Map) for (const [key, item] of value) walk(joined(name, key), item, trimmed);
    else if (isList(value)) ofList(name, value, trimmed);
  };
  const ofList = (name: string | undefined, list: readonly Value[], trimmed: boolean): void => {
    if (list.length === 0) throw new PasteFault((t) => t.empty(name));
    if (list.every(isPrinted)) add(name, [list.length], list, trimmed);
    else if (list.every(isVector)) ofVectors(name, list, trimmed);
    else for (const [i, item] of list.entries()) walk(name === undefined ? elementOf(list, i) : `${name}[${i}]`, item, trimmed);
  };
  /** Rows of one length are a matrix. Two or more of different lengths are vectors, one for each layer, if nothing says otherwise. */
  const ofVectors = (name: string | undefined, rows: readonly (readonly Printed[])[], trimmed: boolean): void => {
    const columns = rows[0].length;
    const odd = rows.findIndex((row) => row.length !== columns);
    if (odd < 0) add(name, [rows.length, columns], rows.flat(), trimmed);
    else if (name === undefined || /\d/.test(name)) throw new PasteFault((t) => t.ragged(name, odd, columns, rows[odd].length));
    else for (const [i, row] of rows.entries()) add(`${name}[${i}]`, [row.length], row, trimmed);
  };
  for (const { name, value, trimmed } of pasted) walk(name, value, trimmed);
  return found;
}

/** Records in a list are layers: {"weights": …, "biases": …}. */
function elementOf(list: readonly Value[], i: number): string | undefined {
  return list.every((item) => item instanceof Map) ? `layers[${i}]` : undefined;
}

function joined(name: string | undefined, key: string): string {
  return name === undefined ? key : `${name}.${key}`;
}

function finite({ value }: Printed, name: string | undefined, label: string): number {
  if (value !== undefined && Number.isFinite(value)) return value;
  const fault: Message = value === undefined ? (t) => t.missing(name ?? label) : (t) => t.notFinite(name ?? label, `${value}`);
  throw new PasteFault(fault);
}

function isPrinted(value: Value): value is Printed {
  return 'decimals' in value;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isVector(value: Value): value is readonly Printed[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPrinted);
}
