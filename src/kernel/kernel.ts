// The WebAssembly of kernel/, and the numbers in its memory.
import { readFileSync } from 'node:fs';

interface Constant {
  readonly value: number;
}

/** What the files of kernel/ export. A Constant may change, as `count` does. */
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
  readonly TEXT: Constant;
  readonly TEXT_BYTES: Constant;
  readonly PARSED: Constant;
  readonly POWERS: Constant;
  readonly LEAST: Constant;
  readonly MOST_Q: Constant;
  readonly UNWRITTEN: Constant;
  readonly MOST_UNWRITTEN: Constant;
  readonly WRITTEN: Constant;
  readonly TENS: Constant;
  readonly LEAST_TEN: Constant;
  readonly MOST_TEN: Constant;
  readonly count: Constant;
  readonly rows: Constant;
  readonly columns: Constant;
  /** 1 or 0. */
  readonly finished: Constant;
  readonly MOST: Constant;
  readonly OTHERS: Constant;
  multiply(rows: number, columns: number, depth: number): void;
  tanh(n: number): void;
  relu(n: number): void;
  reluPullback(n: number): void;
  tanhPullback(n: number): void;
  begin(): void;
  parse(length: number, isEnd: boolean): number;
  dimensionsRead(): number;
  format(n: number, columns: number, column: number, isFirst: boolean): number;
}

const module = new WebAssembly.Module(readFileSync(new URL('kernel.wasm', import.meta.url)));

export const kernel = new WebAssembly.Instance(module).exports as object as Exports;

/** The memory of the kernel, which has a fixed size. */
export const memory = new Float64Array(kernel.memory.buffer);
