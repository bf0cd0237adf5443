// The engines: their products agree with ml-matrix; and the choice of an engine.
import { readdirSync } from 'node:fs';
import t from 'tap';
import { type EngineName, engineNames } from '../../schemas/config.ts';
import { Dense } from '../../src/linalg/dense.ts';
import type { Products } from '../../src/linalg/engine.ts';
import { chooseEngine, loadEngine } from '../../src/linalg/engines.ts';
import { byLoops } from '../../src/linalg/loops.ts';
import { checkProducts } from '../../src/linalg/openblas.ts';
import { Scratch } from '../../src/memory/scratch.ts';
import { startOwnApp } from '../support/app.ts';
import { isNear, largest } from '../support/numbers.ts';

const blas = chooseEngine('auto');
const reference = loadEngine({ name: 'ml-matrix' });
const noBlas = blas.choice.name !== 'openblas' && 'there is no BLAS here';

/** Numbers between -1 and 1, the same in every run. */
function matrix(rows: number, columns: number, seed: number): Dense {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
  return new Dense(rows, columns, Float64Array.from({ length: rows * columns }, next));
}

function magnitudes({ rows, columns, data }: Dense): Dense {
  return new Dense(rows, columns, data.map(Math.abs));
}

/** samples, inputs, outputs: below and above the sizes of blocks and tiles, and with one of them 1. */
const sizes = [
  [1, 1, 1],
  [2, 3, 4],
  [5, 7, 3],
  [1, 300, 20],
  [300, 1, 20],
  [20, 300, 1],
  [63, 65, 67],
  [64, 256, 64],
  [70, 257, 513],
  [130, 520, 30],
];

for (const name of ['loops', ...engineNames] as const) {
  t.test(`the products of ${name}`, { skip: name === 'openblas' && noBlas }, async (t) => {
    const engine = name === 'loops' ? byLoops(new Scratch()) : loadEngine({ name });
    for (const [samples, inputs, outputs] of sizes) {
      const [A, W, δ] = [matrix(samples, inputs, 1), matrix(outputs, inputs, 2), matrix(samples, outputs, 3)];
      const b = matrix(1, outputs, 4).data;
      type Factors = readonly [A: Dense, W: Dense, δ: Dense, b: Float64Array];
      const products: Record<string, (engine: Products, ...factors: Factors) => Dense> = {
        forward: (engine, A, W) => engine.forward(A, W),
        'forward with biases': (engine, A, W, _, b) => engine.forward(A, W, b),
        weightGradient: (engine, A, _, δ) => engine.weightGradient(δ, A),
        inputGradient: (engine, _, W, δ) => engine.inputGradient(δ, W),
      };
      for (const [product, of] of Object.entries(products)) {
        const [actual, expected] = [of(engine, A, W, δ, b), of(reference, A, W, δ, b)];
        const terms = of(reference, magnitudes(A), magnitudes(W), magnitudes(δ), b.map(Math.abs));
        const what = `${product}, ${samples} x ${inputs} x ${outputs}`;
        t.strictSame(actual.shape, expected.shape, what);
        const scale = largest(terms.data);
        const far = actual.data.findIndex((value, i) => !isNear(value, expected.data[i], scale, 1e-14));
        t.equal(far, -1, `${what}: within 1e-14 of what was summed`);
      }
    }
  });
}

for (const name of engineNames) {
  t.test(`the products of ${name} in parts`, { skip: name === 'openblas' && noBlas }, async (t) => {
    const { parts } = loadEngine({ name });
    const [samples, inputs, outputs] = [30, 40, 50];
    const [A, W, δ] = [matrix(samples, inputs, 1), matrix(outputs, inputs, 2), matrix(samples, outputs, 3)];
    const b = matrix(1, outputs, 4).data;
    type Compute = (C: Dense, first: number, end: number) => void;
    const products: readonly [name: string, rows: number, columns: number, byRows: boolean, compute: Compute][] = [
      ['forward', samples, outputs, false, (C, first, end) => parts.forward(A, W, undefined, C, first, end)],
      ['forward with biases', samples, outputs, false, (C, first, end) => parts.forward(A, W, b, C, first, end)],
      ['weightGradient', outputs, inputs, true, (C, first, end) => parts.weightGradient(δ, A, C, first, end)],
      ['inputGradient', samples, inputs, false, (C, first, end) => parts.inputGradient(δ, W, C, first, end)],
    ];
    for (const [product, rows, columns, byRows, compute] of products) {
      const size = byRows ? rows : columns;
      const whole = new Dense(rows, columns);
      compute(whole, 0, size);
      const C = new Dense(rows, columns, new Float64Array(rows * columns).fill(NaN));
      compute(C, 7, size);
      const isOther = (i: number) => (byRows ? Math.floor(i / columns) : i % columns) < 7;
      t.ok(
        C.data.every((value, i) => (isOther(i) ? Number.isNaN(value) : isNear(value, whole.data[i], 10, 1e-14))),
        `${product}: the rest is as it was`,
      );
      compute(C, 0, 7);
      t.notOk(C.data.some(Number.isNaN));
    }
  });
}

