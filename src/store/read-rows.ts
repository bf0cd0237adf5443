// Reads rows of a dataset into shared memory, in float64.
import { arrays, sizeOf, storedAt, widen } from '../wire/dtypes.ts';
import type { Column, ColumnName, Columns, Rows, Source } from './dataset.ts';

/** How many bytes of a column that has to be widened are read at a time; a multiple of every dtype's size. */
const CHUNK_BYTES = 2 ** 22;

/** Reads bytes of a source, from `first` on, into `into`. */
export type ReadInto = (source: Source, first: number, into: Uint8Array) => Promise<void>;

/** The rows from `first` to `end` (excluded). @throws whatever `readInto` throws. */
export async function readRows(columns: Columns, first: number, end: number, readInto: ReadInto): Promise<Rows> {
  const read = async ([name, column]: [string, Column]): Promise<[string, Rows[ColumnName]]> => {
    const data = await readColumn(column, first, end, readInto);
    const isVector = column.shape.length === 1;
    return [name, isVector ? data : { shape: [end - first, ...column.shape.slice(1)], data }];
  };
  return Object.fromEntries(await Promise.all(Object.entries(columns).map(read))) as unknown as Rows;
}

async function readColumn(column: Column, first: number, end: number, readInto: ReadInto): Promise<Float64Array> {
  const { source, offset, dtype, shape } = column;
  const { BYTES_PER_ELEMENT } = arrays[dtype];
  const width = sizeOf(shape.slice(1));
  const size = (end - first) * width;
  const begin = offset + first * width * BYTES_PER_ELEMENT;
  const data = new Float64Array(new SharedArrayBuffer(size * Float64Array.BYTES_PER_ELEMENT));
  if (dtype === 'F64') {
    await readInto(source, begin, new Uint8Array(data.buffer));
    return data;
  }
  const bytes = new Uint8Array(Math.min(CHUNK_BYTES, size * BYTES_PER_ELEMENT));
  for (let at = 0; at < size; ) {
    const count = Math.min(bytes.length / BYTES_PER_ELEMENT, size - at);
    await readInto(source, begin + at * BYTES_PER_ELEMENT, bytes.subarray(0, count * BYTES_PER_ELEMENT));
    widen(dtype, storedAt(dtype, bytes, 0, count), data.subarray(at));
    at += count;
  }
  return data;
}
