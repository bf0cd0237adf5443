// node bench/products.ts: measures the products of the engines, and the size from which each is faster than plain loops. The
// thresholds in src/linalg/ come from here.
import { Matrix } from 'ml-matrix';
import { engineNames } from '../schemas/config.ts';
import { Dense } from '../src/linalg/dense.ts';
import type { Products } from '../src/linalg/engine.ts';
import { loadEngine } from '../src/linalg/engines.ts';
import { byLoops } from '../src/linalg/loops.ts';
import { Scratch } from '../src/memory/scratch.ts';
import { median } from '../test/support/statistics.ts';

const ROUNDS = 15;

const names: (keyof Products)[] = ['forward', 'weightGradient', 'inputGradient'];

const random = (rows: number, columns: number) =>
  new Dense(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => Math.random() - 0.5),
  );

/** The median time of one call, in nanoseconds. */
function time(calls: number, work: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) work();
    return ((performance.now() - start) * 1e6) / calls;
  });
  return median(times);
}

const engines: Record<string, Products> = {
  loops: byLoops(new Scratch()),
  ...Object.fromEntries(engineNames.map((name) => [name, loadEngine({ name })])),
};

const n = 256;
const [A, B] = [Matrix.rand(n, n), Matrix.rand(n, n)];
const mmul = time(3, () => A.mmul(B));
console.log(`${n} x ${n}, as a multiple of the speed of ml-matrix's own mmul (${((2 * n ** 3) / mmul).toFixed(2)} GFLOP/s):`);
const [C, D] = [random(n, n), random(n, n)];
for (const [name, engine] of Object.entries(engines)) {
  const ratios = names.map((product) => `${product} ${(mmul / time(3, () => engine[product](C, D))).toFixed(1)}`);
  console.log(`  ${name}: ${ratios.join(', ')}`);
}

console.log('square matrices, nanoseconds per forward product:');
for (const size of [2, 4, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32]) {
  const [left, right] = [random(size, size), random(size, size)];
  const times = Object.entries(engines).map(
    ([name, engine]) => `${name} ${time(500, () => engine.forward(left, right)).toFixed(0)}`,
  );
  console.log(`  ${size ** 3} multiplications: ${times.join(', ')}`);
}
