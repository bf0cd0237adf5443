// The fastest engine: dgemm of an installed BLAS, called directly on the matrices' buffers, without copies.
// OpenBLAS joins its threads before a fork (pthread_atfork). So a process that uses this engine must not start another one while a
// product is computed: the fork would never return.
import koffi from 'koffi';
import { Scratch } from '../memory/scratch.ts';
import { byBlocks } from './blocks.ts';
import { Dense } from './dense.ts';
import type { Engine, Products } from './engine.ts';
import { byLoops, byLoopsUpTo } from './loops.ts';

/** The usual library names of OpenBLAS, BLIS and Accelerate, best first. */
const USUAL_NAMES = [
  'libopenblas.so.0',
  'libopenblas.so',
  'libopenblas.dylib',
  'libopenblas.dll',
  'libblis.so.4',
  'libblis.so',
  '/System/Library/Frameworks/Accelerate.framework/Accelerate',
];

const DGEMM = `void cblas_dgemm(int order, int transA, int transB, int m, int n, int k,
  double alpha, const double *A, int lda, const double *B, int ldb, double beta, double *C, int ldc)`;

/** The functions of OpenBLAS and BLIS that set the number of threads. */
const SET_THREADS = ['openblas_set_num_threads', 'bli_thread_set_num_threads'];

/** CBLAS's constants. */
const ROW_MAJOR = 101;
const NO_TRANS = 111;
const TRANS = 112;

/** Up to this many multiplications, loops are faster than the library: see bench/products.ts. */
const LOOP_MAX_PRODUCTS = 300;

/**
 * Loads the library `name`; by default the first working one of the usual names.
 * @throws Error with a one-line message, with the reason for each library that was tried.
 */
export function openblas(scratch: Scratch, name?: string): Engine {
  const reasons: string[] = [];
  for (const candidate of name ? [name] : USUAL_NAMES) {
    try {
      return load(candidate, scratch);
    } catch (error) {
      reasons.push(`${candidate}: ${(error as Error).message.trim()}`);
    }
  }
  throw new Error(`no BLAS: ${reasons.join('; ')}`);
}

/**
 * How long OpenBLAS's threads spin before they sleep: 2^20 CPU cycles, some tenths of a millisecond. The default is 64 times as
 * long; during that time the spinning threads would keep the cores from sending the answer.
 */
const THREAD_TIMEOUT = '20';

function load(name: string, scratch: Scratch): Engine {
  // Must be set before OpenBLAS is loaded.
  process.env.OPENBLAS_THREAD_TIMEOUT ??= THREAD_TIMEOUT;
  const library = koffi.load(name);
  const dgemm = library.func(DGEMM);
  const setThreads = SET_THREADS.map((symbol) => optional(() => library.func(`void ${symbol}(int)`))).find(Boolean);
  const engine: Engine = {
    library: name,
    scratch,
    forward(A, W, b) {
      const [m, n, k] = [A.rows, W.rows, A.columns];
      const C = b ? Dense.repeat(scratch, b, m) : Dense.in(scratch, m, n);
      dgemm(ROW_MAJOR, NO_TRANS, TRANS, m, n, k, 1, A.data, k, W.data, k, b ? 1 : 0, C.data, n);
      return C;
    },
    weightGradient(δ, A, C = Dense.in(scratch, δ.columns, A.columns)) {
      const [m, n, k] = [δ.columns, A.columns, A.rows];
      dgemm(ROW_MAJOR, TRANS, NO_TRANS, m, n, k, 1, δ.data, m, A.data, n, 0, C.data, n);
      return C;
    },
    inputGradient(δ, W) {
      const [m, n, k] = [δ.rows, W.columns, δ.columns];
      const C = Dense.in(scratch, m, n);
      dgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, m, n, k, 1, δ.data, k, W.data, n, 0, C.data, n);
      return C;
    },
    ...(setThreads && { setThreads }),
  };
  checkProducts(engine, scratch);
  return byBlocks(byLoopsUpTo(LOOP_MAX_PRODUCTS, engine), true);
}

function optional<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}

/**
 * Compares an engine's products with those by loops, for matrices of small integers: these products are exact in any order of
 * summation.
 * @throws Error if a product is wrong.
 */
export function checkProducts(engine: Products, scratch: Scratch): void {
  const sizes = [
    [1, 1, 1],
    [2, 3, 5],
    [1, 71, 93],
    [97, 71, 1],
    [97, 71, 93],
  ];
  // With beta = 0, dgemm must not read C: an earlier request may have left NaN there, and 0 · NaN is NaN. So scratch is filled
  // with NaN.
  scratch.recycle(() => {
    for (let times = 0; times < 4; times++)
      for (const [m, n, k] of sizes) for (const size of [m * n, n * k, m * k]) scratch.take(size).fill(NaN);
  });
  scratch.recycle(() => compareProducts(engine, sizes));
}

function compareProducts(engine: Products, sizes: number[][]): void {
  const loops = byLoops(new Scratch());
  const matrix = (rows: number, columns: number) =>
    new Dense(
      rows,
      columns,
      Float64Array.from({ length: rows * columns }, (_, i) => ((i * 7919) % 17) - 8),
    );
  for (const [samples, inputs, outputs] of sizes) {
    const [A, W, δ] = [matrix(samples, inputs), matrix(outputs, inputs), matrix(samples, outputs)];
    const equal = (a: Dense, b: Dense) => a.data.every((value, i) => value === b.data[i]);
    if (
      !equal(engine.forward(A, W), loops.forward(A, W)) ||
      !equal(engine.forward(A, W, W.data.slice(0, outputs)), loops.forward(A, W, W.data.slice(0, outputs))) ||
      !equal(engine.weightGradient(δ, A), loops.weightGradient(δ, A)) ||
      !equal(engine.inputGradient(δ, W), loops.inputGradient(δ, W))
    )
      throw new Error(`its dgemm gives wrong products (of ${samples} x ${inputs} x ${outputs})`);
  }
}
