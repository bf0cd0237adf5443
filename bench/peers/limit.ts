// The limit: only the matrix products of a workload, one after another in OpenBLAS. Prints the median milliseconds per request.
import { availableParallelism } from 'node:os';
import koffi from 'koffi';
import { median } from '../../test/support/statistics.ts';
import { type Shape, type WorkloadName, workloads } from '../../test/support/workloads.ts';

const library = koffi.load('libopenblas.so.0');
library.func('void openblas_set_num_threads(int)')(availableParallelism());
const dgemm = library.func(
  'void cblas_dgemm(int, int, int, int, int, int, double, double *, int, double *, int, double, _Out_ double *, int)',
);
const [ROW_MAJOR, PLAIN, TRANSPOSED] = [101, 111, 112];

/** A function that computes a product, with its operands allocated in advance. */
function product(
  transA: boolean,
  transB: boolean,
  m: number,
  n: number,
  k: number,
  A: Float64Array,
  B: Float64Array,
): () => void {
  const C = new Float64Array(m * n);
  const trans = (transposed: boolean) => (transposed ? TRANSPOSED : PLAIN);
  const [lda, ldb] = [transA ? m : k, transB ? k : n];
  return () => dgemm(ROW_MAJOR, trans(transA), trans(transB), m, n, k, 1, A, lda, B, ldb, 0, C, n);
}

/** The products of a request: forward A Wᵀ, weight gradient dZᵀ A, and, except in the first layer, input gradient dZ W. */
function productsOf({ widths, samples }: Shape): (() => void)[] {
  const numbers = (size: number) => Float64Array.from({ length: size }, (_, i) => Math.sin(i));
  return widths.slice(1).flatMap((outputs, k) => {
    const inputs = widths[k] as number;
    const [W, A, dZ] = [numbers(outputs * inputs), numbers(samples * inputs), numbers(samples * outputs)];
    const forward = product(false, true, samples, outputs, inputs, A, W);
    const weightGradient = product(true, false, outputs, inputs, samples, dZ, A);
    const inputGradient = product(false, false, samples, inputs, outputs, dZ, W);
    return k === 0 ? [forward, weightGradient] : [forward, weightGradient, inputGradient];
  });
}

const [name, seconds] = process.argv.slice(2);
const products = productsOf(workloads[name as WorkloadName]);
const warm = performance.now() + 200;
const end = warm + Number(seconds) * 1000;
const times: number[] = [];
for (let now = performance.now(); now < end || times.length < 5; ) {
  for (const multiply of products) multiply();
  const after = performance.now();
  if (now > warm) times.push(after - now);
  now = after;
}
console.log(median(times));
