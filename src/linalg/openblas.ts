// The fastest engine: the dgemm of a BLAS that the machine has, called in place on the matrices' own buffers.
import koffi from 'koffi';
import { recycling, scratch } from '../memory/scratch.ts';
import { Dense } from './dense.ts';
import type { Engine, Products } from './engine.ts';
import { byLoops, byLoopsUpTo } from './loops.ts';

/** The names under which OpenBLAS, BLIS and Accelerate are found, best first. */
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

/** What the libraries call the function that sets how many threads they use. */
const SET_THREADS = ['openblas_set_num_threads', 'bli_thread_set_num_threads'];

/** CBLAS's constants. */
const ROW_MAJOR = 101;
const NO_TRANS = 111;
const TRANS = 112;

/** Up to this many multiplications a product is done sooner in place than in the library: see bench/products.ts. */
const BY_LOOPS = 300;

/**
 * Loads the library called `name`, or the first usual one that there is and that works.
 * @throws Error that says, in a line, why there is none.
 */
export function openblas(name?: string): Engine {
  const reasons: string[] = [];
  for (const candidate of name ? [name] : USUAL_NAMES) {
    try {
      return load(candidate);
    } catch (error) {
      reasons.push(`${candidate}: ${(error as Error).message.trim()}`);
    }
  }
  throw new Error(`no BLAS: ${reasons.join('; ')}`);
}

/**
 * For how long OpenBLAS's threads wait for their next product before they sleep: 2^20 cycles of the processor, some tenths of a
 * millisecond. By default it is 64 times as long, in which they take the cores from those who send the answer.
 */
const THREAD_TIMEOUT = '20';

function load(name: string): Engine {
  // OpenBLAS reads this when it is loaded.
  process.env.OPENBLAS_THREAD_TIMEOUT ??= THREAD_TIMEOUT;
  const library = koffi.load(name);
  const dgemm = library.func(DGEMM);
  const setThreads = SET_THREADS.map((symbol) => optional(() => library.func(`void ${symbol}(int)`))).find(Boolean);
  const engine: Engine = {
    library: name,
    forward(A, W, b) {
      const [m, n, k] = [A.rows, W.rows, A.columns];
      const C = b ? Dense.repeat(b, m) : Dense.scratch(m, n);
      dgemm(ROW_MAJOR, NO_TRANS, TRANS, m, n, k, 1, A.data, k, W.data, k, b ? 1 : 0, C.data, n);
      return C;
    },
    weightGradient(δ, A) {
      const [m, n, k] = [δ.columns, A.columns, A.rows];
      const C = Dense.scratch(m, n);
      dgemm(ROW_MAJOR, TRANS, NO_TRANS, m, n, k, 1, δ.data, m, A.data, n, 0, C.data, n);
      return C;
    },
    inputGradient(δ, W) {
      const [m, n, k] = [δ.rows, W.columns, δ.columns];
      const C = Dense.scratch(m, n);
      dgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, m, n, k, 1, δ.data, k, W.data, n, 0, C.data, n);
      return C;
    },
    ...(setThreads && { setThreads }),
  };
  checkProducts(engine);
  return byLoopsUpTo(BY_LOOPS, engine);
}

function optional<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}

/**
 * Compares the products of matrices of small integers, which are exact in every order of summation, with those in place.
 * @throws Error if one is wrong.
 */
export function checkProducts(engine: Products): void {
  const sizes = [
    [1, 1, 1],
    [2, 3, 5],
    [1, 71, 93],
    [97, 71, 1],
    [97, 71, 93],
  ];
  // A library must not read what it is to overwrite: an earlier request may have left NaN there, and 0 times NaN is not 0.
  recycling(() => {
    for (let times = 0; times < 4; times++)
      for (const [m, n, k] of sizes) for (const size of [m * n, n * k, m * k]) scratch(size).fill(NaN);
  });
  recycling(() => compareProducts(engine, sizes));
}

function compareProducts(engine: Products, sizes: number[][]): void {
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
      !equal(engine.forward(A, W), byLoops.forward(A, W)) ||
      !equal(engine.forward(A, W, W.data.slice(0, outputs)), byLoops.forward(A, W, W.data.slice(0, outputs))) ||
      !equal(engine.weightGradient(δ, A), byLoops.weightGradient(δ, A)) ||
      !equal(engine.inputGradient(δ, W), byLoops.inputGradient(δ, W))
    )
      throw new Error(`its dgemm gives wrong products (of ${samples} x ${inputs} x ${outputs})`);
  }
}
