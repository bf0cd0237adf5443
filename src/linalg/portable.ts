// The engine for a machine without a BLAS: a product in WebAssembly, which every Node has.
import { readFileSync } from 'node:fs';
import { Dense } from './dense.ts';
import type { Engine } from './engine.ts';
import { inPlaceUpTo } from './in-place.ts';

interface Constant {
  readonly value: number;
}

/** What kernel/gemm.ts exports. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly ROWS: Constant;
  readonly DEPTH: Constant;
  readonly COLUMNS: Constant;
  readonly TILE: Constant;
  readonly A: Constant;
  readonly B: Constant;
  readonly C: Constant;
  multiply(rows: number, columns: number, depth: number): void;
}

/** Up to this many multiplications a product is done sooner in place than in WebAssembly: by `npm run bench -- products`. */
const IN_PLACE = 2_000;

/** A matrix, or the transpose of one: element (i, j) is data[i * down + j * right]. */
interface View {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
  readonly down: number;
  readonly right: number;
}

const plain = ({ rows, columns, data }: Dense): View => ({ rows, columns, data, down: columns, right: 1 });
const turned = ({ rows, columns, data }: Dense): View => ({ rows: columns, columns: rows, data, down: 1, right: columns });

export function portable(): Engine {
  const product = load();
  return inPlaceUpTo(IN_PLACE, {
    forward: (A, W) => product(plain(A), turned(W)),
    weightGradient: (δ, A) => product(turned(δ), plain(A)),
    inputGradient: (δ, W) => product(plain(δ), plain(W)),
  });
}

/** The product A B of two views, by blocks that fit into the kernel's memory, which has a fixed size. */
function load(): (A: View, B: View) => Dense {
  const module = new WebAssembly.Module(readFileSync(new URL('kernel/gemm.wasm', import.meta.url)));
  const kernel = new WebAssembly.Instance(module).exports as Kernel;
  const [ROWS, DEPTH, COLUMNS, TILE] = [kernel.ROWS.value, kernel.DEPTH.value, kernel.COLUMNS.value, kernel.TILE.value];
  const memory = new Float64Array(kernel.memory.buffer);
  const blocks = { A: memory.subarray(kernel.A.value), B: memory.subarray(kernel.B.value), C: memory.subarray(kernel.C.value) };
  const whole = (n: number) => Math.ceil(n / TILE) * TILE;

  return (A, B) => {
    const result = new Dense(A.rows, B.columns);
    for (let j = 0; j < B.columns; j += COLUMNS) {
      const columns = Math.min(COLUMNS, B.columns - j);
      for (let p = 0; p < A.columns; p += DEPTH) {
        const depth = Math.min(DEPTH, A.columns - p);
        pack(B.data, p * B.down + j * B.right, depth, columns, B.down, B.right, TILE, blocks.B);
        for (let i = 0; i < A.rows; i += ROWS) {
          const rows = Math.min(ROWS, A.rows - i);
          pack(A.data, i * A.down + p * A.right, depth, rows, A.right, A.down, TILE, blocks.A);
          kernel.multiply(whole(rows), whole(columns), depth);
          addBlock(blocks.C, COLUMNS, rows, columns, result, i, j);
        }
      }
    }
    return result;
  };
}

/**
 * Copies a block of depth x across numbers from `start` on into panels of `tile` across, each step in depth after the other;
 * the last panel is filled up with zeros.
 */
function pack(
  data: Float64Array,
  start: number,
  depth: number,
  across: number,
  alongDepth: number,
  alongAcross: number,
  tile: number,
  panels: Float64Array,
): void {
  for (let first = 0, at = 0; first < across; first += tile) {
    const n = Math.min(tile, across - first);
    for (let p = 0; p < depth; p++, at += tile) {
      const from = start + p * alongDepth + first * alongAcross;
      for (let i = 0; i < n; i++) panels[at + i] = data[from + i * alongAcross];
      for (let i = n; i < tile; i++) panels[at + i] = 0;
    }
  }
}

/** Adds a block to the part of `result` that begins at (i, j). */
function addBlock(block: Float64Array, stride: number, rows: number, columns: number, result: Dense, i: number, j: number): void {
  for (let row = 0; row < rows; row++) {
    const to = (i + row) * result.columns + j;
    for (let column = 0, from = row * stride; column < columns; column++) result.data[to + column] += block[from + column];
  }
}