t.test('NaN and Infinity are propagated', async (t) => {
  for (const name of engineNames.filter((name) => name !== 'openblas' || !noBlas)) {
    const A = matrix(20, 20, 1);
    A.data[0] = Infinity;
    A.data[399] = NaN;
    const product = loadEngine({ name }).forward(A, matrix(20, 20, 2));
    t.notOk(Number.isFinite(product.data[0]), name);
    t.ok(Number.isNaN(product.data[399]), name);
    t.ok(Number.isFinite(product.data[30]), name);
  }
});

t.test('a library with wrong products is rejected', async (t) => {
  const scratch = new Scratch();
  const loops = byLoops(scratch);
  for (const product of ['forward', 'weightGradient', 'inputGradient'] as const) {
    const wrong: Products = {
      ...loops,
      [product]: (a: Dense, b: Dense) => {
        const result = loops[product](a, b);
        result.data[result.data.length - 1] += 1;
        return result;
      },
    };
    t.throws(() => checkProducts(wrong, scratch), { message: 'its dgemm gives wrong products (of 1 x 1 x 1)' }, product);
  }
  t.doesNotThrow(() => checkProducts(loops, scratch));
  const reading: Products = {
    ...loops,
    forward(A, W, b) {
      const C = Dense.in(scratch, A.rows, W.rows);
      const product = loops.forward(A, W, b);
      for (let i = 0; i < C.data.length; i++) C.data[i] = 0 * C.data[i] + product.data[i];
      return C;
    },
  };
  t.throws(() => checkProducts(reading, scratch), { message: '1 x 1 x 1' }, 'a product that reads what it is to overwrite');
});

t.test('choosing an engine', async (t) => {
  for (const name of engineNames.filter((name) => name !== 'openblas')) {
    const { choice, refused } = chooseEngine(name);
    t.strictSame({ choice, refused }, { choice: { name }, refused: undefined });
  }
  const missing = chooseEngine('auto', 'no-such-library.so');
  t.equal(missing.choice.name, 'portable');
  t.match(missing.refused, /^no BLAS: no-such-library\.so: .*$/);
  t.throws(() => chooseEngine('openblas', 'no-such-library.so'), { message: /^no BLAS: no-such-library\.so: .*$/ });
});

t.test('a library that is not a BLAS', async (t) => {
  // Node's own shared libraries differ between systems; koffi's exists everywhere.
  const folder = new URL('../../node_modules/@koromix/', import.meta.url);
  const files = readdirSync(folder, { recursive: true }).map(String);
  const library = files.find((file) => file.endsWith('.node')) as string;
  const { choice, refused } = chooseEngine('auto', new URL(library, folder).pathname);
  t.strictSame(choice, { name: 'portable' });
  t.match(refused, /cblas_dgemm/);
  t.notMatch(refused, '\n');
});

t.test('the usual names, and the library that was found', { skip: noBlas }, async (t) => {
  const { engine, choice } = blas;
  t.equal(choice.library, engine.library);
  t.strictSame(chooseEngine('openblas', choice.library).choice, choice);
});

t.test('/readyz names the engine', async (t) => {
  for (const ENGINE of engineNames.filter((name) => name !== 'openblas') as EngineName[]) {
    const app = await startOwnApp(t, { ENGINE });
    await app.readiness.started;
    t.strictSame((await app.inject({ url: '/readyz' })).json(), { status: 'ready', engine: ENGINE });
  }
  const without = await startOwnApp(t, { ENGINE: 'auto', BLAS_LIBRARY: 'no-such-library.so' });
  await without.readiness.started;
  t.strictSame((await without.inject({ url: '/readyz' })).json(), { status: 'ready', engine: 'portable' });
  const app = await startOwnApp(t, { ENGINE: 'auto' });
  await app.readiness.started;
  t.strictSame((await app.inject({ url: '/readyz' })).json(), {
    status: 'ready',
    engine: blas.choice.name,
    ...(blas.choice.library && { library: blas.choice.library }),
  });
});
