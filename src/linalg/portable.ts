// The engine for machines without a BLAS: matrix products in WebAssembly.

import { kernel, memory } from '../kernel/kernel.ts';
import type { Scratch } from '../memory/scratch.ts';
import { byBlocks } from './blocks.ts';
import { type Dense, fillColumns } from './dense.ts';
import { type Engine, engineOf, type Parts } from './engine.ts';
import { byLoopsUpTo } from './loops.ts';

/** Up to this many multiplications, loops are faster than WebAssembly: see bench/products.ts. */
const LOOP_MAX_PRODUCTS = 2_000;

/** A matrix or its transpose: element (i, j) is data[i * down + j * right]. */
interface View {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
  readonly down: number;
  readonly right: number;
}

const plain = ({ rows, columns, data }: Dense): View => ({ rows, columns, data, down: columns, right: 1 });

/** The columns of a matrix from `first` to before `end`. */
const columnsOf = ({ rows, columns, data }: Dense, first: number, end: number): View => ({
  rows,
  columns: end - first,
  data: data.subarray(first),
  down: columns,
  right: 1,
});

const turned = ({ rows, columns, data, down, right }: View): View => ({
  rows: columns,
  columns: rows,
  data,
  down: right,
  right: down,
});

export function portable(scratch: Scratch): Engine {
  const parts: Parts = {
    forward(A, W, b, C, first, end) {
      const part = columnsOf(C, first, end);
      if (b) fillColumns(C, b, first, end);
      else clear(part);
      add(plain(A), turned(plain(W.rowsFrom(first, end))), part);
    },
    weightGradient(δ, A, C, first, end) {
      const part = plain(C.rowsFrom(first, end));
      clear(part);
      add(turned(columnsOf(δ, first, end)), plain(A), part);
    },
    inputGradient(δ, W, C, first, end) {
      const part = columnsOf(C, first, end);
      clear(part);
      add(plain(δ), columnsOf(W, first, end), part);
    },
  };
  return byBlocks(byLoopsUpTo(LOOP_MAX_PRODUCTS, engineOf(parts, scratch)), true);
}

function clear({ rows, columns, data, down }: View): void {
  for (let i = 0; i < rows; i++) data.fill(0, i * down, i * down + columns);
}

const [ROWS, DEPTH, COLUMNS, TILE] = [kernel.ROWS.value, kernel.DEPTH.value, kernel.COLUMNS.value, kernel.TILE.value];
const blockOfA = memory.subarray(kernel.A.value);
const blockOfB = memory.subarray(kernel.B.value);
const blockOfC = memory.subarray(kernel.C.value);

/** Adds the product A B to `result`, in blocks that fit into the kernel's memory. */
function add(A: View, B: View, result: View): void {
  const whole = (n: number) => Math.ceil(n / TILE) * TILE;
  for (let j = 0; j < B.columns; j += COLUMNS) {
    const columns = Math.min(COLUMNS, B.columns - j);
    for (let p = 0; p < A.columns; p += DEPTH) {
      const depth = Math.min(DEPTH, A.columns - p);
      pack(B.data, p * B.down + j * B.right, depth, columns, B.down, B.right, blockOfB);
      for (let i = 0; i < A.rows; i += ROWS) {
        const rows = Math.min(ROWS, A.rows - i);
        pack(A.data, i * A.down + p * A.right, depth, rows, A.right, A.down, blockOfA);
        kernel.multiply(whole(rows), whole(columns), depth);
        addBlock(rows, columns, result, i, j);
      }
    }
  }
}

/**
 * Packs a block of depth x across numbers, starting at `start`, into panels of depth x TILE; the last panel is padded with zeros.
 */
function pack(
  data: Float64Array,
  start: number,
  depth: number,
  across: number,
  alongDepth: number,
  alongAcross: number,
  panels: Float64Array,
): void {
  for (let first = 0, at = 0; first < across; first += TILE) {
    const n = Math.min(TILE, across - first);
    for (let p = 0; p < depth; p++, at += TILE) {
      const from = start + p * alongDepth + first * alongAcross;
      for (let i = 0; i < n; i++) panels[at + i] = data[from + i * alongAcross];
      for (let i = n; i < TILE; i++) panels[at + i] = 0;
    }
  }
}

/** Adds the kernel's block of C to the part of `result` whose first element is (i, j). */
function addBlock(rows: number, columns: number, result: View, i: number, j: number): void {
  for (let row = 0; row < rows; row++) {
    const to = (i + row) * result.down + j;
    for (let column = 0, from = row * COLUMNS; column < columns; column++) result.data[to + column] += blockOfC[from + column];
  }
}
