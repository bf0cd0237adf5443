// The WebAssembly of kernel/, and the numbers in its memory.
import { readFileSync } from 'node:fs';

interface Constant {
  readonly value: number;
}

/** What kernel/gemm.ts and kernel/tanh.ts export. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly ROWS: Constant;
  readonly DEPTH: Constant;
  readonly COLUMNS: Constant;
  readonly TILE: Constant;
  readonly A: Constant;
  readonly B: Constant;
  readonly C: Constant;
  readonly NUMBERS: Constant;
  readonly MOST: Constant;
  multiply(rows: number, columns: number, depth: number): void;
  tanh(n: number): void;
}

const module = new WebAssembly.Module(readFileSync(new URL('kernel/kernel.wasm', import.meta.url)));

export const kernel = new WebAssembly.Instance(module).exports as Exports;

/** The memory of the kernel, which has a fixed size. */
export const memory = new Float64Array(kernel.memory.buffer);
