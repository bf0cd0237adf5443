// Loads the WebAssembly kernel, and gives access to its memory.
import { readFileSync } from 'node:fs';

interface Constant {
  readonly value: number;
}

/** The exports of the modules in assembly/. */
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
  readonly STATE: Constant;
  readonly FINISHED: Constant;
  readonly LEFT: Constant;
  readonly POWERS: Constant;
  readonly LEAST: Constant;
  readonly MOST_Q: Constant;
  readonly PARTS: Constant;
  readonly LEAST_PART: Constant;
  readonly MOST_PART: Constant;
  readonly UNWRITTEN: Constant;
  readonly MOST_UNWRITTEN: Constant;
  readonly WRITTEN: Constant;
  readonly WRITTEN_BYTES: Constant;
  readonly TENS: Constant;
  readonly LEAST_TEN: Constant;
  readonly MOST_TEN: Constant;
  readonly MOST: Constant;
  readonly OTHERS: Constant;
  readonly INPUTS: Constant;
  multiply(rows: number, columns: number, depth: number): void;
  tanh(n: number): void;
  tanhOfOne(z: number): number;
  tanhPullback(n: number): void;
  exp(n: number): void;
  expOfOne(z: number): number;
  sigmoid(n: number): void;
  sigmoidOfOne(z: number): number;
  sigmoidPullback(n: number): void;
  silu(n: number): void;
  siluPullback(n: number): void;
  softplus(n: number, beta: number, threshold: number): void;
  softplusOfOne(z: number): number;
  softplusPullback(n: number, beta: number, threshold: number): void;
  gelu(n: number): void;
  geluPullback(n: number): void;
  geluTanh(n: number): void;
  geluTanhPullback(n: number): void;
  relu(n: number): void;
  reluPullback(n: number): void;
  leakyRelu(n: number, slope: number): void;
  leakyReluPullback(n: number, slope: number): void;
  begin(): void;
  supplied(): void;
  parse(start: number, length: number, isEnd: boolean): number;
  prepareFormat(): void;
  format(start: number, n: number, columns: number, column: number, isFirst: boolean): number;
}

const module = new WebAssembly.Module(readFileSync(new URL('kernel.wasm', import.meta.url)));

export const kernel = new WebAssembly.Instance(module).exports as object as Exports;

/** The kernel's memory as float64 numbers; its size is fixed. */
export const memory = new Float64Array(kernel.memory.buffer);
