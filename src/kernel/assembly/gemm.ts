// The inner loops of the portable engine, in AssemblyScript. `npm run build:kernel` compiles this folder to ../kernel.wasm.
// The layout follows Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication (2008): blocks that stay in the
// caches are packed into panels, and a tile of C stays in registers.

import { A, B, C, COLUMNS, TILE } from './memory';

/** C = A B for blocks of rows x depth and depth x columns; rows and columns are multiples of TILE. Rows of C have COLUMNS numbers. */
export function multiply(rows: i32, columns: i32, depth: i32): void {
  for (let j = 0; j < columns; j += TILE) {
    for (let i = 0; i < rows; i += TILE) {
      tile((A + i * depth) << 3, (B + j * depth) << 3, (C + i * COLUMNS + j) << 3, depth);
    }
  }
}

function tile(a: usize, b: usize, c: usize, depth: i32): void {
  let c00 = f64x2.splat(0);
  let c01 = f64x2.splat(0);
  let c10 = f64x2.splat(0);
  let c11 = f64x2.splat(0);
  let c20 = f64x2.splat(0);
  let c21 = f64x2.splat(0);
  let c30 = f64x2.splat(0);
  let c31 = f64x2.splat(0);
  for (const end = a + ((depth * TILE) << 3); a < end; a += TILE * 8, b += TILE * 8) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load64_splat(a);
    c00 = f64x2.add(c00, f64x2.mul(a0, b0));
    c01 = f64x2.add(c01, f64x2.mul(a0, b1));
    const a1 = v128.load64_splat(a, 8);
    c10 = f64x2.add(c10, f64x2.mul(a1, b0));
    c11 = f64x2.add(c11, f64x2.mul(a1, b1));
    const a2 = v128.load64_splat(a, 16);
    c20 = f64x2.add(c20, f64x2.mul(a2, b0));
    c21 = f64x2.add(c21, f64x2.mul(a2, b1));
    const a3 = v128.load64_splat(a, 24);
    c30 = f64x2.add(c30, f64x2.mul(a3, b0));
    c31 = f64x2.add(c31, f64x2.mul(a3, b1));
  }
  const row: usize = COLUMNS * 8;
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c + row, c10);
  v128.store(c + row, c11, 16);
  v128.store(c + 2 * row, c20);
  v128.store(c + 2 * row, c21, 16);
  v128.store(c + 3 * row, c30);
  v128.store(c + 3 * row, c31, 16);
}
