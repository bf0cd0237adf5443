// The fastest engine: dgemm of an installed BLAS, called directly on the matrices' buffers, without copies.
import koffi from 'koffi';
import { Scratch } from '../memory/scratch.ts';
import { byBlocks } from './blocks.ts';
import { Dense, fillColumns } from './dense.ts';
import { type Engine, engineOf, type Parts, type Products } from './engine.ts';
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

/**
 * The environment variables of OpenBLAS, of its build with OpenMP, of BLIS and of Accelerate for the number of threads of one product: 1,
 * since a different number may round differently. Products are split by this service, in parts that depend on their shape alone.
 */
const THREADS = ['OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'BLIS_NUM_THREADS', 'VECLIB_MAXIMUM_THREADS'];

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

function load(name: string, scratch: Scratch): Engine {
  // Read when the library is loaded; only the main thread, which loads it first, can set variables of the process.
  for (const variable of THREADS) process.env[variable] = '1';
  const dgemm = koffi.load(name).func(DGEMM);
  const parts: Parts = {
    forward(A, W, b, C, first, end) {
      const k = A.columns;
      if (b) fillColumns(C, b, first, end);
      const [w, c] = [from(W.data, first * k), from(C.data, first)];
      dgemm(ROW_MAJOR, NO_TRANS, TRANS, A.rows, end - first, k, 1, A.data, k, w, k, b ? 1 : 0, c, C.columns);
    },
    weightGradient(δ, A, C, first, end) {
      const n = A.columns;
      const [d, c] = [from(δ.data, first), from(C.data, first * n)];
      dgemm(ROW_MAJOR, TRANS, NO_TRANS, end - first, n, A.rows, 1, d, δ.columns, A.data, n, 0, c, n);
    },
    inputGradient(δ, W, C, first, end) {
      const [n, k] = [W.columns, δ.columns];
      const [w, c] = [from(W.data, first), from(C.data, first)];
      dgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, δ.rows, end - first, k, 1, δ.data, k, w, n, 0, c, n);
    },
  };
  const engine = { ...engineOf(parts, scratch), library: name };
  checkProducts(engine, scratch);
  return byBlocks(byLoopsUpTo(LOOP_MAX_PRODUCTS, engine), true);
}

function from(data: Float64Array, start: number): Float64Array {
  return start === 0 ? data : data.subarray(start);
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
