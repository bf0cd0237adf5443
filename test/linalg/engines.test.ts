// The engines: each gives the products of ml-matrix; and which one is chosen.
import { readdirSync } from 'node:fs';
import t from 'tap';
import { type EngineName, engineNames } from '../../schemas/config.ts';
import { Dense } from '../../src/linalg/dense.ts';
import type { Engine, Products } from '../../src/linalg/engine.ts';
import { chooseEngine, loadEngine } from '../../src/linalg/engines.ts';
import { byLoops } from '../../src/linalg/loops.ts';
import { mlMatrix } from '../../src/linalg/ml-matrix.ts';
import { checkProducts } from '../../src/linalg/openblas.ts';
import { startApp } from '../support/app.ts';

const blas = chooseEngine('auto');
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

/** samples, inputs, outputs: below and above the sizes of blocks and tiles, and one of each being 1. */
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

for (const name of ['in place', ...engineNames] as const) {
  t.test(`the products of ${name}`, { skip: name === 'openblas' && noBlas }, async (t) => {
    const engine = name === 'in place' ? byLoops : loadEngine({ name });
    for (const [samples, inputs, outputs] of sizes) {
      const [A, W, δ] = [matrix(samples, inputs, 1), matrix(outputs, inputs, 2), matrix(samples, outputs, 3)];
      const b = matrix(1, outputs, 4).data;
      const products: Record<string, (engine: Products) => Dense> = {
        forward: (engine) => engine.forward(A, W),
        'forward with biases': (engine) => engine.forward(A, W, b),
        weightGradient: (engine) => engine.weightGradient(δ, A),
        inputGradient: (engine) => engine.inputGradient(δ, W),
      };
      for (const [product, of] of Object.entries(products)) {
        const [actual, expected] = [of(engine), of(mlMatrix)];
        const what = `${product}, ${samples} x ${inputs} x ${outputs}`;
        t.strictSame(actual.shape, expected.shape, what);
        const largest = expected.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
        const far = actual.data.findIndex((value, i) => !(Math.abs(value - expected.data[i]) <= 1e-12 * largest));
        t.equal(far, -1, `${what}: within 1e-12 of the scale`);
      }
    }
  });
}

t.test('what is not finite is not lost', async (t) => {
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

t.test('a library with wrong products is refused', async (t) => {
  for (const product of ['forward', 'weightGradient', 'inputGradient'] as const) {
    const wrong: Engine = {
      ...byLoops,
      [product]: (a: Dense, b: Dense) => {
        const result = byLoops[product](a, b);
        result.data[result.data.length - 1] += 1;
        return result;
      },
    };
    t.throws(() => checkProducts(wrong), { message: 'its dgemm gives wrong products (of 1 x 1 x 1)' }, product);
  }
  t.doesNotThrow(() => checkProducts(byLoops));
  const reading: Products = {
    ...byLoops,
    forward(A, W, b) {
      const C = Dense.scratch(A.rows, W.rows);
      const product = byLoops.forward(A, W, b);
      for (let i = 0; i < C.data.length; i++) C.data[i] = 0 * C.data[i] + product.data[i];
      return C;
    },
  };
  t.throws(() => checkProducts(reading), { message: '97 x 71 x 93' }, 'a product that reads what it is to overwrite');
});

t.test('the choice', async (t) => {
  for (const name of engineNames.filter((name) => name !== 'openblas')) {
    const { choice, refused } = chooseEngine(name);
    t.strictSame({ choice, refused }, { choice: { name }, refused: undefined });
  }
  const missing = chooseEngine('auto', 'no-such-library.so');
  t.equal(missing.choice.name, 'portable');
  t.match(missing.refused, /^no BLAS: no-such-library\.so: .*$/);
  t.throws(() => chooseEngine('openblas', 'no-such-library.so'), { message: /^no BLAS: no-such-library\.so: .*$/ });
});

t.test('a library that is no BLAS', async (t) => {
  // Node's own shared libraries differ from system to system; koffi's is one that is always there.
  const folder = new URL('../../node_modules/@koromix/', import.meta.url);
  const files = readdirSync(folder, { recursive: true }).map(String);
  const library = files.find((file) => file.endsWith('.node')) as string;
  const { choice, refused } = chooseEngine('auto', new URL(library, folder).pathname);
  t.strictSame(choice, { name: 'portable' });
  t.match(refused, /cblas_dgemm/);
  t.notMatch(refused, '\n');
});

t.test('the usual names, and the one that was found', { skip: noBlas }, async (t) => {
  const { engine, choice } = blas;
  t.equal(choice.library, engine.library);
  t.strictSame(chooseEngine('openblas', choice.library).choice, choice);
  t.doesNotThrow(() => engine.setThreads?.(1));
});

t.test('/readyz names the engine', async (t) => {
  for (const ENGINE of engineNames.filter((name) => name !== 'openblas') as EngineName[]) {
    const app = await startApp(t, { ENGINE });
    await app.readiness.started;
    t.strictSame((await app.inject({ url: '/readyz' })).json(), { status: 'ready', engine: ENGINE });
  }
  const without = await startApp(t, { ENGINE: 'auto', BLAS_LIBRARY: 'no-such-library.so' });
  await without.readiness.started;
  t.strictSame((await without.inject({ url: '/readyz' })).json(), { status: 'ready', engine: 'portable' });
  const app = await startApp(t, { ENGINE: 'auto' });
  await app.readiness.started;
  t.strictSame((await app.inject({ url: '/readyz' })).json(), {
    status: 'ready',
    engine: blas.choice.name,
    ...(blas.choice.library && { library: blas.choice.library }),
  });
});
